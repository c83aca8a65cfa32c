"""Decisions about lines that were taken back, kept money that goes back through the gateway, and the gateway's reports.

May be run again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)
_TOTAL = sa.Numeric(18, 2)

_KEPT: dict[str, Any] = {
    "way": lambda: sa.Column("way", sa.String(20), nullable=False, server_default="hand"),
    "gone_back": lambda: sa.Column("gone_back", _MONEY, nullable=False, server_default="0"),
    "sent_at": lambda: sa.Column("sent_at", _TZ),
    "sent_by": lambda: sa.Column("sent_by", sa.Uuid()),
    "ask_at": lambda: sa.Column("ask_at", _TZ),
    "accepted_at": lambda: sa.Column("accepted_at", _TZ),
    "gateway_key": lambda: sa.Column("gateway_key", sa.String(100)),
    "gateway_error": lambda: sa.Column("gateway_error", sa.String(30)),
}
_STATES = "state IN ('open', 'assigned', 'refund_due', {}'refunded')"
_KEPT_CHECKS = {
    "state": _STATES.format("'asked', "),
    "way": "way IN ('hand', 'gateway')",
    "gone_back": "gone_back BETWEEN 0 AND amount AND (gone_back = 0 OR payment_id IS NULL)",
    "sent": "(sent_at IS NULL) = (sent_by IS NULL)",
    # The release before settles what is asked, and leaves `ask_at` as it is.
    "asked": "CASE state WHEN 'asked' THEN ask_at IS NOT NULL AND way = 'gateway' AND gateway_key IS NOT NULL"
    " WHEN 'refunded' THEN true ELSE ask_at IS NULL END",
}
_CHECKS = {
    ("charges", "fee"): "fee BETWEEN 0 AND amount",
    **{("unassigned_money", name): check for name, check in _KEPT_CHECKS.items()},
    ("payments", "booked_at_price"): "NOT booked_at_price OR received IS NOT NULL",
}
_INDEXES = {
    "ix_gateway_notices_charge_id": "gateway_notices (charge_id, received_at) WHERE charge_id IS NOT NULL",
    "ix_unassigned_money_ask_at": "unassigned_money (ask_at) WHERE ask_at IS NOT NULL",
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")
# What the release before booked of kept money that went back in parts, without a trace on its row.
_GONE_BACK = """
UPDATE unassigned_money SET gone_back = least(unassigned_money.amount, back.amount)
  FROM (SELECT substring(source FROM '^charge:[^:]+') AS source, debit, sum(amount) AS amount
          FROM movements WHERE kind = 'refund' AND source LIKE 'charge:%' GROUP BY 1, 2) AS back
 WHERE back.source = unassigned_money.source AND back.debit = unassigned_money.kind
   AND unassigned_money.state IN ('open', 'refund_due') AND unassigned_money.gone_back = 0
"""
# A downgrade leaves the movements of fees, which cannot be deleted.
_FEES = r"""
UPDATE charges SET fee = movements.amount FROM movements
 WHERE movements.kind = 'fee' AND movements.source = 'charge:' || charges.id || '\:fee' AND charges.fee IS NULL
"""


def upgrade() -> None:
    booked_at_price: sa.Column[bool] = sa.Column(
        "booked_at_price", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    # Tables are locked in the order in which a notification of the gateway locks their rows, else both deadlock.
    op.add_column("charges", sa.Column("fee", _MONEY), if_not_exists=True)
    for column in _KEPT.values():
        op.add_column("unassigned_money", column(), if_not_exists=True)
    op.add_column("payments", booked_at_price, if_not_exists=True)
    for (table, name), check in _CHECKS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
        op.create_check_constraint(name, table, check, postgresql_not_valid=True)
    _undone_decisions()
    _reports()
    with op.get_context().autocommit_block():
        op.execute(_FEES)
        op.execute(_GONE_BACK)
        for table, name in _CHECKS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
        for name, of in _INDEXES.items():
            _index(name, of)


def downgrade() -> None:
    for name in _INDEXES:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.drop_table("gateway_reports")
    # The release before books no payout of a line from which one was taken back: while there is one, this is refused.
    op.create_check_constraint("none", "undone_line_decisions", "false")
    op.drop_table("undone_line_decisions")
    for table, name in _CHECKS:
        op.drop_constraint(name, table, type_="check")
    # While the gateway is asked for kept money the release before cannot run, and this is refused.
    op.create_check_constraint("state", "unassigned_money", _STATES.format(""))
    for name in reversed(_KEPT):
        op.drop_column("unassigned_money", name)
    op.drop_column("charges", "fee")
    op.drop_column("payments", "booked_at_price")


def _index(name: str, of: str) -> None:
    if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {of}")


def _undone_decisions() -> None:
    op.create_table(
        "undone_line_decisions",
        sa.Column("line_id", sa.Uuid(), sa.ForeignKey("statement_lines.id"), primary_key=True),
        sa.Column("number", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("payout_channel", sa.String(20)),
        sa.Column("payout_fee", _MONEY),
        sa.Column("ignore_reason", sa.String(1000)),
        sa.Column("decided_at", _TZ, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("undone_at", _TZ, nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.CheckConstraint("state IN ('payout', 'ignored')", name="state"),
        sa.CheckConstraint("number > 0", name="number"),
        if_not_exists=True,
    )


def _reports() -> None:
    op.create_table(
        "gateway_reports",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("others", sa.Integer(), nullable=False),
        *(sa.Column(name, _TOTAL, nullable=False) for name in ("amount", "fees", "net", "booked_amount")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("booked", "known", "differences")),
        sa.Column("items", JSONB(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", _TZ, nullable=False),
        sa.Column("compared_at", _TZ, nullable=False),
        if_not_exists=True,
    )
    op.create_index("uq_gateway_reports_sha256", "gateway_reports", ["sha256"], unique=True, if_not_exists=True)
    op.create_index("ix_gateway_reports_uploaded_at", "gateway_reports", ["uploaded_at", "id"], if_not_exists=True)
