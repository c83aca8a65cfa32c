"""Whom to write to, and about what: the least that messages need of a registration."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base
from notification.contacts.rules import Stage, canonical_addresses


class Contact(Base):
    """A registration as messages name it, or before it exists the place in line that it may come from.

    `revision` is of the newest event about the registration, `payment_sequence` of the newest one about its payment,
    and `payment_news_at` is when that happened: what is older has nothing to say any more. `end_heard` is up to which
    news of its payment registration had heard when it expired; null unless it has, and for one of an older release.
    Name, day and place of the race and the category's name are
    copies: they hold only while the race itself is not known (see `races`), as with contacts of older releases.
    """

    __tablename__ = "contacts"

    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_number: Mapped[str | None] = mapped_column(String(50))
    event_id: Mapped[UUID | None]
    category_id: Mapped[UUID | None]
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
    payment_sequence: Mapped[int] = mapped_column(server_default="0")
    end_heard: Mapped[int | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"stage IN ({', '.join(repr(stage.value) for stage in Stage)})", name="stage"),
        CheckConstraint(
            "(stage IN ('waiting', 'offer_ended')) = (registration_number IS NULL)", name="waiting_has_no_number"
        ),
        CheckConstraint("total_amount >= 0", name="total_amount"),
        Index("ix_contacts_event_id", "event_id", postgresql_where=text("event_id IS NOT NULL")),
        Index("ix_contacts_unlinked", "event_name", "event_date", postgresql_where=text("event_id IS NULL")),
    )


class Participant(Base):
    """A runner of the registration. BIB and ticket code come with the confirmation.

    `revision` is that of the event that name and addresses come from. `unreadable` names the addresses that have no
    canonical form; null while nobody looked, as in rows of older releases.
    """

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
    revision: Mapped[int] = mapped_column(server_default="0")
    unreadable: Mapped[list[str] | None] = mapped_column(ARRAY(String(20)))

    __table_args__ = (
        CheckConstraint("(bib_number IS NULL) = (ticket_code IS NULL)", name="bib_with_ticket"),
        Index("ix_contact_participants_unread", "participant_id", postgresql_where=text("unreadable IS NULL")),
        Index("ix_contact_participants_unreadable", "participant_id", postgresql_where=text("unreadable <> '{}'")),
    )

    def address_on(self, channel: str) -> str:
        """Return the address that reaches this participant on `channel`, canonical if it has such a form.

        What nobody looked at yet is read as typed: `85291234567` is an Indonesian number there, and in Hong Kong
        once it is canonical.
        """
        stored = {"email": self.email, "whatsapp": self.whatsapp}
        addresses = canonical_addresses(stored) if self.unreadable is None else stored
        return str(addresses[channel])

    def is_reached_at(self, address: str, channel: str) -> bool:
        """Return whether `address`, in canonical form, is this participant's; case does not count in e-mail."""
        return self.address_on(channel).lower() == address.lower()
