"""Reading statistics and reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.catalog.tables import Race, RaceCategory
from registration.entries.rules import Status
from registration.entries.tables import RegistrationCount
from registration.places.tables import CategoryPlaces
from registration.waitlist.rules import WaitlistStatus
from registration.waitlist.tables import WaitlistEntry

_BIBS_BURNED: Final = CategoryPlaces.next_bib - RaceCategory.bib_start_number - CategoryPlaces.confirmed
"""BIBs that were given and have no runner any more; those that are given have one each."""


async def counts_by_status(session: AsyncSession, event_id: UUID | None) -> Sequence[RowMapping]:
    """Return registrations, participants and amounts by category and status."""
    counted = func.sum(RegistrationCount.registrations)
    query = (
        select(
            RegistrationCount.race_category_id.label("category_id"),
            RaceCategory.name.label("category_name"),
            RegistrationCount.status,
            counted.label("registrations"),
            func.sum(RegistrationCount.participants).label("participants"),
            func.sum(RegistrationCount.amount).label("amount"),
            RaceCategory.currency,
        )
        .join(RaceCategory, RaceCategory.id == RegistrationCount.race_category_id)
        .group_by(RaceCategory.id, RegistrationCount.race_category_id, RegistrationCount.status)
        .having(counted > 0)
        .order_by(RaceCategory.name, RegistrationCount.status)
    )
    if event_id is not None:
        query = query.where(RaceCategory.event_id == event_id)
    return (await session.execute(query)).mappings().all()


async def places_by_category(session: AsyncSession, event_id: UUID | None) -> Sequence[RowMapping]:
    """Return each category with its places and the length of its waiting list."""
    line = _lines().subquery()
    query = (
        select(
            RaceCategory.id.label("category_id"),
            RaceCategory.name.label("category_name"),
            RaceCategory.event_id,
            RaceCategory.currency,
            CategoryPlaces.quota,
            CategoryPlaces.taken.label("places_taken"),
            (CategoryPlaces.quota - CategoryPlaces.taken).label("places_left"),
            CategoryPlaces.offered.label("places_offered"),
            CategoryPlaces.burned.label("places_burned"),
            _BIBS_BURNED.label("bibs_burned"),
            func.coalesce(line.c.entries, 0).label("waitlist_entries"),
            func.coalesce(line.c.participants, 0).label("waitlist_participants"),
        )
        .join(CategoryPlaces, CategoryPlaces.category_id == RaceCategory.id)
        .outerjoin(line, line.c.race_category_id == RaceCategory.id)
        .order_by(RaceCategory.name, RaceCategory.id)
    )
    if event_id is not None:
        query = query.where(RaceCategory.event_id == event_id)
    rows: Sequence[RowMapping] = (await session.execute(query)).mappings().all()
    return rows


def _lines() -> Select[UUID, int, int]:
    waiting = WaitlistEntry.status == WaitlistStatus.WAITING
    return (
        select(
            WaitlistEntry.race_category_id,
            func.count().label("entries"),
            func.sum(WaitlistEntry.total_participants).label("participants"),
        )
        .where(waiting)
        .group_by(WaitlistEntry.race_category_id)
    )


_ENDED: Final = (Status.EXPIRED, Status.CANCELLED)


def summary(category: RowMapping, counts: Sequence[RowMapping]) -> dict[str, Any]:
    """Return a category's places with its counts: registrations by status, and those of registrations with places."""
    own = {Status(row["status"]): row for row in counts if row["category_id"] == category["category_id"]}
    holding = [row for status, row in own.items() if status not in _ENDED]
    paid = own.get(Status.PAYMENT_VERIFIED)
    return {
        **category,
        **{status.value: own[status]["registrations"] if status in own else 0 for status in Status},
        "registered": sum(row["registrations"] for row in own.values()),
        "participants": sum(row["participants"] for row in holding),
        "participants_paid": paid["participants"] if paid else 0,
        "amount_expected": sum((row["amount"] for row in holding), Decimal(0)),
        "amount_verified": paid["amount"] if paid else Decimal(0),
    }


@dataclass(frozen=True)
class RaceFacts:
    """What reports show of a race."""

    timezone: str
    year: int
    currency: str


async def race_facts(session: AsyncSession, event_id: UUID, category_id: UUID | None = None) -> RaceFacts:
    """Return the facts of a race.

    Raises:
        UnknownEvent.
        UnknownCategory: the category is not one of this race.
    """
    race = await session.get(Race, event_id)
    if race is None:
        raise UnknownEvent
    own = select(RaceCategory.id, RaceCategory.currency).where(RaceCategory.event_id == event_id)
    currencies = {row.id: row.currency for row in await session.execute(own.order_by(RaceCategory.id))}
    if category_id is not None and category_id not in currencies:
        raise UnknownCategory
    currency = currencies[category_id] if category_id else next(iter(currencies.values()), "IDR")
    return RaceFacts(race.timezone, race.event_date.year, currency)


# Both kinds of changes that are not merged yet are read with the sums, in one statement and so in one snapshot.
_TIMELINE = text("""
    WITH own AS MATERIALIZED (
        SELECT id FROM race_categories
         WHERE event_id = :event_id AND (CAST(:category_id AS uuid) IS NULL OR id = :category_id)
    ), parts AS (
        SELECT quarter, registered, participants, verified, amount
          FROM own JOIN registration_timeline ON race_category_id = own.id
         WHERE quarter >= :first AND quarter < :last
        UNION ALL
        SELECT registered_in, registrations, participants, 0, 0
          FROM own JOIN registration_counts ON race_category_id = own.id
         WHERE registered_in >= :first AND registered_in < :last
        UNION ALL
        SELECT verified_in, 0, 0, registrations, amount
          FROM own JOIN registration_counts ON race_category_id = own.id
         WHERE verified_in >= :first AND verified_in < :last
    )
    SELECT width_bucket(quarter, CAST(:starts AS timestamptz[])) - 1 AS bucket, sum(registered) AS registered,
           sum(participants) AS participants, sum(verified) AS verified, sum(amount) AS amount
      FROM parts GROUP BY 1
""")


async def timeline(
    session: AsyncSession, event_id: UUID, category_id: UUID | None, starts: Sequence[datetime]
) -> list[dict[str, Any]]:
    """Return what happened in each bucket, also in those in which nothing did.

    Args:
        starts: of the buckets, and the end of the last one.
    """
    values = {"event_id": event_id, "category_id": category_id, "first": starts[0], "last": starts[-1]}
    rows = await session.execute(_TIMELINE, {**values, "starts": list(starts)})
    found = {row["bucket"]: row for row in rows.mappings()}
    nothing = {"registered": 0, "participants": 0, "verified": 0, "amount": Decimal(0)}
    return [{**nothing, **found.get(bucket, {}), "at": start} for bucket, start in enumerate(starts[:-1])]


_PEOPLE = text("""
    WITH own AS MATERIALIZED (SELECT id FROM race_categories WHERE event_id = :event_id), parts AS (
        SELECT race_category_id, registration_type, gender, birth_year, jersey_size, people, confirmed
          FROM own JOIN participant_counts ON race_category_id = own.id
        UNION ALL
        SELECT p.race_category_id, p.registration_type, c.*
          FROM own JOIN participant_changes p ON p.race_category_id = own.id,
               unnest(p.genders, p.birth_years, p.jersey_sizes, p.people, p.confirmed) AS c
    )
    SELECT race_category_id AS category_id, registration_type, gender, birth_year, jersey_size,
           sum(people) AS participants, sum(confirmed) AS confirmed
      FROM parts
     GROUP BY GROUPING SETS ((race_category_id, registration_type), (race_category_id, gender),
                             (race_category_id, birth_year), (race_category_id, jersey_size))
    HAVING sum(people) <> 0 OR sum(confirmed) <> 0
""")


async def people(session: AsyncSession, event_id: UUID) -> Sequence[Row[Any]]:
    """Return how many live participants and confirmed ones each category has by type, gender, birth year and size.

    One of these four values is set in each row, the others are None.
    """
    return (await session.execute(_PEOPLE, {"event_id": event_id})).all()


async def category_names(session: AsyncSession, event_id: UUID) -> dict[UUID, str]:
    """Return the names of a race's categories by their ids, in alphabetical order."""
    query = select(RaceCategory.id, RaceCategory.name).where(RaceCategory.event_id == event_id)
    rows = (await session.execute(query.order_by(RaceCategory.name, RaceCategory.id))).all()
    return {row.id: row.name for row in rows}
