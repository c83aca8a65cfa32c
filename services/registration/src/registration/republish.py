"""Republishing the state of registrations for a service that missed events."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import RegistrationCreated, RegistrationType, WaitlistEnd, WaitlistEnded
from sqlalchemy import select

from registration.access.commands import have_codes_published
from registration.catalog.queries import get_category
from registration.entries.announce import announce_confirmed
from registration.entries.creation import registration_created
from registration.entries.rules import Status
from registration.entries.tables import Participant, Registration
from registration.entries.transitions import cancelled, expired, reopened
from registration.prices.rules import Price
from registration.waitlist.commands import REGISTERED_ELSEWHERE
from registration.waitlist.rules import WaitlistStatus
from registration.waitlist.tables import WaitlistEntry


async def republish(work: UnitOfWork, registration_ids: Sequence[UUID]) -> None:
    """Publish the creation of each registration and, if it changed since, its current state; or the end of an offer.

    That state gets a new revision, so that subscribers take it for the newest, whatever they received before. May be
    repeated at any time: subscribers that have all events keep their state and send no message twice. The access codes
    are published by the worker, which holds their keys.
    """
    chosen = select(Registration).where(Registration.id.in_(registration_ids)).order_by(Registration.id)
    for entry in (await work.session.execute(chosen.with_for_update())).scalars().all():
        work.publish(await _created(work, entry), subject=entry.id)
        await _publish_outcome(work, entry)
    await _publish_ended_offers(work, registration_ids)
    await have_codes_published(work, registration_ids)


_ENDS: Mapping[str, WaitlistEnd] = {
    WaitlistStatus.EXPIRED: WaitlistEnd.LAPSED,
    WaitlistStatus.WITHDRAWN: WaitlistEnd.WITHDRAWN,
    WaitlistStatus.CLOSED: WaitlistEnd.CLOSED,
}


async def _publish_ended_offers(work: UnitOfWork, entry_ids: Sequence[UUID]) -> None:
    """Publish the end of those entries whose offer ended without a registration."""
    offered = (WaitlistEntry.id.in_(entry_ids), WaitlistEntry.offered_at.is_not(None))
    chosen = select(WaitlistEntry).where(*offered, WaitlistEntry.status.in_(_ENDS)).order_by(WaitlistEntry.id)
    for entry in (await work.session.execute(chosen)).scalars().all():
        ended = WaitlistEnded(registration_id=entry.id, revision=entry.revision, reason=_end_of(entry))
        work.publish(ended, subject=entry.id)


def _end_of(entry: WaitlistEntry) -> WaitlistEnd:
    if entry.reason == REGISTERED_ELSEWHERE:
        return WaitlistEnd.REGISTERED_ELSEWHERE
    return WaitlistEnd.REMOVED if entry.reason else _ENDS[entry.status]


async def _publish_outcome(work: UnitOfWork, entry: Registration) -> None:
    untouched = entry.revision == 1
    if untouched:
        return
    entry.revision += 1
    match entry.status:
        case Status.PENDING_PAYMENT | Status.PAYMENT_UPLOADED:
            work.publish(reopened(entry), subject=entry.id)
        case Status.PAYMENT_VERIFIED:
            await announce_confirmed(work, entry)
        case Status.EXPIRED:
            work.publish(expired(entry), subject=entry.id)
        case Status.CANCELLED:
            refund = entry.payment_id if entry.total_amount > 0 else None
            word = cancelled(entry, reason=entry.notes or "cancelled", refund_payment_id=refund)
            work.publish(word, subject=entry.id)


async def _created(work: UnitOfWork, entry: Registration) -> RegistrationCreated:
    category = await get_category(work.session, entry.race_category_id)
    if category is None:
        raise RuntimeError("a registration has a category")
    return registration_created(
        category,
        await _participants(work, entry.id),
        registration_id=entry.id,
        number=entry.registration_number,
        kind=RegistrationType(entry.registration_type),
        price=_price(entry),
        expires_at=entry.expires_at,
        access=None,
        revision=entry.revision,
        awaits_payment=entry.status == Status.PENDING_PAYMENT,
    )


def _price(entry: Registration) -> Price:
    listed = entry.total_amount if entry.list_amount is None else entry.list_amount
    return Price(
        list_amount=listed,
        discount=listed - entry.total_amount,
        phase_id=entry.price_phase_id,
        phase=entry.price_phase,
        promo_id=entry.promo_code_id,
        promo_code=entry.promo_code,
    )


async def _participants(work: UnitOfWork, registration_id: UUID) -> Sequence[Participant]:
    people = select(Participant).where(Participant.registration_id == registration_id).order_by(Participant.position)
    return (await work.session.execute(people)).scalars().all()
