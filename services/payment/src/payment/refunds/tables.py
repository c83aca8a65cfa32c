"""Refunds of verified payments."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Refund(Base):
    """Money of a payment that goes back, all of it or a part.

    A trigger adds up those of a payment in its `refund_total`, which a CHECK keeps within what came in. Another one
    sets `closed`, and completes those that a process of the release before completes.

    Attributes:
        id: that of the payment if an event caused it, so that a repeated event creates no second one.
        origin: `payment.refunds.rules.Origin`; `state`: `RefundState`; `way`: `Way`.
        closed: whether nothing is left to do: it is done or cancelled.
        asked_by: the member of staff who asked for it; null if an event or the gateway did.
        sent_at: when, and `sent_by` who, asked for it through the gateway; null if the gateway refused since.
        ask_at: when to ask the gateway about it next; null unless it is asked there.
        accepted_at: when the gateway was first seen to know it: it will give the money back, and confirms that later.
        gateway_key: the gateway's key of it, unique for its payment; null for what goes back by hand.
        gateway_error: `payment.refunds.rules.GatewayError`, why it did not go by the gateway.
        evidence_path: of a picture that shows the transfer.
        corrected_at: when `reference` was last corrected; null while the first one holds.
        booked: whether the ledger has its movement; older releases leave that to a job of the worker.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(
            "(done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (reference IS NULL)", name="done"
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("origin IN ('event', 'surplus', 'staff', 'gateway')", name="origin"),
        CheckConstraint("state IN ('waits_for_second', 'due', 'asked', 'done', 'cancelled')", name="state"),
        CheckConstraint("closed = (state IN ('done', 'cancelled'))", name="closed"),
        CheckConstraint("way IN ('hand', 'gateway')", name="way"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="state_done"),
        CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
        CheckConstraint("asked_by IS NULL OR approved_by IS NULL OR asked_by <> approved_by", name="second_person"),
        CheckConstraint("(sent_at IS NULL) = (sent_by IS NULL)", name="sent"),
        CheckConstraint(
            "(state <> 'asked' AND ask_at IS NULL) OR (way = 'gateway' AND gateway_key IS NOT NULL)", name="asked"
        ),
        CheckConstraint("(evidence_path IS NULL) = (evidence_type IS NULL)", name="evidence"),
        CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL) AND (cancelled_at IS NULL) = (cancelled_by IS NULL)"
            " AND (cancelled_at IS NULL) = (cancel_reason IS NULL)",
            name="cancelled",
        ),
        Index("ix_refunds_unbooked", "id", postgresql_where=text("done_at IS NOT NULL AND NOT booked")),
        Index("ix_refunds_queue", "closed", "due_at", "id"),
        Index("ix_refunds_payment_id", "payment_id"),
        Index("ix_refunds_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
        Index("uq_refunds_gateway_key", "payment_id", "gateway_key", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    amount: Mapped[Decimal] = mapped_column(Money)
    reason: Mapped[str]
    origin: Mapped[str] = mapped_column(String(20), server_default="event")
    state: Mapped[str] = mapped_column(String(20), server_default="due")
    closed: Mapped[bool] = mapped_column(server_default="false")
    way: Mapped[str] = mapped_column(String(20), server_default="hand")
    due_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[UUID | None]
    ask_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    gateway_key: Mapped[str | None] = mapped_column(String(100))
    gateway_error: Mapped[str | None] = mapped_column(String(30))
    evidence_path: Mapped[str | None] = mapped_column(String(255))
    evidence_type: Mapped[str | None] = mapped_column(String(50))
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    reference: Mapped[str | None] = mapped_column(String(255))
    corrected_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]
    cancel_reason: Mapped[str | None]
    booked: Mapped[bool] = mapped_column(server_default="false")
