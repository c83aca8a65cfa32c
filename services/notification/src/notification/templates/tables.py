"""Custom templates."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base
from notification.messages.rules import EVENT_TYPES


class TemplateRow(Base):
    """A custom template. Those for e-mail have a subject, those for WhatsApp have none."""

    __tablename__ = "templates"

    event_type: Mapped[str] = mapped_column(String(50), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    locale: Mapped[str] = mapped_column(String(5), primary_key=True)
    subject: Mapped[str | None] = mapped_column(String(255))
    body: Mapped[str] = mapped_column(String(5000))
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"event_type IN ({EVENT_TYPES})", name="event_type"),
        CheckConstraint("channel IN ('whatsapp', 'email')", name="channel"),
        CheckConstraint("locale IN ('id', 'en')", name="locale"),
        CheckConstraint("(channel = 'email') = (subject IS NOT NULL)", name="mail_has_subject"),
        CheckConstraint("body <> ''", name="body"),
    )
