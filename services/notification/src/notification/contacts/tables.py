"""Whom to write to, and about what: the least that messages need of a registration."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base
from notification.contacts.rules import Stage


class Contact(Base):
    """A registration as messages name it, or before it exists the place in line that it may come from.

    `revision` is of the newest event about the registration, `payment_news_at` is when the newest one about its payment
    happened: what is older has nothing to say any more.
    """

    __tablename__ = "contacts"

    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_number: Mapped[str | None] = mapped_column(String(50))
    event_name: Mapped[str] = mapped_column(String(255))
    event_date: Mapped[date]
    event_location: Mapped[str] = mapped_column(String(255))
    category_name: Mapped[str] = mapped_column(String(255))
    total_amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    expires_at: Mapped[datetime]
    stage: Mapped[Stage] = mapped_column(String(20))
    revision: Mapped[int]
    payment_news_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"stage IN ({', '.join(repr(stage.value) for stage in Stage)})", name="stage"),
        CheckConstraint("(stage = 'waiting') = (registration_number IS NULL)", name="waiting_has_no_number"),
        CheckConstraint("total_amount >= 0", name="total_amount"),
    )


class Participant(Base):
    """A runner of the registration. BIB and ticket code come with the confirmation."""

    __tablename__ = "contact_participants"

    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(
        ForeignKey("contacts.registration_id", ondelete="CASCADE"), index=True
    )
    full_name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255))
    whatsapp: Mapped[str] = mapped_column(String(20))
    is_pic: Mapped[bool]
    bib_number: Mapped[int | None]
    ticket_code: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (CheckConstraint("(bib_number IS NULL) = (ticket_code IS NULL)", name="bib_with_ticket"),)
