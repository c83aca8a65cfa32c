"""The order of jerseys: counts by category, gender and size, and the difference since an earlier export."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from chassis.database import Database
from sqlalchemy import insert, select

from registration.catalog.tables import RaceCategory
from registration.entries.tables import Participant, Registration
from registration.exports.confirmed import confirmed
from registration.exports.rules import Jersey, JerseyCounts
from registration.exports.tables import CountedJerseys
from registration.exports.wanted import Wanted

HEADER = (
    *("category", "gender", "jersey_size", "count"),
    *("added", "removed", "changed_to", "changed_from", "difference"),
)

_COLUMNS = (Registration.race_category_id.label("category_id"), Participant.gender, Participant.jersey_size)

Counted = AsyncIterator[tuple[int, str]]
"""BIBs in ascending order, each with its jersey."""


async def jersey_rows(database: Database, wanted: Wanted) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """Yield the order, after all participants have been counted. What was counted is stored for later comparisons."""
    counts = JerseyCounts()
    async for now, before in _side_by_side(_now(database, wanted), _before(database, wanted)):
        counts.count(now, before)
    async with database.read_page() as session:
        query = select(RaceCategory.id, RaceCategory.name).where(RaceCategory.event_id == wanted.event_id)
        categories = {str(row.id): row.name for row in await session.execute(query)}
    yield list(counts.rows(categories, compared=wanted.earlier is not None))


async def _now(database: Database, wanted: Wanted) -> Counted:
    number = 0
    async for page in confirmed(database, wanted, _COLUMNS):
        found = [(row.bib_number, str(Jersey(str(row.category_id), row.gender, row.jersey_size))) for row in page]
        await _store(database, wanted, number, found)
        for each in found:
            yield each
        number += 1


async def _store(database: Database, wanted: Wanted, number: int, found: Sequence[tuple[int, str]]) -> None:
    bibs, jerseys = zip(*found, strict=True)
    row = {"number": number, "bib_numbers": list(bibs), "jerseys": list(jerseys)}
    async with database.work() as work:
        key = {"export_id": wanted.export_id, "attempt": wanted.attempt}
        await work.session.execute(insert(CountedJerseys).values({**key, **row}))


async def _before(database: Database, wanted: Wanted) -> Counted:
    number = 0
    while wanted.earlier is not None:
        async with database.read_page() as session:
            stored = await _stored(session, wanted.earlier, number)
        if stored is None:
            return
        for each in zip(stored.bib_numbers, stored.jerseys, strict=True):
            yield each
        number += 1


async def _stored(session: Any, earlier: tuple[UUID, int], number: int) -> CountedJerseys | None:
    found: CountedJerseys | None = await session.get(CountedJerseys, (*earlier, number))
    return found


async def _side_by_side(now: Counted, before: Counted) -> AsyncIterator[tuple[str | None, str | None]]:
    """Yield the jerseys of each BIB in either list, with None where it is missing. Neither list is kept."""
    left, right = await anext(now, None), await anext(before, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            yield left[1] if left else None, None
            left = await anext(now, None)
        elif left is None or right[0] < left[0]:
            yield None, right[1]
            right = await anext(before, None)
        else:
            yield left[1], right[1]
            left, right = await anext(now, None), await anext(before, None)
