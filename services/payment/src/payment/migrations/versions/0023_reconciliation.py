"""What an invoice's amount comes from, payouts and returned money among the lines of statements, and reconciliations.

Every statement commits by itself or may be run again, so a migration that was interrupted goes on where it was.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_MONEY = sa.Numeric(12, 2)
_PRICE: dict[str, Any] = {
    "list_amount": _MONEY,
    "discount": _MONEY,
    "promo_code": sa.String(100),
    "price_phase": sa.String(100),
}
_LINE: dict[str, Any] = {
    "payout_channel": sa.String(20),
    "payout_fee": _MONEY,
    "refund_id": sa.Uuid(),
    "money_id": sa.Uuid(),
}
_GIVEN_BACK = {"refund_id": "refunds", "money_id": "unassigned_money"}
_OF_RACE = "ix_invoices_event_id"
_STATES = "state IN ('open', 'matched', 'ignored', 'kept', 'outgoing'{})"
_CHECKS = {
    "state": _STATES.format(", 'payout'"),
    "payout": "(state = 'payout') = (payout_channel IS NOT NULL) AND (payout_channel IS NULL) = (payout_fee IS NULL)",
    "payout_channel": "payout_channel IN ('midtrans', 'qris')",
    "payout_fee": "payout_fee >= 0",
    "given_back": "(refund_id IS NULL AND money_id IS NULL)"
    " OR (state = 'outgoing' AND (refund_id IS NULL) <> (money_id IS NULL))",
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")
_KNOWN = sa.text("SELECT 1 FROM pg_constraint WHERE conname = :name")


def upgrade() -> None:
    for name, kind in _PRICE.items():
        op.add_column("invoices", sa.Column(name, kind), if_not_exists=True)
    for name, kind in _LINE.items():
        op.add_column("statement_lines", sa.Column(name, kind), if_not_exists=True)
    _foreign_keys()
    for name, check in _CHECKS.items():
        _replace_check(name, check)
    _reconciliations()
    with op.get_context().autocommit_block():
        for name in _CHECKS:
            op.execute(f"ALTER TABLE statement_lines VALIDATE CONSTRAINT ck_statement_lines_{name}")
        for name in _GIVEN_BACK:
            op.execute(f"ALTER TABLE statement_lines VALIDATE CONSTRAINT fk_statement_lines_{name}")
            _index(f"uq_statement_lines_{name}", f"UNIQUE INDEX {{}} statement_lines ({name}) WHERE {name} IS NOT NULL")
        _index(_OF_RACE, "INDEX {} invoices (event_id)")


def downgrade() -> None:
    op.execute(f"DROP INDEX IF EXISTS {_OF_RACE}")
    op.drop_table("reconciliations")
    for name in _CHECKS:
        op.drop_constraint(name, "statement_lines", type_="check")
    # With payouts among the lines the release before cannot run, and this is refused.
    op.create_check_constraint("state", "statement_lines", _STATES.format(""))
    for name in reversed(_LINE):
        op.drop_column("statement_lines", name)
    for name in reversed(_PRICE):
        op.drop_column("invoices", name)


def _foreign_keys() -> None:
    for name, table in _GIVEN_BACK.items():
        key = f"fk_statement_lines_{name}"
        if op.get_bind().scalar(_KNOWN, {"name": key}) is None:
            op.create_foreign_key(key, "statement_lines", table, [name], ["id"], postgresql_not_valid=True)


def _replace_check(name: str, check: str) -> None:
    op.execute(f"ALTER TABLE statement_lines DROP CONSTRAINT IF EXISTS ck_statement_lines_{name}")
    op.create_check_constraint(name, "statement_lines", check, postgresql_not_valid=True)


def _index(name: str, definition: str) -> None:
    """Create an index if it does not exist; replace an invalid one left by an interrupted build."""
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute("CREATE " + definition.format(f"CONCURRENTLY IF NOT EXISTS {name} ON"))


def _reconciliations() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("date", sa.Date(), primary_key=True),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("figures", JSONB(), nullable=False),
        sa.CheckConstraint("differences >= 0", name="differences"),
        if_not_exists=True,
    )
