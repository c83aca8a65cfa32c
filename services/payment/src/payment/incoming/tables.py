"""Money that no invoice took."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class UnassignedMoney(Base):
    """Money that arrived and paid no invoice, with what a person decided about it.

    Attributes:
        source: what it was found by; unique, so that it is kept once.
        registration_id: whose it said to be; null if nothing said so.
        payment_id: the payment that it became when it was assigned to a registration.
        settled: whether nothing is left to do: it was assigned or given back.
        refund_reference: of the transfer that gave it back.
    """

    __tablename__ = "unassigned_money"
    __table_args__ = (
        CheckConstraint("kind IN ('surplus', 'unknown')", name="kind"),
        CheckConstraint("state IN ('open', 'assigned', 'refund_due', 'refunded')", name="state"),
        CheckConstraint("channel IN ('midtrans', 'statement')", name="channel"),
        CheckConstraint("payment_method IN ('qris', 'bank_transfer')", name="payment_method"),
        CheckConstraint("settled = (state IN ('assigned', 'refunded'))", name="settled"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("kind <> 'surplus' OR registration_id IS NOT NULL", name="surplus_of"),
        CheckConstraint("(state = 'assigned') = (payment_id IS NOT NULL)", name="assigned"),
        CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
            " AND (decided_at IS NULL) = (reason IS NULL)",
            name="decided",
        ),
        CheckConstraint(
            "(state = 'refunded') = (refunded_at IS NOT NULL) AND (refunded_at IS NULL) = (refunded_by IS NULL)"
            " AND (refunded_at IS NULL) = (refund_reference IS NULL)",
            name="refunded",
        ),
        Index("uq_unassigned_money_source", "source", unique=True),
        Index(
            "ix_unassigned_money_desk",
            "settled",
            "received_at",
            "id",
        ),
        Index(
            "ix_unassigned_money_registration_id",
            "registration_id",
            postgresql_where=text("registration_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    settled: Mapped[bool] = mapped_column(server_default="false")
    channel: Mapped[str] = mapped_column(String(20))
    payment_method: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    received_at: Mapped[datetime]
    created_at: Mapped[datetime]
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.registration_id"))
    reference: Mapped[str | None] = mapped_column(String(255))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payments.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    refunded_at: Mapped[datetime | None]
    refunded_by: Mapped[UUID | None]
    refund_reference: Mapped[str | None] = mapped_column(String(255))
