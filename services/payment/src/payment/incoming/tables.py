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
        checked_by: the first of two people who assign it, at `checked_at`, to `proposed_registration_id`.
        way: `payment.refunds.rules.Way`, how it goes back.
        gone_back: parts that were given back at the gateway, and are booked there, while the rest was kept.
        sent_at: when, and `sent_by` who, asked the gateway to give it back; null if the gateway refused since.
        ask_at: when to ask the gateway about that next; without meaning once it is refunded, as a process of the
            release before leaves it then, and else null unless it is asked.
        accepted_at: when the gateway was first seen to know of it: it confirms that later.
        gateway_key: with which the gateway is asked; null for what goes back by hand.
        gateway_error: `payment.refunds.rules.GatewayError`, why the gateway refused.
        refund_reference: of the transfer that gave it back.
    """

    __tablename__ = "unassigned_money"
    __table_args__ = (
        CheckConstraint("kind IN ('surplus', 'unknown')", name="kind"),
        CheckConstraint("state IN ('open', 'assigned', 'refund_due', 'asked', 'refunded')", name="state"),
        CheckConstraint("channel IN ('midtrans', 'statement', 'usdt')", name="channel"),
        CheckConstraint("payment_method IN ('qris', 'bank_transfer', 'usdt')", name="payment_method"),
        CheckConstraint("settled = (state IN ('assigned', 'refunded'))", name="settled"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("kind <> 'surplus' OR registration_id IS NOT NULL", name="surplus_of"),
        CheckConstraint("(state = 'assigned') = (payment_id IS NOT NULL)", name="assigned"),
        CheckConstraint(
            "(checked_by IS NULL) = (checked_at IS NULL) AND (checked_by IS NULL) = (proposed_registration_id IS NULL)"
            " AND (checked_by IS NULL OR decided_by IS NULL OR checked_by <> decided_by)",
            name="checked",
        ),
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
        CheckConstraint("way IN ('hand', 'gateway')", name="way"),
        CheckConstraint(
            "gone_back BETWEEN 0 AND amount AND (gone_back = 0 OR payment_id IS NULL)",
            name="gone_back",
        ),
        CheckConstraint("(sent_at IS NULL) = (sent_by IS NULL)", name="sent"),
        CheckConstraint(
            "CASE state WHEN 'asked' THEN ask_at IS NOT NULL AND way = 'gateway' AND gateway_key IS NOT NULL"
            " WHEN 'refunded' THEN true ELSE ask_at IS NULL END",
            name="asked",
        ),
        Index("uq_unassigned_money_source", "source", unique=True),
        Index("ix_unassigned_money_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
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
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[UUID | None]
    proposed_registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.registration_id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    way: Mapped[str] = mapped_column(String(20), server_default="hand")
    gone_back: Mapped[Decimal] = mapped_column(Money, server_default="0")
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[UUID | None]
    ask_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    gateway_key: Mapped[str | None] = mapped_column(String(100))
    gateway_error: Mapped[str | None] = mapped_column(String(30))
    refunded_at: Mapped[datetime | None]
    refunded_by: Mapped[UUID | None]
    refund_reference: Mapped[str | None] = mapped_column(String(255))
