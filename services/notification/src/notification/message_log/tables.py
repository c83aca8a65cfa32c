"""Sent messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class SentMessage(Base):
    """The message of an attempt as it was sent. Recipient and content can be read with the service's keys only."""

    __tablename__ = "sent_messages"

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("delivery_attempts.id", ondelete="CASCADE"), primary_key=True)
    recipient_hash: Mapped[bytes]
    sealed: Mapped[bytes]
    kept_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("octet_length(recipient_hash) = 32", name="recipient_hash"),
        Index("ix_sent_messages_recipient_hash", "recipient_hash"),
        Index("ix_sent_messages_kept_at", "kept_at"),
    )
