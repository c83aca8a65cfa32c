"""Admission of many at once: one transaction, a handful of set-based statements, whatever the number of requests.

Locks are taken in the order places, then participants, here and wherever places are given back, so that admission,
expiry, cancelling and verification cannot wait for each other in a circle.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis.database import Database, UnitOfWork, is_unavailable
from chassis.errors import StartlineError
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from registration.admission.errors import AlreadyRegistered, CategoryFull, IdempotencyKeyReused
from registration.admission.placing import Placed, Raced, is_number_taken, place, skip_taken_numbers
from registration.admission.rules import Application, fitting
from registration.admission.tables import IdempotencyKey
from registration.catalog.rules import CategoryOffer


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
    try:
        return await _admit(database, offer, applications, places_hint)
    except IntegrityError as error:
        if not is_number_taken(error):
            raise
        await skip_taken_numbers(database, offer.category_id)
        raise Raced from error


async def _admit(
    database: Database, offer: CategoryOffer, applications: Sequence[Application], places_hint: int | None
) -> Batch:
    async with database.work() as work:
        known = await _look(work, offer, applications, places_hint)
        outcomes, wanting = _sort_out(applications, known, places_hint)
        if not wanting:
            return Batch(outcomes, None)
        fits, placed = await _place(work, offer, [applications[index] for index in wanting])
    bodies = iter(placed.bodies)
    for index, fit in zip(wanting, fits, strict=True):
        outcomes[index] = Admitted(next(bodies)) if fit else CategoryFull(places_left=placed.places_left)
    return Batch(outcomes, placed.places_left)


async def first_answer(database: Database, key: str, request_hash: str) -> Outcome | None:
    """What a request with this key was answered, if it got in."""
    query = select(IdempotencyKey.request_hash, IdempotencyKey.response).where(IdempotencyKey.key == key)
    async with database.read() as session:
        found = (await session.execute(query)).first()
    return None if found is None else _repeated(request_hash, found.request_hash, found.response)


async def answer_of_unknown(database: Database, key: str | None, request_hash: str) -> Outcome | None:
    """What a request whose commit was not answered was answered, if its key is stored and can be looked up."""
    if key is None:
        return None
    try:
        return await first_answer(database, key, request_hash)
    except Exception as error:
        if is_unavailable(error):
            return None
        raise


# One by one on purpose. A plan is kept as it was made, and when registration opens the tables are empty: for `= ANY` it
# would be to read them from end to end, and stay that while they grow by thousands a second.
_LOOK = text("""
    SELECT 'key' AS kind, found.key AS value, found.request_hash, found.response
      FROM unnest(CAST(:keys AS text[])) AS asked(key), LATERAL (
           SELECT key, request_hash, response FROM idempotency_keys WHERE key = asked.key LIMIT 1) AS found
    UNION ALL
    SELECT 'person', found.person_key, NULL, NULL
      FROM unnest(CAST(:people AS text[])) AS asked(person_key), LATERAL (
           SELECT person_key FROM participants
            WHERE live AND event_id = :event_id AND person_key = asked.person_key LIMIT 1) AS found
""")


async def _look(
    work: UnitOfWork, offer: CategoryOffer, applications: Sequence[Application], places_hint: int | None
) -> _Known:
    keys = [each.idempotency_key for each in applications if each.idempotency_key]
    # Who they are matters only for those who may get in.
    people = [person.person_key for each in applications if _may_fit(each, places_hint) for person in each.people]
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
        if outcome is None and not _may_fit(application, places_hint):
            outcome = CategoryFull(places_left=places_hint)
        outcomes.append(outcome)
        if outcome is None and not people & ahead:
            wanting.append(index)
            ahead |= people
    return outcomes, wanting


def _may_fit(application: Application, places_hint: int | None) -> bool:
    return places_hint is None or application.size <= places_hint


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


_LOCK = text("SELECT quota - taken FROM category_places WHERE category_id = :category_id FOR UPDATE")


async def _place(work: UnitOfWork, offer: CategoryOffer, wanting: Sequence[Application]) -> tuple[list[bool], Placed]:
    """Give places to all, or near the end to those who fit: who got some, and what came of it.

    Raises:
        Raced.
    """
    placed = await place(work, offer, wanting)
    if placed is not None:
        return [True] * len(wanting), placed
    places_left = (await work.session.execute(_LOCK, {"category_id": offer.category_id})).scalar_one_or_none() or 0
    fits = fitting([application.size for application in wanting], places_left)
    if not any(fits):
        return fits, Placed([], places_left)
    placed = await place(work, offer, [each for each, fit in zip(wanting, fits, strict=True) if fit])
    if placed is None:
        raise Raced
    return fits, placed
