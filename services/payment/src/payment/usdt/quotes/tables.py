"""The address of an invoice on the chains, and the quotes that were given for it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class PaymentAddress(Base):
    """The address to which the payer of an invoice sends USDT, on any network. It is of no other invoice, ever.

    Attributes:
        index: of the address in the key; used once.
        watch_until: until when every pass looks for transfers to it; after that only the sweep of balances does.
        swept_at: when its balance was last compared with what was found.
        seen_in_full: whether the chain shows the whole amount, confirmed or not.
        due_at: the deadline of the invoice before it was held; null until it is.
        held_until: the deadline to which it was last held.
    """

    __tablename__ = "payment_addresses"
    __table_args__ = (
        CheckConstraint("index >= 0", name="index"),
        CheckConstraint("length(address) = 20", name="address"),
        Index("uq_payment_addresses_address", "address", unique=True),
        Index("uq_payment_addresses_index", "key_id", "index", unique=True),
        Index("ix_payment_addresses_watch_until", "watch_until"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.registration_id"), primary_key=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("receiving_keys.id"))
    index: Mapped[int]
    address: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    watch_until: Mapped[datetime]
    swept_at: Mapped[datetime | None]
    seen_in_full: Mapped[bool] = mapped_column(server_default="false")
    due_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]


class Quote(Base):
    """An amount in USDT for what is left to pay of an invoice, at a rate that holds from `locked_at` to `expires_at`.

    Attributes:
        network: the one that the payer chose last; the amount does not depend on it.
        idr_per_usdt: rupiah for one USDT.
        amount_idr: what was left to pay, in rupiah; `amount` in USDT is rounded up.
    """

    __tablename__ = "usdt_quotes"
    __table_args__ = (
        CheckConstraint("idr_per_usdt > 0", name="idr_per_usdt"),
        CheckConstraint("amount_idr > 0 AND amount > 0", name="amounts"),
        CheckConstraint("expires_at > locked_at", name="locked"),
        Index("ix_usdt_quotes_registration_id_locked_at", "registration_id", "locked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("payment_addresses.registration_id"))
    network: Mapped[str] = mapped_column(String(20), ForeignKey("usdt_networks.network"))
    rate_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("usdt_rates.id"))
    idr_per_usdt: Mapped[Decimal] = mapped_column(Numeric(20, 8))
    amount_idr: Mapped[Decimal] = mapped_column(Money)
    amount: Mapped[Decimal] = mapped_column(Numeric(30, 6))
    locked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
