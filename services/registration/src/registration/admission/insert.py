"""Inserts registrations: one statement that takes the places and writes all rows, answers and events.

The row of the category's places is locked from this statement to COMMIT (`places.commands.TAKE`). Everything that can
be computed before is computed before. Only the registration numbers are not known by then: the locked row issues them.
So answers and events are written with a random hex string in place of the number, and the statement replaces it
(`replace(answer, :number, number)`). The string is a new UUID for each statement, so no form can contain it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.database import NOTIFY, UnitOfWork, publishing
from contracts import RegistrationCreated
from pydantic_core import to_json
from sqlalchemy import TextClause, text

from registration.access_codes import FIRST_VERSION
from registration.admission.rules import RegistrationRequest
from registration.catalog.rules import CategorySnapshot
from registration.entries.creation import RegistrationBody, registration_body, registration_created
from registration.entries.person_columns import PERSON_ARRAYS, PERSON_COLUMNS, person_arrays
from registration.entries.rules import registration_number
from registration.places.commands import TAKE
from registration.prices.rules import Price
from registration.prices.uses import COUNT


class ConcurrentConflict(Exception):
    """A concurrent transaction has stored a person or key of this batch; try again."""


class UsesTaken(ConcurrentConflict):
    """A concurrent transaction has taken uses of a promo code or phase; try again."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """The answers, in the order of the requests, and the places left."""

    bodies: list[RegistrationBody]
    places_left: int


_PRICE_COLUMNS: Final[Mapping[str, str]] = {
    "list_amount": "numeric",
    "price_phase_id": "uuid",
    "price_phase": "text",
    "promo_code_id": "uuid",
    "promo_code": "text",
}


def _insertion(columns: Mapping[str, str], counting: str, counted: str) -> TextClause:
    """Return the statement.

    Args:
        columns: further columns of registrations and their types; each has an array of its name and an `s`.
        counting: a part of the `WITH` that counts uses.
        counted: the number of counters that it changed.
    """
    names = "".join(f", {name}" for name in columns)
    arrays = "".join(f", CAST(:{name}s AS {kind}[])" for name, kind in columns.items())
    return text(f"""
    WITH taken AS ({TAKE}), category AS MATERIALIZED (
        -- As it is now that the places are held: the lock makes the database follow a change that was waited for, which
        -- a plain read would not, as the statement began before it.
        SELECT registration_prefix AS prefix FROM race_categories
         WHERE id = :category_id AND EXISTS (SELECT 1 FROM taken) FOR SHARE
    ){counting}, sequence AS MATERIALIZED (
        SELECT entry.*, CAST(numbers_before + position AS text) AS sequence
          FROM taken, unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:sizes AS int[]),
                             CAST(:amounts AS numeric[]), CAST(:events AS text[]), CAST(:keys AS text[]),
                             CAST(:hashes AS text[]), CAST(:answers AS text[]), CAST(:accepted AS bool[]){arrays})
               WITH ORDINALITY AS entry(id, kind, size, amount, event, key, hash, answer, accepted{names}, position)
    ), entries AS MATERIALIZED (
        SELECT sequence.*, prefix || '-' || lpad(sequence, greatest(5, length(sequence)), '0') AS number
          FROM sequence, category
    ), registered AS (
        INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type,
                                   total_participants, total_amount, currency, status, revision,
                                   access_version, expires_at, terms_accepted_at, created_at, updated_at{names})
        SELECT id, :event_id, :category_id, number, kind, size, amount, :currency, 'pending_payment', 1,
               {FIRST_VERSION}, :expires_at, CASE WHEN accepted THEN CAST(:now AS timestamptz) END, :now, :now{names}
          FROM entries
    ), people AS (
        INSERT INTO participants (registration_id, event_id, position, live, {PERSON_COLUMNS})
        SELECT registration_id, :event_id, position, true, {PERSON_COLUMNS}
          FROM taken, unnest(CAST(:owners AS uuid[]), CAST(:positions AS int[]), {PERSON_ARRAYS})
               AS person(registration_id, position, {PERSON_COLUMNS})
         ORDER BY person_key
        ON CONFLICT (event_id, person_key) WHERE live DO NOTHING
        RETURNING 1
    ), remembered AS (
        INSERT INTO idempotency_keys (key, request_hash, registration_id, response, created_at)
        SELECT key, hash, id, replace(answer, :number, number), :now FROM entries WHERE key IS NOT NULL ORDER BY key
        ON CONFLICT (key) DO NOTHING
        RETURNING 1
    ), {publishing("SELECT convert_to(replace(event, :number, number), 'UTF8') FROM entries ORDER BY position")}
    SELECT places_left, numbers_before, prefix, {NOTIFY}, {counted} AS counters,
           (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM remembered) AS keys
      FROM taken, category
""")  # noqa: S608  # the parts put in are our own


# Two statements, so that the plan of the usual one is the same whether or not there are phases and promo codes.
_INSERT = _insertion({}, "", "0")
_INSERT_WITH_PRICES = _insertion(_PRICE_COLUMNS, f", counted AS ({COUNT})", "(SELECT count(*) FROM counted)")


async def insert_registrations(
    work: UnitOfWork, category: CategorySnapshot, requests: Sequence[RegistrationRequest], prices: Sequence[Price]
) -> Inserted | None:
    """Insert all registrations and return their answers; None, with nothing changed, if the places do not suffice.

    Raises:
        ConcurrentConflict: one of the people or keys was stored since `_find_existing`.
        UsesTaken: a promo code or phase has fewer uses left than when it was read.
    """
    expires_at = work.now + category.payment_deadline
    number = uuid4().hex
    created = [
        _created(category, each, price, number, expires_at) for each, price in zip(requests, prices, strict=True)
    ]
    bodies = [registration_body(each, work.now) for each in created]
    for event in created:
        work.publish(event, subject=event.registration_id)
    values = {
        "category_id": category.category_id,
        "event_id": category.event_id,
        "currency": category.currency,
        "number": number,
        "now": work.now,
        "expires_at": expires_at,
        "events": [body.decode() for body in work.take_events()],
        **_entry_columns(requests, prices, bodies),
        **_people_columns(requests),
    }
    statement, counters = _INSERT, _counters(requests, prices)
    if not all(price.is_plain for price in prices):
        statement = _INSERT_WITH_PRICES
        values |= _price_columns(prices) | {"counters": list(counters), "uses": list(counters.values())}
    row = (await work.session.execute(statement, values)).one_or_none()
    if row is None:
        return None
    if row.counters != len(counters):
        raise UsesTaken
    if row.people != values["places"] or row.keys != sum(key is not None for key in values["keys"]):
        raise ConcurrentConflict
    for sequence, body in enumerate(bodies, start=row.numbers_before + 1):
        body["registration_number"] = registration_number(row.prefix, sequence)
    return Inserted(bodies, row.places_left)


def _entry_columns(
    requests: Sequence[RegistrationRequest], prices: Sequence[Price], bodies: Sequence[RegistrationBody]
) -> dict[str, Any]:
    return {
        "places": sum(each.size for each in requests),
        "numbers": len(requests),
        "ids": [each.registration_id for each in requests],
        "kinds": [each.kind.value for each in requests],
        "sizes": [each.size for each in requests],
        "amounts": [price.amount for price in prices],
        "keys": [each.idempotency_key for each in requests],
        "hashes": [each.request_hash for each in requests],
        "accepted": [each.terms_accepted for each in requests],
        "answers": [
            to_json(body).decode() if each.idempotency_key else None
            for each, body in zip(requests, bodies, strict=True)
        ],
    }


def _price_columns(prices: Sequence[Price]) -> dict[str, Any]:
    """Return the arrays of `_PRICE_COLUMNS`; a registration at the category's own price has none of them."""
    return {
        "list_amounts": [None if each.is_plain else each.list_amount for each in prices],
        "price_phase_ids": [each.phase_id for each in prices],
        "price_phases": [each.phase for each in prices],
        "promo_code_ids": [each.promo_id for each in prices],
        "promo_codes": [each.promo_code for each in prices],
    }


def _counters(requests: Sequence[RegistrationRequest], prices: Sequence[Price]) -> Counter[UUID]:
    """Return how many uses are taken of each limited promo code and phase."""
    counters: Counter[UUID] = Counter()
    for request, price in zip(requests, prices, strict=True):
        for counter in price.counters:
            counters[counter] += request.size
    return counters


def _people_columns(requests: Sequence[RegistrationRequest]) -> dict[str, list[Any]]:
    return {
        "owners": [request.registration_id for request in requests for _ in request.people],
        "positions": [position for request in requests for position in range(request.size)],
        **person_arrays([person for request in requests for person in request.people]),
    }


def _created(
    category: CategorySnapshot, request: RegistrationRequest, price: Price, number: str, expires_at: datetime
) -> RegistrationCreated:
    return registration_created(
        category,
        request.people,
        registration_id=request.registration_id,
        number=number,
        kind=request.kind,
        price=price,
        expires_at=expires_at,
        access=request.access,
    )
