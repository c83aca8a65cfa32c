"""Races as messages name them, the contacts' links to them, and messages about a changed race."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_EVENT_TYPES = (
    "'registration.created', 'payment.uploaded', 'payment.rejected', 'registration.confirmed',"
    " 'registration.expired', 'registration.cancelled', 'waitlist.offered', 'access.links_requested'"
)


def upgrade() -> None:
    op.create_table(
        "races",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("location", sa.String(255), nullable=False),
        sa.Column("timezone", sa.String(64)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("notified_revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("updated_at", _TZ, nullable=False),
    )
    op.create_table(
        "race_categories",
        sa.Column("category_id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.add_column("contacts", sa.Column("event_id", sa.Uuid()))
    op.add_column("contacts", sa.Column("category_id", sa.Uuid()))
    for table in ("notifications", "templates"):
        _check(table, f"event_type IN ({_EVENT_TYPES}, 'race.changed')", not_valid=True)


def downgrade() -> None:
    for table in ("notifications", "templates"):
        op.execute(f"DELETE FROM {table} WHERE event_type = 'race.changed'")  # noqa: S608  # our own names
        _check(table, f"event_type IN ({_EVENT_TYPES})")
    op.drop_column("contacts", "category_id")
    op.drop_column("contacts", "event_id")
    op.drop_table("race_categories")
    op.drop_table("races")


def _check(table: str, rule: str, *, not_valid: bool = False) -> None:
    op.drop_constraint("event_type", table, type_="check")
    op.create_check_constraint("event_type", table, rule, postgresql_not_valid=not_valid)
