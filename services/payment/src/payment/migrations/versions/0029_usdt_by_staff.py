"""Rates of staff that were withdrawn before their end, and addresses for refunds in USDT that staff have entered.

May be run again. A process of the release before uses a withdrawn rate no more either, as its end is moved.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COLUMNS: dict[tuple[str, str], Any] = {
    ("usdt_rates", "withdrawn_by"): sa.Uuid(),
    ("usdt_rates", "withdrawal_reason"): sa.String(1000),
    ("usdt_refund_addresses", "given_by"): sa.Uuid(),
    ("usdt_refund_addresses", "reason"): sa.String(1000),
}
_CHECKS = {
    ("usdt_rates", "withdrawn"): "(withdrawn_by IS NULL) = (withdrawal_reason IS NULL)"
    " AND (withdrawn_by IS NULL OR source = 'manual')",
    ("usdt_refund_addresses", "by_staff"): "(given_by IS NULL) = (reason IS NULL)",
}


def upgrade() -> None:
    for (table, name), kind in _COLUMNS.items():
        op.add_column(table, sa.Column(name, kind), if_not_exists=True)
    for (table, name), check in _CHECKS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
        op.create_check_constraint(name, table, check, postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        for table, name in _CHECKS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def downgrade() -> None:
    for table, name in _CHECKS:
        op.drop_constraint(name, table, type_="check")
    for table, name in reversed(_COLUMNS):
        op.drop_column(table, name)
