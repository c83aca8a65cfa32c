"""Amounts that payers are asked to transfer, what came in instead of an invoice's amount, and settings about both.

May be run again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_MONEY = sa.Numeric(12, 2)
_SETTINGS: dict[str, Any] = {
    "transfer_code": lambda: sa.Column("transfer_code", sa.String(10), nullable=False, server_default="subtract"),
    "second_check_from": lambda: sa.Column("second_check_from", _MONEY),
    "statement_auto_accept": lambda: sa.Column(
        "statement_auto_accept", sa.Boolean(), nullable=False, server_default=sa.false()
    ),
}
_SETTINGS_CHECKS = {
    "transfer_code": "transfer_code IN ('off', 'subtract', 'add')",
    "second_check_from": "second_check_from >= 0",
}
_RECEIVED = "received > 0 AND received <> amount"


def upgrade() -> None:
    for column in _SETTINGS.values():
        op.add_column("payment_settings", column(), if_not_exists=True)
    for name, check in _SETTINGS_CHECKS.items():
        op.execute(f"ALTER TABLE payment_settings DROP CONSTRAINT IF EXISTS ck_payment_settings_{name}")
        op.create_check_constraint(name, "payment_settings", check)
    _transfer_amounts()
    op.add_column("payments", sa.Column("received", _MONEY), if_not_exists=True)
    op.execute("ALTER TABLE payments DROP CONSTRAINT IF EXISTS ck_payments_received")
    op.create_check_constraint("received", "payments", _RECEIVED, postgresql_not_valid=True)
    _book_what_was_received()
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE payments VALIDATE CONSTRAINT ck_payments_received")


def downgrade() -> None:
    op.execute("DROP TRIGGER movements_as_received ON movements")
    op.execute("DROP FUNCTION movements_as_received()")
    op.drop_constraint("received", "payments", type_="check")
    op.drop_column("payments", "received")
    op.drop_table("transfer_amounts")
    for name in _SETTINGS_CHECKS:
        op.drop_constraint(name, "payment_settings", type_="check")
    for name in reversed(_SETTINGS):
        op.drop_column("payment_settings", name)


def _transfer_amounts() -> None:
    op.create_table(
        "transfer_amounts",
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id"), primary_key=True),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("code", sa.SmallInteger()),
        sa.Column("payable_amount", _MONEY, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code BETWEEN 1 AND 999", name="code"),
        sa.CheckConstraint(
            "payable_amount > 0 AND abs(payable_amount - amount) = coalesce(code, 0)", name="payable_amount"
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        if_not_exists=True,
    )
    op.create_index(
        "uq_transfer_amounts_payable_amount",
        "transfer_amounts",
        ["currency", "payable_amount"],
        unique=True,
        postgresql_where=sa.text("code IS NOT NULL"),
        if_not_exists=True,
    )


def _book_what_was_received() -> None:
    """Let the movement of a payment be over what came in, also if a process of the release before books it."""
    op.execute("""
        CREATE OR REPLACE FUNCTION movements_as_received() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE paid record;
        BEGIN
            SELECT amount, received, amount > received AS is_less INTO paid
              FROM payments WHERE id = NEW.payment_id AND received IS NOT NULL;
            IF FOUND AND NEW.amount = paid.amount THEN
                NEW.amount := paid.received;
                INSERT INTO movements (source, leg, kind, debit, credit, amount, currency, registration_id,
                                       payment_id, method, occurred_at, recorded_at)
                VALUES (NEW.source, 2, 'rounding',
                        CASE WHEN paid.is_less THEN 'rounding' ELSE 'runners' END,
                        CASE WHEN paid.is_less THEN 'runners' ELSE 'rounding' END,
                        abs(paid.amount - paid.received), NEW.currency, NEW.registration_id,
                        NEW.payment_id, NEW.method, NEW.occurred_at, NEW.recorded_at)
                ON CONFLICT DO NOTHING;
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE OR REPLACE TRIGGER movements_as_received BEFORE INSERT ON movements FOR EACH ROW"
        " WHEN (NEW.leg = 1 AND NEW.kind = 'payment' AND NEW.payment_id IS NOT NULL)"
        " EXECUTE FUNCTION movements_as_received()"
    )
