"""Admission of many requests: one transaction and the same few set-based statements for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.database import Database, UnitOfWork
from chassis.errors import StartlineError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from registration.admission.errors import AlreadyRegistered, CategoryFull
from registration.admission.insert import ConcurrentConflict, Inserted, insert_registrations
from registration.admission.rules import RegistrationRequest
from registration.catalog.rules import CategorySnapshot
from registration.entries.creation import RegistrationBody
from registration.idempotency.rules import Answer, replay
from registration.places.commands import is_number_taken, lock_places, skip_taken_numbers
from registration.places.rules import fitting

Outcome = Answer[RegistrationBody] | StartlineError


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of a batch: an outcome for each request, and the places left, None if they were not read.

    An outcome is None where an earlier request of the batch has the same person: enqueue it again, because the
    earlier one decides it.
    """

    outcomes: list[Outcome | None]
    places_left: int | None


@dataclass(frozen=True, slots=True)
class _Existing:
    """Stored answers and registered people that the batch repeats."""

    answers: dict[str, tuple[str, str]]
    people: frozenset[str]


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
        return await _admit(database, category, requests, places_hint)
    except IntegrityError as error:
        if not is_number_taken(error):
            raise
        await skip_taken_numbers(database, category.category_id)
        raise ConcurrentConflict from error


async def _admit(
    database: Database, category: CategorySnapshot, requests: Sequence[RegistrationRequest], places_hint: int | None
) -> Batch:
    async with database.work() as work:
        existing = await _find_existing(work, category, requests, places_hint)
        outcomes, candidates = _partition(requests, existing, places_hint)
        if not candidates:
            return Batch(outcomes, None)
        fits, inserted = await _insert(work, category, [requests[index] for index in candidates])
    bodies = iter(inserted.bodies)
    for index, fit in zip(candidates, fits, strict=True):
        outcomes[index] = Answer(next(bodies)) if fit else CategoryFull(places_left=inserted.places_left)
    return Batch(outcomes, inserted.places_left)


# Looks each key and person up by itself (LATERAL … LIMIT 1) instead of by `= ANY(:keys)`.
# PostgreSQL plans a prepared statement from the statistics of its first executions and keeps that plan.
# When registration opens the tables are empty, so `= ANY` is planned as a sequential scan.
# The plan is kept until the next ANALYZE, while the tables grow by thousands of rows a second.
# A LATERAL look-up of one row has no cheaper plan than the index, whatever the statistics say. See ADR 15.
_FIND_EXISTING = text("""
    SELECT 'key' AS kind, found.key AS value, found.request_hash, found.response
      FROM unnest(CAST(:keys AS text[])) AS asked(key), LATERAL (
           SELECT key, request_hash, response FROM idempotency_keys WHERE key = asked.key LIMIT 1) AS found
    UNION ALL
    SELECT 'person', found.person_key, NULL, NULL
      FROM unnest(CAST(:people AS text[])) AS asked(person_key), LATERAL (
           SELECT person_key FROM participants
            WHERE live AND event_id = :event_id AND person_key = asked.person_key LIMIT 1) AS found
""")


async def _find_existing(
    work: UnitOfWork, category: CategorySnapshot, requests: Sequence[RegistrationRequest], places_hint: int | None
) -> _Existing:
    keys = [each.idempotency_key for each in requests if each.idempotency_key]
    # People are compared only for requests that may fit.
    people = [person.person_key for each in requests if _may_fit(each, places_hint) for person in each.people]
    rows = (
        await work.session.execute(_FIND_EXISTING, {"keys": keys, "people": people, "event_id": category.event_id})
    ).all()
    return _Existing(
        answers={row.value: (row.request_hash, row.response) for row in rows if row.kind == "key"},
        people=frozenset(row.value for row in rows if row.kind == "person"),
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
    work: UnitOfWork, category: CategorySnapshot, candidates: Sequence[RegistrationRequest]
) -> tuple[list[bool], Inserted]:
    """Insert all candidates or, if places are short, those that fit. Return which these are, and their outcome.

    Raises:
        ConcurrentConflict.
    """
    inserted = await insert_registrations(work, category, candidates)
    if inserted is not None:
        return [True] * len(candidates), inserted
    places_left = await lock_places(work, category.category_id) or 0
    fits = fitting([request.size for request in candidates], places_left)
    if not any(fits):
        return fits, Inserted([], places_left)
    inserted = await insert_registrations(
        work, category, [each for each, fit in zip(candidates, fits, strict=True) if fit]
    )
    if inserted is None:
        raise ConcurrentConflict
    return fits, inserted
