"""Offers from the waiting list: contacts that have no registration number yet, and a further kind of message."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STAGES = "'created', 'confirmed', 'expired', 'cancelled'"
_EVENT_TYPES = (
    "'registration.created', 'payment.uploaded', 'payment.rejected',"
    " 'registration.confirmed', 'registration.expired', 'registration.cancelled'"
)


def upgrade() -> None:
    op.alter_column("contacts", "registration_number", existing_type=sa.String(50), nullable=True)
    _check("contacts", "stage", f"stage IN ('waiting', {_STAGES})")
    op.create_check_constraint(
        "waiting_has_no_number", "contacts", "(stage = 'waiting') = (registration_number IS NULL)"
    )
    for table in ("notifications", "templates"):
        _check(table, "event_type", f"event_type IN ({_EVENT_TYPES}, 'waitlist.offered')")


def downgrade() -> None:
    for table in ("notifications", "templates"):
        op.execute(f"DELETE FROM {table} WHERE event_type = 'waitlist.offered'")  # noqa: S608  # our own names
        _check(table, "event_type", f"event_type IN ({_EVENT_TYPES})")
    op.execute("DELETE FROM contacts WHERE stage = 'waiting'")
    op.drop_constraint("waiting_has_no_number", "contacts", type_="check")
    _check("contacts", "stage", f"stage IN ({_STAGES})")
    op.alter_column("contacts", "registration_number", existing_type=sa.String(50), nullable=False)


def _check(table: str, name: str, rule: str) -> None:
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, rule)
