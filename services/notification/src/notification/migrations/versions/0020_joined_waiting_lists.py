"""Messages about joining a waiting list. May be run again; old rows are compared with the checks beside the traffic."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = ("notifications", "templates")
_EVENT_TYPES = (
    "'registration.created', 'payment.uploaded', 'payment.rejected', 'registration.confirmed', 'registration.expired',"
    " 'registration.cancelled', 'waitlist.offered', 'access.links_requested', 'race.changed',"
    " 'registration.reopened', 'waitlist.ended', 'payment.refund_due', 'payment.refund_done',"
    " 'payment.usdt_underpaid', 'payment.usdt_kept', 'payment.usdt_taken_back'"
)
_NEW_TYPE = "'waitlist.joined'"


def upgrade() -> None:
    _replace_checks(f"event_type IN ({_EVENT_TYPES}, {_NEW_TYPE})")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DELETE FROM {table} WHERE event_type = {_NEW_TYPE}")  # noqa: S608  # our own names
    op.execute("DELETE FROM contacts WHERE revision < 0")
    _replace_checks(f"event_type IN ({_EVENT_TYPES})")


def _replace_checks(rule: str) -> None:
    for table in _TABLES:
        op.drop_constraint("event_type", table, type_="check")
        op.create_check_constraint("event_type", table, rule, postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_event_type")
