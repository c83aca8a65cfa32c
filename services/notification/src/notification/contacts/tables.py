"""Contacts: the data of registrations and participants that messages need."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base
from notification.contacts.rules import BEFORE_AN_OFFER, Stage, canonical_addresses


class Contact(Base):
    """A registration, or before it exists the waiting-list entry that it may come from.

    Attributes:
        event_name, event_date, event_location, category_name: copies, used while the race is not stored in `races`.
        revision: the registration's in the newest handled event, or `BEFORE_AN_OFFER`.
        payment_sequence: the invoice's in the newest handled payment event.
        payment_news_at: when that event occurred.
        end_heard: the payment sequence that registration knew when it expired; null unless it has, and for an expiry
            from an older release.
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
        Index("ix_contacts_number", text("upper(registration_number)")),
        Index("ix_contacts_event_id", "event_id", postgresql_where=text("event_id IS NOT NULL")),
        Index("ix_contacts_unlinked", "event_name", "event_date", postgresql_where=text("event_id IS NULL")),
    )

    @property
    def had_no_offer(self) -> bool:
        """Return whether it is on the waiting list without an offer: there is neither an amount nor a deadline."""
        return self.revision == BEFORE_AN_OFFER


class Participant(Base):
    """A participant of a registration. BIB and ticket code are set by the confirmation.

    Attributes:
        revision: the registration's in the event that name and addresses come from.
        unreadable: names of the addresses without a canonical form; null in rows of older releases that were not
            converted yet.
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
        Index("ix_contact_participants_email", text("lower(email)")),
        Index("ix_contact_participants_whatsapp", "whatsapp"),
        Index("ix_contact_participants_unread", "participant_id", postgresql_where=text("unreadable IS NULL")),
        Index("ix_contact_participants_unreadable", "participant_id", postgresql_where=text("unreadable <> '{}'")),
    )

    def address_on(self, channel: str) -> str:
        """Return the participant's address on `channel`, in canonical form if it has one.

        An address that was not converted yet is read as typed: there `85291234567` is an Indonesian number, but in
        canonical form one of Hong Kong.
        """
        stored = {"email": self.email, "whatsapp": self.whatsapp}
        addresses = canonical_addresses(stored) if self.unreadable is None else stored
        return str(addresses[channel])

    def is_reached_at(self, address: str, channel: str) -> bool:
        """Return whether the canonical `address` is this participant's, ignoring case."""
        return self.address_on(channel).lower() == address.lower()
