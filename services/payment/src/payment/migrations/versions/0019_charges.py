"""The account at the payment gateway, charges, and notifications of the gateway. May be run again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)


def upgrade() -> None:
    op.create_table(
        "gateway_settings",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("midtrans_server_key", sa.String()),
        sa.Column("midtrans_merchant_id", sa.String(100)),
        sa.Column("midtrans_offers", JSONB(), nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        if_not_exists=True,
    )
    op.execute(
        "INSERT INTO gateway_settings (id, midtrans_offers, updated_at) VALUES (1, '[]', now()) ON CONFLICT DO NOTHING"
    )
    _charges()
    _gateway_notices()


def downgrade() -> None:
    for table in ("gateway_notices", "charges", "gateway_settings"):
        op.drop_table(table)


def _charges() -> None:
    op.create_table(
        "charges",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id"), nullable=False),
        sa.Column("order_id", sa.String(50), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("bank", sa.String(20)),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("transaction_id", sa.String(100)),
        sa.Column("qr_string", sa.String(500)),
        sa.Column("va_number", sa.String(50)),
        sa.Column("biller_code", sa.String(50)),
        sa.Column("bill_key", sa.String(50)),
        sa.Column("gateway_word", sa.String(50)),
        sa.Column("refunded", _MONEY, nullable=False, server_default="0"),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("expires_at", _TZ, nullable=False),
        sa.Column("settled_at", _TZ),
        sa.Column("ask_at", _TZ),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("method IN ('midtrans_qris', 'midtrans_va')", name="method"),
        sa.CheckConstraint("bank IN ('bca', 'bni', 'bri', 'cimb', 'mandiri', 'permata')", name="known_bank"),
        sa.CheckConstraint("(method = 'midtrans_va') = (bank IS NOT NULL)", name="bank"),
        sa.CheckConstraint(
            "status IN ('asking', 'pending', 'settling', 'paid', 'expired', 'cancelled', 'failed', 'reversed',"
            " 'charged_back')",
            name="status",
        ),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("refunded >= 0", name="refunded"),
        if_not_exists=True,
    )
    op.create_index("uq_charges_order_id", "charges", ["order_id"], unique=True, if_not_exists=True)
    op.create_index(
        "uq_charges_registration_id_active",
        "charges",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('asking', 'pending')"),
        if_not_exists=True,
    )
    op.create_index("ix_charges_registration_id", "charges", ["registration_id", "created_at"], if_not_exists=True)
    op.create_index(
        "ix_charges_ask_at",
        "charges",
        ["ask_at"],
        postgresql_where=sa.text("ask_at IS NOT NULL"),
        if_not_exists=True,
    )


def _gateway_notices() -> None:
    op.create_table(
        "gateway_notices",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("order_id", sa.String(50), nullable=False),
        sa.Column("transaction_id", sa.String(100)),
        sa.Column("word", sa.String(50), nullable=False),
        sa.Column("gross_amount", sa.String(20), nullable=False),
        sa.Column("charge_id", sa.Uuid(), sa.ForeignKey("charges.id")),
        sa.Column("received_at", _TZ, nullable=False),
        sa.Column("done_at", _TZ),
        if_not_exists=True,
    )
    op.create_index("ix_gateway_notices_received_at", "gateway_notices", ["received_at"], if_not_exists=True)
    op.create_index(
        "ix_gateway_notices_without_charge",
        "gateway_notices",
        ["received_at"],
        postgresql_where=sa.text("charge_id IS NULL AND done_at IS NULL"),
        if_not_exists=True,
    )
