"""Refunds of verified payments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Refund(Base):
    """A refund. The payment is the primary key, so a repeated event creates no second one.

    Attributes:
        booked: whether the ledger has its movement; older releases leave that to a job of the worker.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(
            "(done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (reference IS NULL)", name="done"
        ),
        Index("ix_refunds_unbooked", "payment_id", postgresql_where=text("done_at IS NOT NULL AND NOT booked")),
        Index("ix_refunds_desk", text("(done_at IS NOT NULL)"), "due_at", "payment_id"),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    reason: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    reference: Mapped[str | None] = mapped_column(String(255))
    booked: Mapped[bool] = mapped_column(server_default="false")
