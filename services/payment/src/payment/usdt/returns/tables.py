"""Addresses to which USDT go back, and the transactions that gave them back."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class RefundAddress(Base):
    """The address to which a runner wants USDT back. The newest one counts.

    Attributes:
        given_by: the member of staff who entered it for the runner, and `reason` how they know it; null if the runner
            did.
    """

    __tablename__ = "usdt_refund_addresses"
    __table_args__ = (
        CheckConstraint("length(address) = 20", name="address"),
        CheckConstraint("(given_by IS NULL) = (reason IS NULL)", name="by_staff"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("payment_addresses.registration_id"), primary_key=True)
    network: Mapped[str] = mapped_column(String(20), ForeignKey("usdt_networks.network"))
    address: Mapped[bytes] = mapped_column(LargeBinary)
    given_at: Mapped[datetime]
    given_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(1000))


class RefundCheck(Base):
    """What the chain says about the transaction with which money went back, as a person recorded it.

    Attributes:
        source: of the movement in the ledger: `refund:<id>` or `money:<id>`.
        network, address, amount: what was to be paid when that was recorded; the amount is in USDT.
        state: `payment.usdt.returns.rules.CheckState`.
        look_at: when to look next; null if the answer is final, or was not found for too long.
    """

    __tablename__ = "usdt_refund_checks"
    __table_args__ = (
        CheckConstraint("length(address) = 20", name="address"),
        CheckConstraint("length(tx_hash) = 32", name="tx_hash"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint(
            "state IN ('waiting', 'not_found', 'other_address', 'too_little', 'pending', 'confirmed')", name="state"
        ),
        CheckConstraint("state = 'waiting' OR checked_at IS NOT NULL", name="checked"),
        Index("ix_usdt_refund_checks_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
        Index("ix_usdt_refund_checks_tx_hash", "tx_hash"),
    )

    source: Mapped[str] = mapped_column(String(100), primary_key=True)
    network: Mapped[str] = mapped_column(String(20), ForeignKey("usdt_networks.network"))
    address: Mapped[bytes] = mapped_column(LargeBinary)
    amount: Mapped[Decimal] = mapped_column(Numeric(30, 2))
    tx_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(20), server_default="waiting")
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
