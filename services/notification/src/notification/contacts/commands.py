"""Updating contacts by events of registration and payment."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import NotYet
from chassis.telemetry import logger
from contracts import (
    ConfirmedParticipant,
    EventSummary,
    RegisteredParticipant,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    WaitlistEnded,
    WaitlistJoined,
    WaitlistOffered,
)
from contracts.registrations import RegistrationPayload
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.contacts.queries import participants_of
from notification.contacts.rules import (
    BEFORE_AN_OFFER,
    UNREGISTERED,
    Stage,
    addresses_in,
    canonical_addresses,
    kept_addresses,
)
from notification.contacts.tables import Contact, Participant

log = logger(__name__)

# The values are passed as parameters: SQLAlchemy would compile a statement that contains them for each event.
_CONTACTS = upsert(Contact)
_ADD_IF_UNKNOWN = _CONTACTS.on_conflict_do_nothing()
_ADD_OR_FOLLOW = _CONTACTS.on_conflict_do_update(
    index_elements=[Contact.registration_id],
    set_={name: _CONTACTS.excluded[name] for name in ("total_amount", "currency", "expires_at", "revision")},
    where=(Contact.stage == Stage.WAITING) & (Contact.revision < _CONTACTS.excluded.revision),
)
_TAKEN_OVER = (
    "registration_number event_id category_id event_name event_date event_location category_name total_amount currency"
    " expires_at stage revision created_at"
)
_ADD_OR_TAKE_OVER = _CONTACTS.on_conflict_do_update(
    index_elements=[Contact.registration_id],
    set_={name: _CONTACTS.excluded[name] for name in _TAKEN_OVER.split()},
    where=Contact.stage.in_(UNREGISTERED),
)
_PERSON = ("full_name", "email", "whatsapp", "unreadable", "revision")
_PARTICIPANTS = upsert(Participant)
_ADD_OR_CORRECT = _PARTICIPANTS.on_conflict_do_update(
    index_elements=[Participant.participant_id],
    set_={name: _PARTICIPANTS.excluded[name] for name in _PERSON},
    where=Participant.revision < _PARTICIPANTS.excluded.revision,
)
_REWRITE = (
    update(Participant)
    .where(Participant.participant_id == bindparam("of"))
    .values(email=bindparam("email"), whatsapp=bindparam("whatsapp"), unreadable=bindparam("unreadable"))
)


async def add_contact(work: UnitOfWork, created: RegistrationCreated) -> None:
    """Store a registration and its participants. Idempotent; a waiting-list contact becomes a registration."""
    contact = {
        **_contact_columns(created),
        "registration_number": created.registration_number,
        "expires_at": created.expires_at,
        "stage": Stage.CREATED,
        "revision": created.revision,
        "created_at": work.now,
    }
    await work.session.execute(_ADD_OR_TAKE_OVER, [contact])
    await _add_participants(work, created, created.participants, revision=created.revision)


async def add_joined_contact(work: UnitOfWork, joined: WaitlistJoined) -> bool:
    """Store the contact of a waiting-list entry, or its newest data. Return False if it has had an offer already.

    An offer of the same revision has the same contact or a newer one, so it may replace the participant.
    """
    contact = {
        **_race_columns(joined),
        "total_amount": Decimal(),
        "currency": "",
        "expires_at": joined.joined_at,
        "stage": Stage.WAITING,
        "revision": BEFORE_AN_OFFER,
        "created_at": work.now,
    }
    await work.session.execute(_ADD_IF_UNKNOWN, [contact])
    known = await _lock_known(work, joined.registration_id)
    await _add_participants(work, joined, (joined.contact,), revision=joined.revision - 1)
    return known.had_no_offer


async def add_waiting_contact(work: UnitOfWork, offered: WaitlistOffered) -> bool:
    """Store the contact of an offer, or its newest data. Return False if the offer was accepted already."""
    contact = {
        **_contact_columns(offered),
        "expires_at": offered.offer_expires_at,
        "stage": Stage.WAITING,
        "revision": offered.revision,
        "created_at": work.now,
    }
    await work.session.execute(_ADD_OR_FOLLOW, [contact])
    known = await _lock_known(work, offered.registration_id)
    await _add_participants(work, offered, (offered.contact,), revision=offered.revision)
    return known.stage == Stage.WAITING


async def _lock_known(work: UnitOfWork, registration_id: UUID) -> Contact:
    """Return a contact that is stored. It is locked before its participants, as in every handler."""
    stored = select(Contact).where(Contact.registration_id == registration_id).with_for_update()
    return (await work.session.execute(stored, execution_options={"populate_existing": True})).scalar_one()


async def end_offer(work: UnitOfWork, ended: WaitlistEnded) -> bool:
    """Mark an offer as ended. Return False if it was ended before or was accepted.

    Raises:
        NotYet: `WaitlistOffered` has not arrived.
    """
    locked = select(Contact).where(Contact.registration_id == ended.registration_id).with_for_update()
    contact = (await work.session.execute(locked)).scalar_one_or_none()
    if contact is None or contact.had_no_offer:
        raise NotYet(f"the offer {ended.registration_id}")
    if contact.stage != Stage.WAITING or ended.revision < contact.revision:
        return False
    contact.stage, contact.revision = Stage.OFFER_ENDED, ended.revision
    return True


def _contact_columns(payload: RegistrationCreated | WaitlistOffered) -> dict[str, Any]:
    return {**_race_columns(payload), "total_amount": payload.total_amount, "currency": payload.currency}


def _race_columns(payload: RegistrationCreated | WaitlistOffered | WaitlistJoined) -> dict[str, Any]:
    event: EventSummary = payload.event
    return {
        "registration_id": payload.registration_id,
        "event_id": event.event_id,
        "category_id": payload.category_id,
        "event_name": event.name,
        "event_date": event.event_date,
        "event_location": event.location,
        "category_name": payload.category_name,
    }


async def _add_participants(
    work: UnitOfWork,
    payload: RegistrationCreated | WaitlistOffered | WaitlistJoined,
    people: Iterable[RegisteredParticipant],
    *,
    revision: int,
) -> None:
    about = {"registration_id": payload.registration_id, "revision": revision}
    rows = [
        {**person, **addresses_in(payload.event, person), **about} for person in (each.model_dump() for each in people)
    ]
    await work.session.execute(_ADD_OR_CORRECT, rows)


async def correct_participant(work: UnitOfWork, corrected: RegistrationCorrected) -> None:
    """Store corrected name and addresses, unless those of a newer event are stored.

    Raises:
        NotYet: the participant is not stored yet, or was stored between both statements.
    """
    person = corrected.participant.model_dump(include={"full_name", "email", "whatsapp"})
    known = Participant.participant_id == corrected.participant.participant_id
    older = (
        update(Participant)
        .where(known, Participant.revision < corrected.revision)
        .values(**{**person, **kept_addresses(person)}, revision=corrected.revision)
    )
    if (await work.session.execute(older.returning(Participant.participant_id))).first() is not None:
        return
    stored = (await work.session.execute(select(Participant.revision).where(known))).scalar_one_or_none()
    if stored is None or stored < corrected.revision:
        raise NotYet(f"participant {corrected.participant.participant_id}")


async def canonicalize_batch(work: UnitOfWork, *, limit: int) -> int:
    """Convert the addresses of at most `limit` rows of older releases to canonical form; return the number of rows."""
    unread = select(Participant.participant_id, Participant.email, Participant.whatsapp)
    unread = unread.where(Participant.unreadable.is_(None)).order_by(Participant.participant_id).limit(limit)
    found = (await work.session.execute(unread.with_for_update(skip_locked=True))).mappings().all()
    rows = [{"of": each["participant_id"], **canonical_addresses(dict(each))} for each in found]
    if rows:
        connection = await work.session.connection()
        await connection.execute(_REWRITE, rows)
        log.info("addresses_canonicalized", count=len(rows), unreadable=sum(bool(row["unreadable"]) for row in rows))
    return len(rows)


async def lock_contact(work: UnitOfWork, registration_id: UUID) -> Contact:
    """Return the contact, locked, so that events about one registration are handled one after the other.

    Raises:
        NotYet: `RegistrationCreated` has not arrived.
    """
    locked = select(Contact).where(Contact.registration_id == registration_id).with_for_update()
    contact = (await work.session.execute(locked)).scalar_one_or_none()
    if contact is None or contact.stage in UNREGISTERED:
        raise NotYet(f"the contact of registration {registration_id}")
    return contact


def apply_event(contact: Contact, payload: RegistrationPayload, stage: Stage) -> bool:
    """Set stage and revision by an event. Return False, and change nothing, if a newer event was handled before."""
    if payload.revision < contact.revision:
        return False
    contact.stage = stage
    contact.revision = payload.revision
    return True


def apply_expiry(contact: Contact, expired: RegistrationExpired) -> bool:
    """Set stage and revision by an expiry. Return False, and keep the stage, if a newer event was handled before.

    That includes a payment event which registration did not know: it will handle that and publish its new state.
    """
    known_sequence = expired.payment_sequence
    if known_sequence is not None and known_sequence < contact.payment_sequence:
        contact.revision = max(contact.revision, expired.revision)
        return False
    if not apply_event(contact, expired, Stage.EXPIRED):
        return False
    contact.end_heard = known_sequence
    return True


def record_payment_event(contact: Contact, *, at: datetime, sequence: int = 0) -> bool:
    """Store a payment event if it is newer than the last one. Return whether the runner is to be notified of it.

    That is not the case if it is older, or if the registration is confirmed or ended. An expiry that did not know of
    the event is undone.

    Args:
        sequence: the invoice's sequence in the event; 0 from older releases, where `at` decides.
    """
    if sequence:
        known = sequence <= contact.payment_sequence
    else:
        known = contact.payment_news_at is not None and at < contact.payment_news_at
    if known:
        return False
    contact.payment_news_at, contact.payment_sequence = at, max(sequence, contact.payment_sequence)
    if contact.stage == Stage.EXPIRED and contact.end_heard is not None and contact.end_heard < sequence:
        contact.stage = Stage.CREATED
    return contact.stage == Stage.CREATED


async def store_tickets(work: UnitOfWork, confirmed: RegistrationConfirmed, contact: Contact) -> None:
    """Store race and category of a confirmation, and each participant's BIB and ticket code.

    Raises:
        NotYet: a participant is not stored yet.
    """
    contact.event_id = confirmed.event.event_id
    contact.category_id = confirmed.category_id
    contact.event_name = confirmed.event.name
    contact.event_date = confirmed.event.event_date
    contact.event_location = confirmed.event.location
    contact.category_name = confirmed.category_name
    known = await participants_of(work.session, contact.registration_id)
    for runner in confirmed.participants:
        _store_ticket(known, runner, revision=confirmed.revision)


def _store_ticket(known: dict[UUID, Participant], runner: ConfirmedParticipant, *, revision: int) -> None:
    participant = known.get(runner.participant_id)
    if participant is None:
        raise NotYet(f"participant {runner.participant_id}")
    if revision > participant.revision:
        participant.full_name = runner.full_name
    participant.bib_number = runner.bib_number
    participant.ticket_code = runner.ticket_code
