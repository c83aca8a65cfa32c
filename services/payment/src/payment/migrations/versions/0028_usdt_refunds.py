"""Addresses to which USDT go back, and what the chain says about the transactions that gave them back.

May be run again. Only adds tables, which the release before leaves alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_BYTES = sa.LargeBinary()
_STATES = "('waiting', 'not_found', 'other_address', 'too_little', 'pending', 'confirmed')"


def upgrade() -> None:
    op.create_table(
        "usdt_refund_addresses",
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("payment_addresses.registration_id"), primary_key=True),
        sa.Column("network", sa.String(20), sa.ForeignKey("usdt_networks.network"), nullable=False),
        sa.Column("address", _BYTES, nullable=False),
        sa.Column("given_at", _TZ, nullable=False),
        sa.CheckConstraint("length(address) = 20", name="address"),
        if_not_exists=True,
    )
    op.create_table(
        "usdt_refund_checks",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("network", sa.String(20), sa.ForeignKey("usdt_networks.network"), nullable=False),
        sa.Column("address", _BYTES, nullable=False),
        sa.Column("amount", sa.Numeric(30, 2), nullable=False),
        sa.Column("tx_hash", _BYTES, nullable=False),
        sa.Column("state", sa.String(20), nullable=False, server_default="waiting"),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("checked_at", _TZ),
        sa.Column("look_at", _TZ),
        sa.CheckConstraint("length(address) = 20", name="address"),
        sa.CheckConstraint("length(tx_hash) = 32", name="tx_hash"),
        sa.CheckConstraint("amount >= 0", name="amount"),
        sa.CheckConstraint(f"state IN {_STATES}", name="state"),
        sa.CheckConstraint("state = 'waiting' OR checked_at IS NOT NULL", name="checked"),
        if_not_exists=True,
    )
    due = sa.text("look_at IS NOT NULL")
    name = "ix_usdt_refund_checks_look_at"
    op.create_index(name, "usdt_refund_checks", ["look_at"], postgresql_where=due, if_not_exists=True)
    op.create_index("ix_usdt_refund_checks_tx_hash", "usdt_refund_checks", ["tx_hash"], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("usdt_refund_checks")
    op.drop_table("usdt_refund_addresses")
