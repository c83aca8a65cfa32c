"""Inserts registrations: one statement that takes the places and writes all rows, answers and events.

The row of the category's places is locked from this statement to COMMIT (`places.commands.TAKE`). Everything that can
be computed before is computed before. Only the registration numbers are not known by then: the locked row issues them.
So answers and events are written with a random hex string in place of the number, and the statement replaces it
(`replace(answer, :number, number)`). The string is a new UUID for each statement, so no form can contain it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from chassis.canonical.folding import folded
from chassis.database import NOTIFY, UnitOfWork, publishing
from contracts import RegisteredParticipant, RegistrationCreated
from pydantic_core import to_json
from sqlalchemy import text

from registration.access_codes import FIRST_VERSION
from registration.admission.rules import RegistrationRequest
from registration.catalog.rules import CategorySnapshot
from registration.entries.rules import Status, registration_number
from registration.places.commands import TAKE

Body = dict[str, Any]
"""An answer to a runner, without its token."""


class ConcurrentConflict(Exception):
    """A concurrent transaction has stored a person or key of this batch; try again."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """The answers, in the order of the requests, and the places left."""

    bodies: list[Body]
    places_left: int


_INSERT = text(f"""
    WITH taken AS ({TAKE}), category AS MATERIALIZED (
        -- As it is now that the places are held: the lock makes the database follow a change that was waited for, which
        -- a plain read would not, as the statement began before it.
        SELECT registration_prefix AS prefix FROM race_categories
         WHERE id = :category_id AND EXISTS (SELECT 1 FROM taken) FOR SHARE
    ), sequence AS MATERIALIZED (
        SELECT entry.*, CAST(numbers_before + position AS text) AS sequence
          FROM taken, unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:sizes AS int[]),
                             CAST(:amounts AS numeric[]), CAST(:events AS text[]), CAST(:keys AS text[]),
                             CAST(:hashes AS text[]), CAST(:answers AS text[])) WITH ORDINALITY
               AS entry(id, kind, size, amount, event, key, hash, answer, position)
    ), entries AS MATERIALIZED (
        SELECT sequence.*, prefix || '-' || lpad(sequence, greatest(5, length(sequence)), '0') AS number
          FROM sequence, category
    ), registered AS (
        INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type,
                                   total_participants, total_amount, currency, status, revision,
                                   access_version, expires_at, created_at, updated_at)
        SELECT id, :event_id, :category_id, number, kind, size, amount, :currency, 'pending_payment', 1,
               {FIRST_VERSION}, :expires_at, :now, :now
          FROM entries
    ), people AS (
        INSERT INTO participants (id, registration_id, event_id, position, person_key, live, is_pic, full_name, email,
                                  whatsapp, gender, date_of_birth, jersey_size, identity_number,
                                  emergency_contact_name, emergency_contact_phone, search_text)
        SELECT id, registration_id, :event_id, position, person_key, true, is_pic, full_name, email,
               whatsapp, gender, date_of_birth, jersey_size, identity_number, emergency_name, emergency_phone,
               search_text
          FROM taken, unnest(CAST(:p_ids AS uuid[]), CAST(:p_registrations AS uuid[]), CAST(:p_positions AS int[]),
                             CAST(:p_keys AS text[]), CAST(:p_pics AS bool[]), CAST(:p_names AS text[]),
                             CAST(:p_emails AS text[]), CAST(:p_whatsapps AS text[]), CAST(:p_genders AS text[]),
                             CAST(:p_births AS date[]), CAST(:p_sizes AS text[]), CAST(:p_identities AS text[]),
                             CAST(:p_emergency_names AS text[]), CAST(:p_emergency_phones AS text[]),
                             CAST(:p_searches AS text[]))
               AS person(id, registration_id, position, person_key, is_pic, full_name, email, whatsapp, gender,
                         date_of_birth, jersey_size, identity_number, emergency_name, emergency_phone, search_text)
         ORDER BY person_key
        ON CONFLICT (event_id, person_key) WHERE live DO NOTHING
        RETURNING 1
    ), remembered AS (
        INSERT INTO idempotency_keys (key, request_hash, registration_id, response, created_at)
        SELECT key, hash, id, replace(answer, :number, number), :now FROM entries WHERE key IS NOT NULL ORDER BY key
        ON CONFLICT (key) DO NOTHING
        RETURNING 1
    ), {publishing("SELECT convert_to(replace(event, :number, number), 'UTF8') FROM entries ORDER BY position")}
    SELECT places_left, numbers_before, prefix, {NOTIFY},
           (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM remembered) AS keys
      FROM taken, category
""")  # noqa: S608  # the parts put in are our own


async def insert_registrations(
    work: UnitOfWork, category: CategorySnapshot, requests: Sequence[RegistrationRequest]
) -> Inserted | None:
    """Insert all registrations and return their answers; None, with nothing changed, if the places do not suffice.

    Raises:
        ConcurrentConflict: one of the people or keys was stored since `_find_existing`.
    """
    expires_at = work.now + category.payment_deadline
    number = uuid4().hex
    bodies = [_body(category, each, number, work.now, expires_at) for each in requests]
    for each in requests:
        work.publish(_created(category, each, number, expires_at), subject=each.registration_id)
    values = {
        "category_id": category.category_id,
        "event_id": category.event_id,
        "currency": category.currency,
        "number": number,
        "now": work.now,
        "expires_at": expires_at,
        "events": [event.decode() for event in work.take_events()],
        **_entry_columns(requests, bodies),
        **_people_columns(requests),
    }
    row = (await work.session.execute(_INSERT, values)).one_or_none()
    if row is None:
        return None
    if row.people != len(values["p_ids"]) or row.keys != sum(key is not None for key in values["keys"]):
        raise ConcurrentConflict
    for sequence, body in enumerate(bodies, start=row.numbers_before + 1):
        body["registration_number"] = registration_number(row.prefix, sequence)
    return Inserted(bodies, row.places_left)


def _body(
    category: CategorySnapshot, request: RegistrationRequest, number: str, now: datetime, expires_at: datetime
) -> Body:
    return {
        "registration_id": str(request.registration_id),
        "registration_number": number,
        "event_id": str(category.event_id),
        "category_id": str(category.category_id),
        "registration_type": request.kind.value,
        "status": Status.PENDING_PAYMENT.value,
        "total_participants": request.size,
        "total_amount": f"{request.amount:.2f}",
        "currency": category.currency,
        "created_at": now.isoformat(),
        "expires_at": expires_at.isoformat(),
        "participants": [
            {"participant_id": str(person.participant_id), "full_name": person.full_name, "is_pic": person.is_pic}
            for person in request.people
        ],
    }


def _entry_columns(requests: Sequence[RegistrationRequest], bodies: Sequence[Body]) -> dict[str, Any]:
    return {
        "places": sum(each.size for each in requests),
        "numbers": len(requests),
        "ids": [each.registration_id for each in requests],
        "kinds": [each.kind.value for each in requests],
        "sizes": [each.size for each in requests],
        "amounts": [each.amount for each in requests],
        "keys": [each.idempotency_key for each in requests],
        "hashes": [each.request_hash for each in requests],
        "answers": [
            to_json(body).decode() if each.idempotency_key else None
            for each, body in zip(requests, bodies, strict=True)
        ],
    }


def _people_columns(requests: Sequence[RegistrationRequest]) -> dict[str, list[Any]]:
    rows = [
        (request.registration_id, position, person)
        for request in requests
        for position, person in enumerate(request.people)
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
        "p_searches": [folded(person.full_name) for person in people],
    }


def _created(
    category: CategorySnapshot, request: RegistrationRequest, number: str, expires_at: datetime
) -> RegistrationCreated:
    return RegistrationCreated(
        registration_id=request.registration_id,
        registration_number=number,
        revision=1,
        event=category.event,
        category_id=category.category_id,
        category_name=category.category_name,
        registration_type=request.kind,
        total_participants=request.size,
        total_amount=request.amount,
        currency=category.currency,
        expires_at=expires_at,
        access=request.access,
        participants=tuple(
            RegisteredParticipant(
                participant_id=person.participant_id,
                full_name=person.full_name,
                email=person.email,
                whatsapp=person.whatsapp,
                is_pic=person.is_pic,
            )
            for person in request.people
        ),
    )
