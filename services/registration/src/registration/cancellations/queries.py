"""The effects of a cancellation, computed before it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries.errors import NotCancellable, UnknownRegistration
from registration.entries.rules import IllegalTransition, Status, Trigger, next_status
from registration.entries.tables import Registration
from registration.places.rules import Places, without_confirmed
from registration.places.tables import CategoryPlaces
from registration.waitlist.offering import first_to_be_offered
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant


@dataclass(frozen=True)
class NextInLine:
    """The entry of the waiting list that would be offered the places first."""

    waitlist_id: UUID
    registration_type: str
    total_participants: int
    pic_name: str


@dataclass(frozen=True)
class Effects:
    """What a cancellation would do now.

    Attributes:
        places_freed: places that others can take.
        places_burned: places that become unusable, as no other BIB is left for them.
        bibs_burned: BIBs that are never given again.
        proof_waiting: a proof of payment waits for a decision.
        refund_due: the amount to pay back; None if there is none.
        waiting_next: None if the places would be offered to no entry.
    """

    places_freed: int
    places_burned: int
    bibs_burned: int
    is_paid: bool
    proof_waiting: bool
    refund_due: Decimal | None
    currency: str
    waiting_next: NextInLine | None


async def effects(session: AsyncSession, registration_id: UUID, *, now: datetime) -> Effects:
    """Return the effects of cancelling a registration.

    Raises:
        UnknownRegistration, NotCancellable.
    """
    entry = await session.get(Registration, registration_id)
    if entry is None:
        raise UnknownRegistration
    try:
        next_status(Status(entry.status), Trigger.STAFF_CANCELS)
    except IllegalTransition:
        raise NotCancellable(registration_status=entry.status) from None
    before = await _places(session, entry.race_category_id)
    is_paid = entry.status == Status.PAYMENT_VERIFIED
    burned = without_confirmed(before, entry.total_participants).burned - before.burned if is_paid else 0
    freed = entry.total_participants - burned
    left = before.quota - before.taken + freed
    return Effects(
        places_freed=freed,
        places_burned=burned,
        bibs_burned=entry.total_participants if is_paid else 0,
        is_paid=is_paid,
        proof_waiting=entry.status == Status.PAYMENT_UPLOADED,
        refund_due=entry.total_amount if is_paid and entry.total_amount > 0 else None,
        currency=entry.currency,
        waiting_next=await _next_in_line(session, entry.race_category_id, left, now),
    )


async def _places(session: AsyncSession, category_id: UUID) -> Places:
    stored = CategoryPlaces.__table__.c
    columns = [stored[name] for name in Places.__dataclass_fields__]
    return Places(*(await session.execute(select(*columns).where(stored.category_id == category_id))).one())


async def _next_in_line(session: AsyncSession, category_id: UUID, left: int, now: datetime) -> NextInLine | None:
    entry_id = await first_to_be_offered(session, category_id, left, now=now)
    if entry_id is None:
        return None
    entry = WaitlistEntry
    query = (
        select(entry.id, entry.registration_type, entry.total_participants, WaitlistParticipant.full_name)
        .join(WaitlistParticipant, WaitlistParticipant.entry_id == entry.id)
        .where(entry.id == entry_id, WaitlistParticipant.is_pic)
    )
    return NextInLine(*(await session.execute(query)).one())
