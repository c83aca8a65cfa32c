"""Tables of waiting lists: entries and their participants."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.ids import new_id
from chassis.tables import Money
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base
from registration.entries.person_columns import PersonColumns, person_checks
from registration.entries.tables import group_constraints
from registration.waitlist.rules import IN_LINE, WaitlistStatus

_IN_LINE = f"status IN ({', '.join(repr(status.value) for status in IN_LINE)})"


class WaitlistEntry(Base):
    """A runner or group on a category's waiting list. Its id becomes the registration's if it accepts an offer.

    `turn` is the order of the waiting list; `revision` grows when the entry is published again or ends.
    `places_held` are saved up for a prioritised group while it waits. `offer_received_at` is when notification received
    the open offer, None until then; `last_outage_id` is the newest outage that its end includes. An entry changes only
    in a transaction that holds its category's places, except for `offer_received_at` and `access_version`.

    The price is fixed in the offer: amounts and phase are None until then, and in offers of an older release.
    `promo_code` is as it was typed; `promo_code_id` is None once the offer does not include it.
    """

    __tablename__ = "waitlist_entries"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    turn: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    event_id: Mapped[UUID]
    race_category_id: Mapped[UUID]
    registration_type: Mapped[str] = mapped_column(String(20))
    total_participants: Mapped[int] = mapped_column(SmallInteger)
    total_amount: Mapped[Decimal | None] = mapped_column(Money)
    list_amount: Mapped[Decimal | None] = mapped_column(Money)
    price_phase_id: Mapped[UUID | None]
    price_phase: Mapped[str | None] = mapped_column(String(60))
    promo_code_id: Mapped[UUID | None]
    promo_code: Mapped[str | None] = mapped_column(String(40))
    status: Mapped[WaitlistStatus] = mapped_column(String(20))
    access_version: Mapped[int] = mapped_column(server_default="0")
    revision: Mapped[int] = mapped_column(server_default="0")
    places_held: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    offered_at: Mapped[datetime | None]
    offer_expires_at: Mapped[datetime | None]
    offer_received_at: Mapped[datetime | None]
    last_outage_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reason: Mapped[str | None] = mapped_column(String(500))
    terms_accepted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        *group_constraints(),
        CheckConstraint(f"status IN ({', '.join(repr(status.value) for status in WaitlistStatus)})", name="status"),
        CheckConstraint("(offered_at IS NULL) = (offer_expires_at IS NULL)", name="offer_has_end"),
        CheckConstraint("status NOT IN ('offered', 'accepted', 'expired') OR offered_at IS NOT NULL", name="offered"),
        CheckConstraint("status <> 'waiting' OR offered_at IS NULL", name="waiting"),
        CheckConstraint("(total_amount IS NULL) = (list_amount IS NULL)", name="offered_amounts"),
        CheckConstraint("list_amount >= total_amount AND total_amount >= 0", name="amounts"),
        Index("ix_waitlist_entries_line", "race_category_id", "status", "turn", postgresql_where=text(_IN_LINE)),
        Index("ix_waitlist_entries_category", "race_category_id", "turn"),
        Index("ix_waitlist_entries_no_code", "id", postgresql_where=text("access_version = 0")),
    )


class WaitlistParticipant(PersonColumns, Base):
    """A runner of an entry. `live` while the entry is waiting or offered: unique per person and category."""

    __tablename__ = "waitlist_participants"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("waitlist_entries.id", ondelete="CASCADE"))
    race_category_id: Mapped[UUID]

    __table_args__ = (
        Index("uq_waitlist_participants_entry_position", "entry_id", "position", unique=True),
        Index("uq_waitlist_participants_pic", "entry_id", unique=True, postgresql_where=text("is_pic")),
        Index(
            "uq_waitlist_participants_live_person",
            "race_category_id",
            "person_key",
            unique=True,
            postgresql_where=text("live"),
        ),
        Index("ix_waitlist_participants_email", func.lower(text("email")), postgresql_where=text("live")),
        Index("ix_waitlist_participants_whatsapp", "whatsapp", postgresql_where=text("live")),
        Index("ix_waitlist_participants_not_canonical", "id", postgresql_where=text("search_text IS NULL")),
        *person_checks(),
    )
