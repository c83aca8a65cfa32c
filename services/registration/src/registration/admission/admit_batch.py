"""Admission of many requests: one transaction and the same few set-based statements for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.database import Database, UnitOfWork
from chassis.errors import StartlineError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from registration.admission.errors import AlreadyRegistered, CategoryFull
from registration.admission.insert import ConcurrentConflict, Inserted, UsesTaken, insert_registrations
from registration.admission.pricing import Priced, Requests, price_all, pricing_of, undecided
from registration.admission.rules import RegistrationRequest
from registration.catalog.rules import CategorySnapshot
from registration.entries.creation import RegistrationBody
from registration.idempotency.rules import Answer, replay
from registration.places.commands import is_number_taken, lock_places, skip_taken_numbers
from registration.prices.queries import PRICING, pricing_data, pricing_values
from registration.prices.rules import PricingData

Outcome = Answer[RegistrationBody] | StartlineError


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of a batch: an outcome for each request, and the places left, None if they were not read.

    An outcome is None where an earlier request of the batch has the same person: enqueue it again, because the
    earlier one decides it. `used_up` are promo codes of which no use is left.
    """

    outcomes: list[Outcome | None]
    places_left: int | None
    used_up: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Existing:
    """Stored answers and registered people that the batch repeats, and what is left of the promo codes in it."""

    answers: dict[str, tuple[str, str]]
    people: frozenset[str]
    pricing: PricingData


async def admit_batch(
    database: Database,
    category: CategorySnapshot,
    requests: Sequence[RegistrationRequest],
    *,
    places_hint: int | None = None,
) -> Batch:
    """Admit the requests that fit, in one transaction; return an outcome for each.

    Args:
        places_hint: places left a moment ago. What needs more is rejected without locking the places.

    Raises:
        ConcurrentConflict: nothing was changed; call it again.
    """
    try:
        return await _admit_counted(database, category, requests, places_hint)
    except IntegrityError as error:
        if not is_number_taken(error):
            raise
        await skip_taken_numbers(database, category.category_id)
        raise ConcurrentConflict from error


async def _admit_counted(
    database: Database, category: CategorySnapshot, requests: Sequence[RegistrationRequest], places_hint: int | None
) -> Batch:
    """Admit; once more with the places locked first if promo codes or phases had fewer uses left than was read."""
    try:
        return await _admit(database, category, requests, places_hint)
    except UsesTaken:
        return await _admit(database, category, requests, places_hint, locked=True)


async def _admit(
    database: Database,
    category: CategorySnapshot,
    requests: Sequence[RegistrationRequest],
    places_hint: int | None,
    *,
    locked: bool = False,
) -> Batch:
    async with database.work() as work:
        if locked:
            await lock_places(work, category.category_id)
        existing = await _find_existing(work, category, requests, places_hint)
        outcomes, candidates = _partition(requests, existing, places_hint)
        if not candidates:
            return Batch(outcomes, None)
        wanted = {index: requests[index] for index in candidates}
        priced, inserted, used_up = await _insert(work, category, wanted, existing.pricing)
    for index, outcome in _outcomes(candidates, priced, inserted).items():
        outcomes[index] = outcome
    return Batch(outcomes, inserted.places_left if inserted else None, used_up)


def _outcomes(candidates: Sequence[int], priced: Priced, inserted: Inserted | None) -> dict[int, Outcome]:
    """Return the outcomes of requests that were priced: in the category, refused, or left out as places were short."""
    found: dict[int, Outcome] = dict(priced.refused)
    if inserted is not None:
        bodies = zip(priced.prices, inserted.bodies, strict=True)
        found |= {index: Answer(body) for index, body in bodies}
        found |= {index: CategoryFull(places_left=inserted.places_left) for index in candidates if index not in found}
    return found


# Looks each key and person up by itself (LATERAL … LIMIT 1) instead of by `= ANY(:keys)`.
# PostgreSQL plans a prepared statement from the statistics of its first executions and keeps that plan.
# When registration opens the tables are empty, so `= ANY` is planned as a sequential scan.
# The plan is kept until the next ANALYZE, while the tables grow by thousands of rows a second.
# A LATERAL look-up of one row has no cheaper plan than the index, whatever the statistics say. See ADR 15.
_EXISTING = """
    SELECT 'key' AS kind, found.key AS value, found.request_hash, found.response
      FROM unnest(CAST(:keys AS text[])) AS asked(key), LATERAL (
           SELECT key, request_hash, response FROM idempotency_keys WHERE key = asked.key LIMIT 1) AS found
    UNION ALL
    SELECT 'person', found.person_key, NULL, NULL
      FROM unnest(CAST(:people AS text[])) AS asked(person_key), LATERAL (
           SELECT person_key FROM participants
            WHERE live AND event_id = :event_id AND person_key = asked.person_key LIMIT 1) AS found
"""
_FIND_EXISTING = text(_EXISTING)
# Another statement, so that the plan of the one above is the same whether or not there are promo codes.
_FIND_EXISTING_AND_PRICING = text(f"{_EXISTING} UNION ALL {PRICING}")


async def _find_existing(
    work: UnitOfWork, category: CategorySnapshot, requests: Sequence[RegistrationRequest], places_hint: int | None
) -> _Existing:
    keys = [each.idempotency_key for each in requests if each.idempotency_key]
    # People and promo codes are looked up only for requests that may fit.
    fitting = [each for each in requests if _may_fit(each, places_hint)]
    people = [person.person_key for each in fitting for person in each.people]
    values = {"keys": keys, "people": people, "event_id": category.event_id}
    statement, priced = _FIND_EXISTING, undecided(fitting)
    if priced:
        statement = _FIND_EXISTING_AND_PRICING
        values |= pricing_values(category, (each.promo_code for each in priced), work.now)
    rows = (await work.session.execute(statement, values)).all()
    return _Existing(
        answers={row.value: (row.request_hash, row.response) for row in rows if row.kind == "key"},
        people=frozenset(row.value for row in rows if row.kind == "person"),
        pricing=pricing_data(rows if priced else ()),
    )


def _partition(
    requests: Sequence[RegistrationRequest], existing: _Existing, places_hint: int | None
) -> tuple[list[Outcome | None], list[int]]:
    """Return the outcomes that need no places, and the indexes of the other requests in order of arrival."""
    outcomes: list[Outcome | None] = []
    candidates: list[int] = []
    ahead: set[str] = set()
    for index, request in enumerate(requests):
        people = {person.person_key for person in request.people}
        outcome = _replay(request, existing) or _refuse_known_people(request, existing)
        if outcome is None and not _may_fit(request, places_hint):
            outcome = CategoryFull(places_left=places_hint)
        outcomes.append(outcome)
        if outcome is None and not people & ahead:
            candidates.append(index)
            ahead |= people
    return outcomes, candidates


def _may_fit(request: RegistrationRequest, places_hint: int | None) -> bool:
    return places_hint is None or request.size <= places_hint


def _replay(request: RegistrationRequest, existing: _Existing) -> Outcome | None:
    found = existing.answers.get(request.idempotency_key or "")
    if found is None:
        return None
    return replay(request.request_hash, *found)


def _refuse_known_people(request: RegistrationRequest, existing: _Existing) -> StartlineError | None:
    again = [index for index, person in enumerate(request.people) if person.person_key in existing.people]
    return AlreadyRegistered(participants=again) if again else None


async def _insert(
    work: UnitOfWork, category: CategorySnapshot, requests: Requests, data: PricingData
) -> tuple[Priced, Inserted | None, frozenset[str]]:
    """Insert all requests or, if places are short, those that fit.

    Return what was priced and inserted, the result of the insert, None if it was not needed, and the codes used up.

    Raises:
        ConcurrentConflict, UsesTaken.
    """
    pricing = await pricing_of(work, category, requests, data)
    priced = price_all(pricing, requests)
    inserted = await _insert_priced(work, category, requests, priced)
    if priced.prices and inserted is None:
        places_left = await lock_places(work, category.category_id) or 0
        pricing = await pricing_of(work, category, requests, None)
        priced = price_all(pricing, requests, places_left=places_left)
        nothing = Inserted([], places_left)
        inserted = await _insert_priced(work, category, requests, priced) if priced.prices else nothing
        if inserted is None:
            raise ConcurrentConflict
    return priced, inserted, pricing.used_up() if pricing else frozenset()


async def _insert_priced(
    work: UnitOfWork, category: CategorySnapshot, requests: Requests, priced: Priced
) -> Inserted | None:
    if not priced.prices:
        return None
    chosen = [requests[index] for index in priced.prices]
    return await insert_registrations(work, category, chosen, list(priced.prices.values()))
