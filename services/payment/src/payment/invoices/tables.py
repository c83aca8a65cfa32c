"""The invoices of registrations, and the amounts that their payers were asked to transfer."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, SmallInteger, String, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base

WITHOUT_DIGITS: Final[ColumnElement[str]] = literal_column(
    "rtrim(registration_number::text, '0123456789'::text)", String
)
"""SQL of a registration number without its digits at the end: `FR5K-` of `FR5K-00042`."""


class Invoice(Base):
    """One invoice per registration.

    Attributes:
        registration_ended: how the registration ended, as far as payment knows; null while it is alive.
        revision: the registration's in the newest event that payment has handled.
        sequence: number of published events that changed the invoice.
        end_heard: the `sequence` that registration knew when it expired; null unless it has, and for an expiry that
            came from an older release.
        payer_revision: orders corrections of `payer_name`, which are independent of the registration's end.
        event_id: the race, with `category_id` and `registration_type`; null in rows of older releases until known.
        list_amount: the price before the `discount` of the promo code, in the price phase of this name; all null if
            neither applied, and in rows of older releases.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'proof_uploaded', 'paid', 'expired', 'cancelled')", name="status"),
        CheckConstraint("registration_ended IN ('expired', 'cancelled')", name="registration_ended"),
        CheckConstraint("status <> 'open' OR registration_ended IS NULL", name="open_while_registered"),
        CheckConstraint(
            "status NOT IN ('expired', 'cancelled') OR registration_ended IS NOT DISTINCT FROM status",
            name="closed_with_registration",
        ),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index("ix_invoices_registration_number", "registration_number"),
        Index("ix_invoices_event_id", "event_id"),
        Index("ix_invoices_amount", "amount", text("created_at DESC"), text("registration_id DESC")),
        Index(
            "ix_invoices_without_race",
            WITHOUT_DIGITS,
            postgresql_where=text("event_id IS NULL"),
        ),
    )

    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_number: Mapped[str] = mapped_column(String(50))
    payer_name: Mapped[str] = mapped_column(String(255))
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    expires_at: Mapped[datetime]
    registration_ended: Mapped[str | None] = mapped_column(String(20))
    end_heard: Mapped[int | None]
    revision: Mapped[int]
    sequence: Mapped[int] = mapped_column(server_default="0")
    payer_revision: Mapped[int] = mapped_column(server_default="0")
    event_id: Mapped[UUID | None]
    category_id: Mapped[UUID | None]
    registration_type: Mapped[str | None] = mapped_column(String(30))
    list_amount: Mapped[Decimal | None] = mapped_column(Money)
    discount: Mapped[Decimal | None] = mapped_column(Money)
    promo_code: Mapped[str | None] = mapped_column(String(100))
    price_phase: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TransferAmount(Base):
    """The amount that the payer of an invoice was asked to transfer. Kept while it may still arrive.

    Attributes:
        amount: that of the invoice.
        code: the difference between the two amounts; null if no code was given, so that there is none.
        payable_amount: with a code, unique.
    """

    __tablename__ = "transfer_amounts"
    __table_args__ = (
        CheckConstraint("code BETWEEN 1 AND 999", name="code"),
        CheckConstraint(
            "payable_amount > 0 AND abs(payable_amount - amount) = coalesce(code, 0)", name="payable_amount"
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        Index(
            "uq_transfer_amounts_payable_amount",
            "currency",
            "payable_amount",
            unique=True,
            postgresql_where=text("code IS NOT NULL"),
        ),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.registration_id"), primary_key=True)
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    code: Mapped[int | None] = mapped_column(SmallInteger)
    payable_amount: Mapped[Decimal] = mapped_column(Money)
    created_at: Mapped[datetime]
