"""One row per sender: the place where all replicas agree who may send now."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class SenderRow(Base):
    """When a sender sent, and whether it rests. `recent` holds the sends that a limit may still count.

    `accepted` counts the messages that the provider took. `suspect` is the message that met trouble last since one was
    taken, `silences` how many since then may have left. A pause runs from `paused_at` to `paused_until`. `enabled`
    follows the settings: workers note here what they found, for readers of the database alone.
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

    __table_args__ = (
        CheckConstraint("channel IN ('whatsapp', 'email')", name="channel"),
        CheckConstraint("(troubles = 0) = (trouble IS NULL)", name="trouble_has_reason"),
    )
