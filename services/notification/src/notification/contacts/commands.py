"""Keeping contacts in step with their registrations."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import (
    ConfirmedParticipant,
    EventSummary,
    RegisteredParticipant,
    RegistrationConfirmed,
    RegistrationCreated,
    WaitlistOffered,
)
from contracts.registrations import RegistrationPayload
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.contacts.rules import Stage
from notification.contacts.tables import Contact, Participant

# Their values come separately: a statement that holds them is taken apart anew for each event.
_ADD = upsert(Contact).on_conflict_do_nothing()
_TAKEN_OVER = (
    "registration_number event_name event_date event_location category_name total_amount currency expires_at stage"
    " revision created_at"
)
_ADD_OR_TAKE_OVER = upsert(Contact).on_conflict_do_update(
    index_elements=[Contact.registration_id],
    set_={name: upsert(Contact).excluded[name] for name in _TAKEN_OVER.split()},
    where=Contact.stage == Stage.WAITING,
)


async def add_contact(work: UnitOfWork, created: RegistrationCreated) -> None:
    """Remember a registration and its runners. One that is known already, not only as waiting, stays as it is."""
    contact = {
        **_named(created),
        "registration_number": created.registration_number,
        "expires_at": created.expires_at,
        "stage": Stage.CREATED,
        "revision": created.revision,
        "created_at": work.now,
    }
    await work.session.execute(_ADD_OR_TAKE_OVER, [contact])
    await _add_participants(work, created.registration_id, created.participants)


async def add_waiting_contact(work: UnitOfWork, offered: WaitlistOffered) -> bool:
    """Remember whoever may take an offer; False when it was taken already."""
    contact = {
        **_named(offered),
        "expires_at": offered.offer_expires_at,
        "stage": Stage.WAITING,
        "revision": 0,
        "created_at": work.now,
    }
    await work.session.execute(_ADD, [contact])
    await _add_participants(work, offered.registration_id, (offered.contact,))
    known = select(Contact.stage).where(Contact.registration_id == offered.registration_id).with_for_update()
    return (await work.session.execute(known)).scalar_one() == Stage.WAITING


def _named(news: RegistrationCreated | WaitlistOffered) -> dict[str, Any]:
    event: EventSummary = news.event
    return {
        "registration_id": news.registration_id,
        "event_name": event.name,
        "event_date": event.event_date,
        "event_location": event.location,
        "category_name": news.category_name,
        "total_amount": news.total_amount,
        "currency": news.currency,
    }


async def _add_participants(work: UnitOfWork, registration_id: UUID, people: Iterable[RegisteredParticipant]) -> None:
    rows = [{**each.model_dump(), "registration_id": registration_id} for each in people]
    await work.session.execute(upsert(Participant).on_conflict_do_nothing(), rows)


async def lock_contact(work: UnitOfWork, registration_id: UUID) -> Contact:
    """The contact, locked, so that news about one registration is taken in one after the other.

    Raises:
        NotYet: `RegistrationCreated` has not arrived.
    """
    locked = select(Contact).where(Contact.registration_id == registration_id).with_for_update()
    contact = (await work.session.execute(locked)).scalar_one_or_none()
    if contact is None or contact.stage == Stage.WAITING:
        raise NotYet(f"the contact of registration {registration_id}")
    return contact


async def participants_of(work: UnitOfWork, registration_id: UUID) -> dict[UUID, Participant]:
    """The registration's runners by their id."""
    chosen = select(Participant).where(Participant.registration_id == registration_id)
    found = (await work.session.execute(chosen)).scalars().all()
    return {participant.participant_id: participant for participant in found}


def person_in_charge(participants: Iterable[Participant]) -> Participant:
    """Whom messages about the whole registration go to."""
    return max(participants, key=lambda each: (each.is_pic, each.participant_id))


def move_on(contact: Contact, news: RegistrationPayload, stage: Stage) -> bool:
    """Let the contact follow `news`; False, and no change, when something newer was heard before."""
    if news.revision < contact.revision:
        return False
    contact.stage = stage
    contact.revision = news.revision
    return True


def note_payment_news(contact: Contact, *, at: datetime) -> bool:
    """Whether what happened to the payment at `at` still matters to the runner; if so it is noted.

    Once a registration is confirmed or ended, and after newer news of its payments, it does not.
    """
    if contact.stage != Stage.CREATED or (contact.payment_news_at is not None and at < contact.payment_news_at):
        return False
    contact.payment_news_at = at
    return True


async def give_tickets(work: UnitOfWork, confirmed: RegistrationConfirmed, contact: Contact) -> None:
    """Note the race as it is now, and each runner's BIB and ticket code.

    Raises:
        NotYet: a confirmed runner is not known.
    """
    contact.event_name = confirmed.event.name
    contact.event_date = confirmed.event.event_date
    contact.event_location = confirmed.event.location
    contact.category_name = confirmed.category_name
    known = await participants_of(work, contact.registration_id)
    for runner in confirmed.participants:
        _give_ticket(known, runner)


def _give_ticket(known: dict[UUID, Participant], runner: ConfirmedParticipant) -> None:
    participant = known.get(runner.participant_id)
    if participant is None:
        raise NotYet(f"participant {runner.participant_id}")
    participant.full_name = runner.full_name
    participant.bib_number = runner.bib_number
    participant.ticket_code = runner.ticket_code
