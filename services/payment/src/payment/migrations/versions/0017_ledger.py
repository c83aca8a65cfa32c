"""The ledger, payments without a proof, and money that no invoice took. May be run again.

Payments and refunds of older releases are booked by a job of the worker, in portions. Checks and indexes of tables
with many rows are completed by 0018.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)

_COLUMNS: dict[str, Any] = {
    "channel": lambda: sa.Column("channel", sa.String(20), nullable=False, server_default="proof"),
    "source": lambda: sa.Column("source", sa.String(100)),
    "superseded_by": lambda: sa.Column("superseded_by", sa.Uuid()),
    "booked": lambda: sa.Column("booked", sa.Boolean(), nullable=False, server_default="false"),
}
_PROOF = ("payment_proof_path", "proof_content_type", "proof_sha256")
_CHECKS = {
    "channel": "channel IN ('proof', 'midtrans', 'statement')",
    "proof_or_source": "(channel = 'proof') = (payment_proof_path IS NOT NULL)"
    " AND (channel = 'proof') = (proof_content_type IS NOT NULL)"
    " AND (channel = 'proof') = (proof_sha256 IS NOT NULL) AND (channel = 'proof') = (source IS NULL)",
    "superseded": "superseded_by IS NULL OR status = 'rejected'",
}
_ACCOUNTS = "('bank', 'midtrans', 'qris', 'cash', 'usdt', 'runners', 'surplus', 'unknown', 'fees', 'rounding')"
_KINDS = (
    "('payment', 'surplus', 'unknown', 'assignment', 'refund', 'reversal', 'chargeback', 'payout', 'fee', 'rounding')"
)


def upgrade() -> None:
    for column in _COLUMNS.values():
        op.add_column("payments", column(), if_not_exists=True)
    for name in _PROOF:
        op.alter_column("payments", name, nullable=True)
    for name, check in _CHECKS.items():
        op.execute(f"ALTER TABLE payments DROP CONSTRAINT IF EXISTS ck_payments_{name}")
        op.create_check_constraint(name, "payments", check, postgresql_not_valid=True)
    op.add_column(
        "refunds", sa.Column("booked", sa.Boolean(), nullable=False, server_default="false"), if_not_exists=True
    )
    _movements()
    _unassigned_money()


def downgrade() -> None:
    op.drop_table("unassigned_money")
    op.drop_table("movements")
    op.execute("DROP FUNCTION movements_stay()")
    op.drop_column("refunds", "booked")
    for name in _CHECKS:
        op.drop_constraint(name, "payments", type_="check")
    for name in reversed(_COLUMNS):
        op.drop_column("payments", name)
    # The release before has no payments without a proof; with such rows it cannot run, and this is refused.
    for name in _PROOF:
        op.alter_column("payments", name, nullable=False)


def _movements() -> None:
    op.create_table(
        "movements",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("debit", sa.String(20), nullable=False),
        sa.Column("credit", sa.String(20), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("registration_id", sa.Uuid()),
        sa.Column("payment_id", sa.Uuid()),
        sa.Column("method", sa.String(20)),
        sa.Column("occurred_at", _TZ, nullable=False),
        sa.Column("recorded_at", _TZ, nullable=False),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("debit <> credit", name="accounts"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("leg > 0", name="leg"),
        sa.CheckConstraint(f"debit IN {_ACCOUNTS}", name="debit"),
        sa.CheckConstraint(f"credit IN {_ACCOUNTS}", name="credit"),
        sa.CheckConstraint(f"kind IN {_KINDS}", name="kind"),
        if_not_exists=True,
    )
    op.create_index("uq_movements_source", "movements", ["source", "leg"], unique=True, if_not_exists=True)
    op.create_index("ix_movements_occurred_at", "movements", ["occurred_at"], if_not_exists=True)
    op.create_index(
        "ix_movements_registration_id",
        "movements",
        ["registration_id"],
        postgresql_where=sa.text("registration_id IS NOT NULL"),
        if_not_exists=True,
    )
    op.execute("""
        CREATE OR REPLACE FUNCTION movements_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'movements are never changed or deleted; record the opposite movement'
                USING ERRCODE = 'integrity_constraint_violation';
        END $$
    """)
    op.execute(
        "CREATE OR REPLACE TRIGGER movements_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON movements"
        " FOR EACH STATEMENT EXECUTE FUNCTION movements_stay()"
    )


def _unassigned_money() -> None:
    op.create_table(
        "unassigned_money",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("payment_method", sa.String(20), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("received_at", _TZ, nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id")),
        sa.Column("reference", sa.String(255)),
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id")),
        sa.Column("decided_at", _TZ),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("reason", sa.String()),
        sa.Column("refunded_at", _TZ),
        sa.Column("refunded_by", sa.Uuid()),
        sa.Column("refund_reference", sa.String(255)),
        sa.CheckConstraint("kind IN ('surplus', 'unknown')", name="kind"),
        sa.CheckConstraint("settled = (state IN ('assigned', 'refunded'))", name="settled"),
        sa.CheckConstraint("state IN ('open', 'assigned', 'refund_due', 'refunded')", name="state"),
        sa.CheckConstraint("channel IN ('midtrans', 'statement')", name="channel"),
        sa.CheckConstraint("payment_method IN ('qris', 'bank_transfer')", name="payment_method"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("kind <> 'surplus' OR registration_id IS NOT NULL", name="surplus_of"),
        sa.CheckConstraint("(state = 'assigned') = (payment_id IS NOT NULL)", name="assigned"),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
            " AND (decided_at IS NULL) = (reason IS NULL)",
            name="decided",
        ),
        sa.CheckConstraint(
            "(state = 'refunded') = (refunded_at IS NOT NULL) AND (refunded_at IS NULL) = (refunded_by IS NULL)"
            " AND (refunded_at IS NULL) = (refund_reference IS NULL)",
            name="refunded",
        ),
        if_not_exists=True,
    )
    op.create_index("uq_unassigned_money_source", "unassigned_money", ["source"], unique=True, if_not_exists=True)
    op.create_index(
        "ix_unassigned_money_desk",
        "unassigned_money",
        ["settled", "received_at", "id"],
        if_not_exists=True,
    )
    op.create_index(
        "ix_unassigned_money_registration_id",
        "unassigned_money",
        ["registration_id"],
        postgresql_where=sa.text("registration_id IS NOT NULL"),
        if_not_exists=True,
    )
