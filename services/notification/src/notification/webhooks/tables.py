"""What Fonnte reported, kept because reports may come before we have written down what they are about."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class DeliveryReport(Base):
    """The furthest a message has come. Later reports name only a `state_id`; an early one ties it to `provider_id`."""

    __tablename__ = "delivery_reports"

    state_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    provider_id: Mapped[str | None] = mapped_column(String(100))
    progress: Mapped[int | None] = mapped_column(SmallInteger)
    word: Mapped[str | None] = mapped_column(String(50))
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("progress IN (10, 20, 30)", name="progress"),
        Index("ix_delivery_reports_provider_id", "provider_id"),
        Index("ix_delivery_reports_updated_at", "updated_at"),
    )
