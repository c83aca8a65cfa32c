"""Invoices, payments, refunds and payment settings."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import create_service_tables, drop_service_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)


def upgrade() -> None:
    create_service_tables()
    _invoices()
    _payments()
    _refunds()
    _payment_settings()


def downgrade() -> None:
    for table in ("payment_settings", "refunds", "payments", "invoices"):
        op.drop_table(table)
    drop_service_tables()


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("registration_id", sa.Uuid(), primary_key=True),
        sa.Column("registration_number", sa.String(50), nullable=False, index=True),
        sa.Column("payer_name", sa.String(255), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("expires_at", _TZ, nullable=False),
        sa.Column("registration_ended", sa.String(20)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("status IN ('open', 'proof_uploaded', 'paid', 'expired', 'cancelled')", name="status"),
        sa.CheckConstraint("registration_ended IN ('expired', 'cancelled')", name="registration_ended"),
        sa.CheckConstraint("status <> 'open' OR registration_ended IS NULL", name="open_while_registered"),
        sa.CheckConstraint(
            "status NOT IN ('expired', 'cancelled') OR registration_ended IS NOT DISTINCT FROM status",
            name="closed_with_registration",
        ),
        sa.CheckConstraint("amount >= 0", name="amount"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id"), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("payment_method", sa.String(20), nullable=False),
        sa.Column("payment_date", _TZ, nullable=False),
        sa.Column("notes", sa.String()),
        sa.Column("payment_proof_path", sa.String(255), nullable=False, unique=True),
        sa.Column("proof_content_type", sa.String(50), nullable=False),
        sa.Column("proof_sha256", sa.String(64), nullable=False, index=True),
        sa.Column("uploaded_at", _TZ, nullable=False),
        sa.Column("verified_at", _TZ),
        sa.Column("verified_by", sa.Uuid()),
        sa.Column("rejected_at", _TZ),
        sa.Column("rejected_by", sa.Uuid()),
        sa.Column("rejection_reason", sa.String()),
        sa.CheckConstraint("status IN ('uploaded', 'verified', 'rejected')", name="status"),
        sa.CheckConstraint("payment_method IN ('qris', 'bank_transfer')", name="payment_method"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("length(notes) <= 2000", name="notes"),
        sa.CheckConstraint(
            "(status = 'verified') = (verified_at IS NOT NULL) AND (verified_at IS NULL) = (verified_by IS NULL)",
            name="verified",
        ),
        sa.CheckConstraint(
            "(status = 'rejected') = (rejected_at IS NOT NULL) AND (rejected_at IS NULL) = (rejected_by IS NULL)"
            " AND (rejected_at IS NULL) = (rejection_reason IS NULL)",
            name="rejected",
        ),
    )
    op.create_index(
        "uq_payments_registration_id_live",
        "payments",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'rejected'"),
    )
    op.create_index("ix_payments_registration_id_uploaded_at", "payments", ["registration_id", "uploaded_at"])
    op.create_index("ix_payments_desk", "payments", [sa.text("(status <> 'uploaded')"), "uploaded_at", "id"])


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payments.id"), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("due_at", _TZ, nullable=False),
        sa.Column("done_at", _TZ),
        sa.Column("done_by", sa.Uuid()),
        sa.Column("reference", sa.String(255)),
        sa.CheckConstraint(
            "(done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (reference IS NULL)", name="done"
        ),
    )
    op.create_index("ix_refunds_desk", "refunds", [sa.text("(done_at IS NOT NULL)"), "due_at", "payment_id"])


def _payment_settings() -> None:
    op.create_table(
        "payment_settings",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("qris_image_path", sa.String(255)),
        sa.Column("bank_name", sa.String(100)),
        sa.Column("account_number", sa.String(50)),
        sa.Column("account_holder_name", sa.String(255)),
        sa.Column("payment_instructions", sa.String()),
        sa.Column("payment_deadline_hours", sa.Integer(), nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("payment_deadline_hours BETWEEN 1 AND 720", name="payment_deadline_hours"),
        sa.CheckConstraint("length(payment_instructions) <= 5000", name="payment_instructions"),
    )
    op.execute("INSERT INTO payment_settings (id, payment_deadline_hours, updated_at) VALUES (1, 24, now())")
