"""The order of payment news, what an expiry knew of them, ended offers, and messages about returns and refunds.

May be run again. Old rows are compared with the new checks beside the traffic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_EVENT_TYPES = (
    "'registration.created', 'payment.uploaded', 'payment.rejected', 'registration.confirmed', 'registration.expired',"
    " 'registration.cancelled', 'waitlist.offered', 'access.links_requested', 'race.changed'"
)
_NEW_TYPES = "'registration.reopened', 'waitlist.ended', 'payment.refund_due', 'payment.refund_done'"
_STAGES = "'waiting', 'created', 'confirmed', 'expired', 'cancelled'"

_OLD = {
    ("notifications", "event_type"): f"event_type IN ({_EVENT_TYPES})",
    ("templates", "event_type"): f"event_type IN ({_EVENT_TYPES})",
    ("contacts", "stage"): f"stage IN ({_STAGES})",
    ("contacts", "waiting_has_no_number"): "(stage = 'waiting') = (registration_number IS NULL)",
}
_NEW = {
    ("notifications", "event_type"): f"event_type IN ({_EVENT_TYPES}, {_NEW_TYPES})",
    ("templates", "event_type"): f"event_type IN ({_EVENT_TYPES}, {_NEW_TYPES})",
    ("contacts", "stage"): f"stage IN ({_STAGES}, 'offer_ended')",
    ("contacts", "waiting_has_no_number"): "(stage IN ('waiting', 'offer_ended')) = (registration_number IS NULL)",
}


def upgrade() -> None:
    op.add_column(
        "contacts",
        sa.Column("payment_sequence", sa.Integer(), nullable=False, server_default="0"),
        if_not_exists=True,
    )
    op.add_column("contacts", sa.Column("end_heard", sa.Integer()), if_not_exists=True)
    _replace_checks(_NEW)
    with op.get_context().autocommit_block():
        for table, name in _NEW:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def downgrade() -> None:
    for table in ("notifications", "templates"):
        op.execute(f"DELETE FROM {table} WHERE event_type IN ({_NEW_TYPES})")  # noqa: S608  # our own names
    op.execute("UPDATE contacts SET stage = 'waiting' WHERE stage = 'offer_ended'")
    _replace_checks(_OLD)
    with op.get_context().autocommit_block():
        for table, name in _OLD:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
    op.drop_column("contacts", "end_heard")
    op.drop_column("contacts", "payment_sequence")


def _replace_checks(checks: dict[tuple[str, str], str]) -> None:
    for (table, name), rule in checks.items():
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, rule, postgresql_not_valid=True)
