"""What was read from the organiser's QRIS picture, who confirmed it, and whether amounts are put into the code.

May be run again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLE = "payment_settings"
_COLUMNS: dict[str, Any] = {
    "qris_payload": sa.String(512),
    "qris_read_from": sa.String(255),
    "qris_merchant": sa.String(99),
    "qris_city": sa.String(99),
    "qris_nmid": sa.String(99),
    "qris_confirmed_at": sa.DateTime(timezone=True),
    "qris_confirmed_by": sa.Uuid(),
}
_WITH_DEFAULT: dict[str, Any] = {
    "qris_with_amount": (sa.Boolean(), sa.false()),
    "qris_limit": (sa.Numeric(12, 2), "10000000"),
}
_CHECKS = {
    "qris_read": "(qris_payload IS NULL) = (qris_read_from IS NULL)"
    " AND (qris_payload IS NULL) = (qris_merchant IS NULL) AND (qris_payload IS NULL) = (qris_city IS NULL)"
    " AND (qris_payload IS NOT NULL OR qris_nmid IS NULL)",
    "qris_confirmed": "(qris_confirmed_at IS NULL) = (qris_confirmed_by IS NULL)"
    " AND (qris_confirmed_at IS NULL OR qris_payload IS NOT NULL)",
    "qris_with_amount": "NOT qris_with_amount OR qris_confirmed_at IS NOT NULL",
    "qris_limit": "qris_limit >= 0",
}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column(_TABLE, sa.Column(name, kind), if_not_exists=True)
    for name, (kind, default) in _WITH_DEFAULT.items():
        column = sa.Column(name, kind, nullable=False, server_default=default)
        op.add_column(_TABLE, column, if_not_exists=True)
    for name, check in _CHECKS.items():
        op.execute(f"ALTER TABLE {_TABLE} DROP CONSTRAINT IF EXISTS ck_{_TABLE}_{name}")
        op.create_check_constraint(name, _TABLE, check, postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        for name in _CHECKS:
            op.execute(f"ALTER TABLE {_TABLE} VALIDATE CONSTRAINT ck_{_TABLE}_{name}")


def downgrade() -> None:
    for name in _CHECKS:
        op.drop_constraint(name, _TABLE, type_="check")
    for name in reversed([*_COLUMNS, *_WITH_DEFAULT]):
        op.drop_column(_TABLE, name)
