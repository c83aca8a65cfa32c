"""Charges, and the notifications of the gateway about them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Charge(Base):
    """An attempt to pay an invoice through the gateway. A unique index allows one active per invoice.

    The row is committed before the gateway is asked, so no answer and no notification can be about an unknown charge.

    Attributes:
        order_id: our id of it at the gateway; `transaction_id` is the gateway's.
        gateway_word: the gateway's own status in its newest report.
        refunded: sum of the refunds that the gateway reports.
        fee: what the gateway kept back, as its settlement report says; null until one says so.
        settled_at: when the money arrived at the gateway.
        refundable_until: last moment at which the gateway gives it back; null for a virtual account, and until it is
            known.
        ask_at: when to ask the gateway next; null for never. A notification sets it to now.
    """

    __tablename__ = "charges"
    __table_args__ = (
        CheckConstraint("method IN ('midtrans_qris', 'midtrans_va')", name="method"),
        CheckConstraint("bank IN ('bca', 'bni', 'bri', 'cimb', 'mandiri', 'permata')", name="known_bank"),
        CheckConstraint("(method = 'midtrans_va') = (bank IS NOT NULL)", name="bank"),
        CheckConstraint(
            "status IN ('asking', 'pending', 'settling', 'paid', 'expired', 'cancelled', 'failed', 'reversed',"
            " 'charged_back')",
            name="status",
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("refunded >= 0", name="refunded"),
        CheckConstraint("fee BETWEEN 0 AND amount", name="fee"),
        Index("uq_charges_order_id", "order_id", unique=True),
        Index(
            "uq_charges_registration_id_active",
            "registration_id",
            unique=True,
            postgresql_where=text("status IN ('asking', 'pending')"),
        ),
        Index("ix_charges_registration_id", "registration_id", "created_at"),
        Index("ix_charges_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.registration_id"))
    order_id: Mapped[str] = mapped_column(String(50))
    method: Mapped[str] = mapped_column(String(20))
    bank: Mapped[str | None] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    transaction_id: Mapped[str | None] = mapped_column(String(100))
    qr_string: Mapped[str | None] = mapped_column(String(500))
    va_number: Mapped[str | None] = mapped_column(String(50))
    biller_code: Mapped[str | None] = mapped_column(String(50))
    bill_key: Mapped[str | None] = mapped_column(String(50))
    gateway_word: Mapped[str | None] = mapped_column(String(50))
    refunded: Mapped[Decimal] = mapped_column(Money, server_default="0")
    fee: Mapped[Decimal | None] = mapped_column(Money)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    refundable_until: Mapped[datetime | None]
    ask_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class GatewayNotice(Base):
    """A signed notification of the gateway, without what it says about the payer.

    Attributes:
        charge_id: the charge that it is about; null if payment has none with its order id.
        done_at: when the gateway was asked about an order without a charge; null until then, or if there is one.
    """

    __tablename__ = "gateway_notices"
    __table_args__ = (
        Index("ix_gateway_notices_received_at", "received_at"),
        Index(
            "ix_gateway_notices_charge_id",
            "charge_id",
            "received_at",
            postgresql_where=text("charge_id IS NOT NULL"),
        ),
        Index(
            "ix_gateway_notices_without_charge",
            "received_at",
            postgresql_where=text("charge_id IS NULL AND done_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(String(50))
    transaction_id: Mapped[str | None] = mapped_column(String(100))
    word: Mapped[str] = mapped_column(String(50))
    gross_amount: Mapped[str] = mapped_column(String(20))
    charge_id: Mapped[UUID | None] = mapped_column(ForeignKey("charges.id"))
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
