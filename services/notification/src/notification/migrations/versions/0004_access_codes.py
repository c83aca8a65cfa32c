"""Access codes, messages to a contact instead of a registration, and copies of messages that staff send once more."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_EVENT_TYPES = (
    "'registration.created', 'payment.uploaded', 'payment.rejected',"
    " 'registration.confirmed', 'registration.expired', 'registration.cancelled', 'waitlist.offered'"
)
_REFERENCES = ("registration_id", "participant_id")


def upgrade() -> None:
    op.create_table(
        "access_codes",
        sa.Column("registration_id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(100), nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
    )
    for column in _REFERENCES:
        op.alter_column("notifications", column, existing_type=sa.Uuid(), nullable=True)
    op.add_column("notifications", sa.Column("recipient", sa.String(255)))
    op.add_column("notifications", sa.Column("resend_of", sa.Uuid()))
    # What is not valid yet, 0008 validates: reading the whole table under these locks would stop the senders.
    op.create_foreign_key(
        None,
        "notifications",
        "notifications",
        ["resend_of"],
        ["id"],
        ondelete="CASCADE",
        postgresql_not_valid=True,
    )
    for table in ("notifications", "templates"):
        _check(table, "event_type", f"event_type IN ({_EVENT_TYPES}, 'access.links_requested')", not_valid=True)
    _addressed()


def downgrade() -> None:
    for table in ("notifications", "templates"):
        op.execute(f"DELETE FROM {table} WHERE event_type = 'access.links_requested'")  # noqa: S608  # our own names
    op.drop_constraint("addressed", "notifications", type_="check")
    for table in ("notifications", "templates"):
        _check(table, "event_type", f"event_type IN ({_EVENT_TYPES})")
    op.drop_column("notifications", "resend_of")
    op.drop_column("notifications", "recipient")
    for column in _REFERENCES:
        op.alter_column("notifications", column, existing_type=sa.Uuid(), nullable=False)
    op.drop_table("access_codes")


def _addressed() -> None:
    op.create_check_constraint(
        "addressed",
        "notifications",
        "CASE WHEN event_type = 'access.links_requested'"
        " THEN registration_id IS NULL AND participant_id IS NULL AND recipient IS NOT NULL"
        " ELSE registration_id IS NOT NULL AND participant_id IS NOT NULL AND recipient IS NULL END",
        postgresql_not_valid=True,
    )


def _check(table: str, name: str, rule: str, *, not_valid: bool = False) -> None:
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, rule, postgresql_not_valid=not_valid)
