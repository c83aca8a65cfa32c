"""Joining a waiting list, leaving it, and accepting an offer.

A category's waiting list changes only while the category's places are locked.
"""

from collections.abc import Sequence
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.ids import new_id
from contracts import RegistrationCreated, RegistrationType, WaitlistEnd
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.access_codes import FIRST_VERSION
from registration.admission.errors import AlreadyRegistered
from registration.catalog.cache import CategoryCache
from registration.catalog.errors import UnknownCategory
from registration.catalog.queries import get_category
from registration.catalog.rules import CategorySnapshot
from registration.entries.creation import registration_created
from registration.entries.errors import RegistrationClosed
from registration.entries.people import Person
from registration.entries.person_columns import PERSON_COLUMNS, person_row
from registration.entries.rules import Status, registration_number
from registration.entries.tables import Registration
from registration.places import commands as places
from registration.prices.rules import Price
from registration.waitlist.errors import (
    AlreadyWaiting,
    NoOffer,
    NotWaiting,
    OfferExpired,
    PlacesAvailable,
    UnknownWaitlistEntry,
)
from registration.waitlist.offer_prices import agree, fixed_price, require_code
from registration.waitlist.offering import end_entries, leave_line, offer_free_places, registration_over
from registration.waitlist.outages import is_open_offer
from registration.waitlist.queries import registered_again
from registration.waitlist.rules import OfferTerms, WaitlistStatus, prioritised
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant

REGISTERED_ELSEWHERE = "somebody in it is registered already"
_ELSEWHERE = WaitlistEnd.REGISTERED_ELSEWHERE


async def join(
    work: UnitOfWork,
    category: CategorySnapshot,
    kind: RegistrationType,
    people: Sequence[Person],
    *,
    terms_accepted: bool,
    promo_code: str | None = None,
) -> WaitlistEntry:
    """Add an entry at the end of a full category's waiting list.

    Args:
        promo_code: taken off the price when places are offered, if it is still valid then and has uses left.

    Raises:
        UnknownCategory, PlacesAvailable, AlreadyRegistered, AlreadyWaiting, TypeNotOffered, PromoNotValid,
            PromoCodeRequired.
    """
    left = await places.lock_places(work, category.category_id)
    if left is None:
        raise UnknownCategory
    if left >= kind.size:
        raise PlacesAvailable(places_left=left)
    promo = await require_code(work, category, kind, promo_code)
    entry = WaitlistEntry(
        id=new_id(),
        event_id=category.event_id,
        race_category_id=category.category_id,
        registration_type=kind.value,
        total_participants=kind.size,
        promo_code_id=promo.promo_id if promo else None,
        promo_code=promo_code,
        status=WaitlistStatus.WAITING,
        access_version=FIRST_VERSION,
        terms_accepted_at=work.now if terms_accepted else None,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(entry)
    await work.session.flush()
    await _insert_participants(work, entry, people)
    again = await registered_again(work.session, entry.id)
    if again:
        raise AlreadyRegistered(participants=again)
    return entry


async def _insert_participants(work: UnitOfWork, entry: WaitlistEntry, people: Sequence[Person]) -> None:
    common = {"entry_id": entry.id, "race_category_id": entry.race_category_id, "live": True}
    rows = [{**person_row(person), **common, "position": position} for position, person in enumerate(people)]
    inserting = (
        upsert(WaitlistParticipant).values(rows).on_conflict_do_nothing().returning(WaitlistParticipant.position)
    )
    stood = set((await work.session.execute(inserting)).scalars())
    again = [row["position"] for row in rows if row["position"] not in stood]
    if again:
        raise AlreadyWaiting(participants=again)


async def hold_entry(work: UnitOfWork, entry_id: UUID) -> WaitlistEntry:
    """Lock the places of an entry's category and then the entry; return the entry.

    Raises:
        UnknownWaitlistEntry.
    """
    category = select(WaitlistEntry.race_category_id).where(WaitlistEntry.id == entry_id)
    category_id = (await work.session.execute(category)).scalar_one_or_none()
    if category_id is None:
        raise UnknownWaitlistEntry
    await places.lock_places(work, category_id)
    entry = select(WaitlistEntry).where(WaitlistEntry.id == entry_id).with_for_update()
    return (await work.session.execute(entry)).scalar_one()


async def leave(
    work: UnitOfWork,
    entry_id: UUID,
    *,
    terms: OfferTerms,
    by: str,
    action: str,
    end: WaitlistEnd = WaitlistEnd.WITHDRAWN,
    reason: str | None = None,
) -> None:
    """End an entry for its runner or for staff; places held for it are offered to the next entry.

    Raises:
        UnknownWaitlistEntry, NotWaiting.
    """
    entry = await hold_entry(work, entry_id)
    category_id, status = entry.race_category_id, entry.status
    own = WaitlistEntry.id == entry_id
    if not await end_entries(work, category_id, WaitlistStatus.WITHDRAWN, own, end=end, reason=reason):
        raise NotWaiting(waitlist_status=status)
    await offer_free_places(work, category_id, terms=terms)
    after = {"status": WaitlistStatus.WITHDRAWN.value}
    await work.audit(by, action, f"waitlist:{entry_id}", before={"status": status}, after=after)


async def prioritise(work: UnitOfWork, entry_id: UUID, *, terms: OfferTerms, by: str) -> None:
    """Put an entry before all others. It gets free places at once, otherwise the next ones, saved up for a group.

    Raises:
        UnknownWaitlistEntry, NotWaiting, RegistrationClosed.
    """
    entry = await hold_entry(work, entry_id)
    if entry.status != WaitlistStatus.WAITING:
        raise NotWaiting(waitlist_status=entry.status)
    category = await get_category(work.session, entry.race_category_id)
    if category is None or registration_over(category, work.now):
        raise RegistrationClosed
    before = {"status": entry.status, "turn": entry.turn}
    entry.turn = prioritised(entry.turn)
    await work.session.flush()
    await offer_free_places(work, entry.race_category_id, terms=terms)
    await work.session.refresh(entry)
    after = {"status": entry.status, "turn": entry.turn}
    await work.audit(by, "waitlist.offer", f"waitlist:{entry_id}", before=before, after=after)


class _Elsewhere(Exception):
    """A person of the entry has another live registration."""


async def accept(
    work: UnitOfWork, entry_id: UUID, *, categories: CategoryCache, terms: OfferTerms
) -> RegistrationCreated | AlreadyRegistered:
    """Turn an offer into a registration at the price of the offer.

    Return `AlreadyRegistered`, instead of raising it, if one of the people is registered by now: the withdrawal has to
    be committed, and the places go to the next entry.

    Raises:
        UnknownWaitlistEntry, NoOffer, OfferExpired, RegistrationClosed, TypeNotOffered.
    """
    entry = await hold_entry(work, entry_id)
    await _refuse_without_offer(work, entry)
    category = await categories.current(work.session, entry.race_category_id)
    if category is None or registration_over(category, work.now):
        raise RegistrationClosed
    try:
        async with work.session.begin_nested():
            created = await _register(work, entry, category, terms)
    except _Elsewhere:
        return await _withdraw(work, entry_id, category, terms)
    work.publish(created, subject=entry_id)
    return created


async def _refuse_without_offer(work: UnitOfWork, entry: WaitlistEntry) -> None:
    if await is_open_offer(work.session, entry, now=work.now):
        return
    if entry.status in (WaitlistStatus.EXPIRED, WaitlistStatus.OFFERED):
        raise OfferExpired
    raise NoOffer(waitlist_status=entry.status)


async def _withdraw(
    work: UnitOfWork, entry_id: UUID, category: CategorySnapshot, terms: OfferTerms
) -> AlreadyRegistered:
    own = WaitlistEntry.id == entry_id
    again = await registered_again(work.session, entry_id)
    await end_entries(
        work, category.category_id, WaitlistStatus.WITHDRAWN, own, end=_ELSEWHERE, reason=REGISTERED_ELSEWHERE
    )
    await offer_free_places(work, category.category_id, terms=terms)
    return AlreadyRegistered(participants=again)


async def _register(
    work: UnitOfWork, entry: WaitlistEntry, category: CategorySnapshot, terms: OfferTerms
) -> RegistrationCreated:
    """Insert the registration that an offer becomes and return its event.

    Raises:
        TypeNotOffered.
        _Elsewhere: a person of the entry is registered already.
    """
    kind = RegistrationType(entry.registration_type)
    price = fixed_price(entry) or (await agree(work, category, [entry.id]))[entry.id]
    people = await _people(work, entry.id)
    number = await places.take_offered(work, entry.race_category_id, entry.total_participants)
    created = registration_created(
        category,
        people,
        registration_id=entry.id,
        number=registration_number(category.prefix, number),
        kind=kind,
        price=price,
        expires_at=work.now + category.payment_deadline,
        access=terms.codes.make(entry.id, entry.access_version),
        revision=entry.revision + 1,
    )
    await _write(work, created, entry, price)
    entry.status = WaitlistStatus.ACCEPTED
    entry.updated_at = work.now
    await work.session.flush()
    await leave_line(work, [entry.id])
    return created


async def _people(work: UnitOfWork, entry_id: UUID) -> Sequence[WaitlistParticipant]:
    person = WaitlistParticipant
    query = select(person).where(person.entry_id == entry_id).order_by(person.position)
    return (await work.session.execute(query)).scalars().all()


_PARTICIPANTS = text(f"""
    INSERT INTO participants (registration_id, event_id, position, live, {PERSON_COLUMNS})
    SELECT entry_id, :event_id, position, true, {PERSON_COLUMNS}
      FROM waitlist_participants WHERE entry_id = :registration_id ORDER BY person_key
    ON CONFLICT (event_id, person_key) WHERE live DO NOTHING
    RETURNING 1
""")  # noqa: S608  # only constants are inserted


async def _write(work: UnitOfWork, created: RegistrationCreated, entry: WaitlistEntry, price: Price) -> None:
    registration = insert(Registration).values(
        id=created.registration_id,
        event_id=created.event.event_id,
        race_category_id=created.category_id,
        registration_number=created.registration_number,
        registration_type=created.registration_type,
        total_participants=created.total_participants,
        total_amount=created.total_amount,
        list_amount=created.list_amount,
        price_phase_id=price.phase_id,
        price_phase=price.phase,
        promo_code_id=price.promo_id,
        promo_code=price.promo_code,
        currency=created.currency,
        status=Status.PENDING_PAYMENT,
        revision=created.revision,
        access_version=entry.access_version,
        expires_at=created.expires_at,
        terms_accepted_at=entry.terms_accepted_at,
        created_at=work.now,
        updated_at=work.now,
    )
    await work.session.execute(registration)
    own = {"registration_id": created.registration_id, "event_id": created.event.event_id}
    if len((await work.session.execute(_PARTICIPANTS, own)).all()) != created.total_participants:
        raise _Elsewhere
