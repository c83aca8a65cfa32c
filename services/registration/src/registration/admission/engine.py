"""Admission of many at once: one transaction, a handful of set-based statements, whatever the number of requests.

Locks are taken in the order places, then participants, here and wherever places are given back, so that admission,
expiry, cancelling and verification cannot wait for each other in a circle.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.database import NOTIFY, PUBLISHED, Database, UnitOfWork
from chassis.errors import StartlineError
from contracts import RegisteredParticipant, RegistrationCreated
from pydantic_core import to_json
from sqlalchemy import select, text

from registration.admission.errors import AlreadyRegistered, CategoryFull, IdempotencyKeyReused
from registration.admission.rules import Application, fitting
from registration.admission.tables import IdempotencyKey
from registration.catalog.rules import CategoryOffer
from registration.entries.rules import Status, registration_number


@dataclass(frozen=True, slots=True)
class Admitted:
    """An answer to give: the body without its runner token, new or as it was given the first time."""

    body: dict[str, Any]
    replayed: bool = False


Outcome = Admitted | StartlineError


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch: an outcome for each application, and how many places are left, if that was learnt.

    An outcome is None where somebody earlier in the batch brings the same person: who gets in decides it, so ask again.
    """

    outcomes: list[Outcome | None]
    places_left: int | None


class Raced(Exception):
    """Another process was quicker with a person or key of this batch; look again."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is there already of what the batch brings."""

    answers: dict[str, tuple[str, str]]
    people: frozenset[str]


async def admit(
    database: Database, offer: CategoryOffer, applications: Sequence[Application], *, places_hint: int | None = None
) -> Batch:
    """Admit what can be admitted; each application gets its own outcome.

    Args:
        places_hint: places known to be left a moment ago. What needs more is refused without touching the places.

    Raises:
        Raced: nothing was changed, the same call again will know more.
    """
    async with database.work() as work:
        known = await _look(work, offer, applications)
        outcomes, wanting = _sort_out(applications, known, places_hint)
        if not wanting:
            return Batch(outcomes, None)
        chosen = [applications[index] for index in wanting]
        fits, first_number, places_left = await _take_places(work, offer, chosen)
        entries = _entries(work.now, offer, chosen, fits, first_number)
        if entries:
            await _write(work, offer, entries)
    bodies = iter(entries)
    for index, fit in zip(wanting, fits, strict=True):
        outcomes[index] = Admitted(next(bodies).body) if fit else CategoryFull(places_left=places_left)
    return Batch(outcomes, places_left)


async def first_answer(database: Database, key: str, request_hash: str) -> Outcome | None:
    """What a request with this key was answered, if it got in."""
    query = select(IdempotencyKey.request_hash, IdempotencyKey.response).where(IdempotencyKey.key == key)
    async with database.read() as session:
        found = (await session.execute(query)).first()
    return None if found is None else _repeated(request_hash, found.request_hash, found.response)


_LOOK = text("""
    SELECT 'key' AS kind, key AS value, request_hash, response
      FROM idempotency_keys WHERE key = ANY(CAST(:keys AS text[]))
    UNION ALL
    SELECT 'person', person_key, NULL, NULL
      FROM participants WHERE live AND event_id = :event_id AND person_key = ANY(CAST(:people AS text[]))
""")


async def _look(work: UnitOfWork, offer: CategoryOffer, applications: Sequence[Application]) -> _Known:
    keys = [each.idempotency_key for each in applications if each.idempotency_key]
    people = [person.person_key for each in applications for person in each.people]
    rows = (await work.session.execute(_LOOK, {"keys": keys, "people": people, "event_id": offer.event_id})).all()
    return _Known(
        answers={row.value: (row.request_hash, row.response) for row in rows if row.kind == "key"},
        people=frozenset(row.value for row in rows if row.kind == "person"),
    )


def _sort_out(
    applications: Sequence[Application], known: _Known, places_hint: int | None
) -> tuple[list[Outcome | None], list[int]]:
    """Replays and refusals that need no places; the indexes of the rest, in their order of arrival."""
    outcomes: list[Outcome | None] = []
    wanting: list[int] = []
    ahead: set[str] = set()
    for index, application in enumerate(applications):
        people = {person.person_key for person in application.people}
        outcome = _replay(application, known) or _refuse_known_people(application, known)
        if outcome is None and places_hint is not None and application.size > places_hint:
            outcome = CategoryFull(places_left=places_hint)
        outcomes.append(outcome)
        if outcome is None and not people & ahead:
            wanting.append(index)
            ahead |= people
    return outcomes, wanting


def _replay(application: Application, known: _Known) -> Outcome | None:
    found = known.answers.get(application.idempotency_key or "")
    if found is None:
        return None
    return _repeated(application.request_hash, *found)


def _repeated(request_hash: str, first_hash: str, response: str) -> Outcome:
    return Admitted(json.loads(response), replayed=True) if request_hash == first_hash else IdempotencyKeyReused()


def _refuse_known_people(application: Application, known: _Known) -> StartlineError | None:
    again = [index for index, person in enumerate(application.people) if person.person_key in known.people]
    return AlreadyRegistered(participants=again) if again else None


_TAKE = text("""
    UPDATE category_places SET taken = taken + :places, last_number = last_number + :numbers
     WHERE category_id = :category_id AND taken + :places <= quota
    RETURNING quota - taken AS places_left, last_number
""")

_LOCK = text("SELECT quota - taken FROM category_places WHERE category_id = :category_id FOR UPDATE")


async def _take_places(
    work: UnitOfWork, offer: CategoryOffer, wanting: Sequence[Application]
) -> tuple[list[bool], int, int]:
    """Take places for all, or near the end for those who fit: who got some, their first number, the places left."""
    sizes = [application.size for application in wanting]
    fits = [True] * len(sizes)
    taken = await _take(work, offer, sum(sizes), len(sizes))
    if taken is None:
        places_left = (await work.session.execute(_LOCK, {"category_id": offer.category_id})).scalar_one_or_none() or 0
        fits = fitting(sizes, places_left)
        if not any(fits):
            return fits, 0, places_left
        places = sum(size for size, fit in zip(sizes, fits, strict=True) if fit)
        taken = await _take(work, offer, places, sum(fits))
    if taken is None:
        raise Raced
    places_left, last_number = taken
    return fits, last_number - sum(fits) + 1, places_left


async def _take(work: UnitOfWork, offer: CategoryOffer, places: int, numbers: int) -> tuple[int, int] | None:
    values = {"category_id": offer.category_id, "places": places, "numbers": numbers}
    row = (await work.session.execute(_TAKE, values)).first()
    return None if row is None else (row.places_left, row.last_number)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An application that has its places and number."""

    application: Application
    number: str
    created_at: datetime
    expires_at: datetime
    body: dict[str, Any]


def _entries(
    now: datetime, offer: CategoryOffer, wanting: Sequence[Application], fits: Sequence[bool], first_number: int
) -> list[_Entry]:
    admitted = [application for application, fit in zip(wanting, fits, strict=True) if fit]
    expires_at = now + offer.payment_deadline
    entries = []
    for sequence, application in enumerate(admitted, start=first_number):
        number = registration_number(offer.prefix, sequence)
        body = _body(offer, application, number, now, expires_at)
        entries.append(_Entry(application, number, now, expires_at, body))
    return entries


def _body(
    offer: CategoryOffer, application: Application, number: str, now: datetime, expires_at: datetime
) -> dict[str, Any]:
    return {
        "registration_id": str(application.registration_id),
        "registration_number": number,
        "event_id": str(offer.event_id),
        "category_id": str(offer.category_id),
        "registration_type": application.kind.value,
        "status": Status.PENDING_PAYMENT.value,
        "total_participants": application.size,
        "total_amount": f"{application.amount:.2f}",
        "currency": offer.currency,
        "created_at": now.isoformat(),
        "expires_at": expires_at.isoformat(),
        "participants": [
            {"participant_id": str(person.participant_id), "full_name": person.full_name, "is_pic": person.is_pic}
            for person in application.people
        ],
    }


_WRITE = text(f"""
    WITH {PUBLISHED}, entries AS (
        INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type,
                                   total_participants, total_amount, currency, status, revision,
                                   expires_at, created_at, updated_at)
        SELECT id, :event_id, :category_id, number, kind, size, amount, :currency, 'pending_payment', 1,
               :expires_at, :now, :now
          FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:kinds AS text[]),
                      CAST(:sizes AS int[]), CAST(:amounts AS numeric[])) AS entry(id, number, kind, size, amount)
    ), people AS (
        INSERT INTO participants (id, registration_id, event_id, position, person_key, live, is_pic, full_name, email,
                                  whatsapp, gender, date_of_birth, jersey_size, identity_number,
                                  emergency_contact_name, emergency_contact_phone)
        SELECT id, registration_id, :event_id, position, person_key, true, is_pic, full_name, email,
               whatsapp, gender, date_of_birth, jersey_size, identity_number, emergency_name, emergency_phone
          FROM unnest(CAST(:p_ids AS uuid[]), CAST(:p_registrations AS uuid[]), CAST(:p_positions AS int[]),
                      CAST(:p_keys AS text[]), CAST(:p_pics AS bool[]), CAST(:p_names AS text[]),
                      CAST(:p_emails AS text[]), CAST(:p_whatsapps AS text[]), CAST(:p_genders AS text[]),
                      CAST(:p_births AS date[]), CAST(:p_sizes AS text[]), CAST(:p_identities AS text[]),
                      CAST(:p_emergency_names AS text[]), CAST(:p_emergency_phones AS text[]))
               AS person(id, registration_id, position, person_key, is_pic, full_name, email, whatsapp, gender,
                         date_of_birth, jersey_size, identity_number, emergency_name, emergency_phone)
         ORDER BY person_key
        ON CONFLICT (event_id, person_key) WHERE live DO NOTHING
        RETURNING 1
    ), keys AS (
        INSERT INTO idempotency_keys (key, request_hash, registration_id, response, created_at)
        SELECT key, hash, registration_id, response, :now
          FROM unnest(CAST(:k_keys AS text[]), CAST(:k_hashes AS text[]), CAST(:k_registrations AS uuid[]),
                      CAST(:k_responses AS text[])) AS answer(key, hash, registration_id, response)
         ORDER BY key
        ON CONFLICT (key) DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM keys) AS keys, {NOTIFY}
""")  # noqa: S608  # the parts put in are our own


async def _write(work: UnitOfWork, offer: CategoryOffer, entries: Sequence[_Entry]) -> None:
    """Everything that makes the entries true, and their events, in one statement: the places are held meanwhile.

    Raises:
        Raced: somebody else registered one of the people, or used one of the keys, since we looked.
    """
    for entry in entries:
        work.publish(_created(offer, entry), subject=entry.application.registration_id)
    people = _people_columns(entries)
    keys = _key_columns(entries)
    values = {
        "event_id": offer.event_id,
        "category_id": offer.category_id,
        "currency": offer.currency,
        "expires_at": entries[0].expires_at,
        "now": work.now,
        **_entry_columns(entries),
        **people,
        **keys,
        **work.events_to_write(),
    }
    written = (await work.session.execute(_WRITE, values)).one()
    if written.people != len(people["p_ids"]) or written.keys != len(keys["k_keys"]):
        raise Raced


def _entry_columns(entries: Sequence[_Entry]) -> dict[str, list[Any]]:
    return {
        "ids": [entry.application.registration_id for entry in entries],
        "numbers": [entry.number for entry in entries],
        "kinds": [entry.application.kind.value for entry in entries],
        "sizes": [entry.application.size for entry in entries],
        "amounts": [entry.application.amount for entry in entries],
    }


def _people_columns(entries: Sequence[_Entry]) -> dict[str, list[Any]]:
    rows = [
        (entry.application.registration_id, position, person)
        for entry in entries
        for position, person in enumerate(entry.application.people)
    ]
    people = [person for _, _, person in rows]
    return {
        "p_registrations": [registration_id for registration_id, _, _ in rows],
        "p_positions": [position for _, position, _ in rows],
        "p_ids": [person.participant_id for person in people],
        "p_keys": [person.person_key for person in people],
        "p_pics": [person.is_pic for person in people],
        "p_names": [person.full_name for person in people],
        "p_emails": [person.email for person in people],
        "p_whatsapps": [person.whatsapp for person in people],
        "p_genders": [person.gender for person in people],
        "p_births": [person.date_of_birth for person in people],
        "p_sizes": [person.jersey_size.value for person in people],
        "p_identities": [person.identity_number for person in people],
        "p_emergency_names": [person.emergency_contact_name for person in people],
        "p_emergency_phones": [person.emergency_contact_phone for person in people],
    }


def _key_columns(entries: Sequence[_Entry]) -> dict[str, list[Any]]:
    keyed = [entry for entry in entries if entry.application.idempotency_key]
    return {
        "k_keys": [entry.application.idempotency_key for entry in keyed],
        "k_hashes": [entry.application.request_hash for entry in keyed],
        "k_registrations": [entry.application.registration_id for entry in keyed],
        "k_responses": [to_json(entry.body).decode() for entry in keyed],
    }


def _created(offer: CategoryOffer, entry: _Entry) -> RegistrationCreated:
    application = entry.application
    return RegistrationCreated(
        registration_id=application.registration_id,
        registration_number=entry.number,
        revision=1,
        event=offer.event,
        category_id=offer.category_id,
        category_name=offer.category_name,
        registration_type=application.kind,
        total_participants=application.size,
        total_amount=application.amount,
        currency=offer.currency,
        expires_at=entry.expires_at,
        participants=tuple(
            RegisteredParticipant(
                participant_id=person.participant_id,
                full_name=person.full_name,
                email=person.email,
                whatsapp=person.whatsapp,
                is_pic=person.is_pic,
            )
            for person in application.people
        ),
    )
