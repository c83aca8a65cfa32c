"""Senders: one row per channel, which serialises sending over all replicas."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class SenderRow(Base):
    """The rate limit and the failures of a sender.

    Attributes:
        enabled: a copy of the setting, for readers of the database alone.
        recent: times of sends that the limit per minute still counts.
        paused_at, paused_until: beginning and end of the current pause.
        accepted: number of messages that the provider accepted.
        suspect: the message that failed last; null after a success.
        silences: number of consecutive attempts without an answer.
        troubles, trouble, trouble_since: number of consecutive failures, reason of the last, time of the first.
        succeeded_at, failed_at, failure: time of the last success, time and reason of the last failure of any kind.
        tested_at: when staff sent the last test message.
    """

    __tablename__ = "senders"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    recent: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)), server_default=text("'{}'"))
    last_sent_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    accepted: Mapped[int] = mapped_column(BigInteger, server_default="0")
    suspect: Mapped[UUID | None]
    silences: Mapped[int] = mapped_column(server_default="0")
    troubles: Mapped[int] = mapped_column(server_default="0")
    trouble: Mapped[str | None] = mapped_column(String(500))
    trouble_since: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(500))
    tested_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("channel IN ('whatsapp', 'email')", name="channel"),
        CheckConstraint("(troubles = 0) = (trouble IS NULL)", name="trouble_has_reason"),
    )
