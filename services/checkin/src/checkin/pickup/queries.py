"""Counting, and reading all of it for a cross-check."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.tables import RosterEntry

_ITS_CHECKIN: Final = (Checkin.participant_id == RosterEntry.participant_id) & Checkin.undone_at.is_(None)


@dataclass(frozen=True)
class CategoryCount:
    """Packs of one category."""

    event_id: UUID
    event_name: str
    category_id: UUID
    category_name: str
    handed_out: int
    waiting: int


@dataclass(frozen=True)
class StationCount:
    """Packs handed out at one station."""

    station_id: UUID
    station_name: str
    location_name: str
    handed_out: int


@dataclass(frozen=True)
class Counts:
    """Packs handed out, whether or not the registration was cancelled later, and those still waiting for someone."""

    handed_out: int
    waiting: int
    categories: Sequence[CategoryCount]
    stations: Sequence[StationCount]


async def count_packs(session: AsyncSession, *, event_id: UUID | None = None) -> Counts:
    """All counts from one pass over one snapshot, so that they always add up."""
    waiting = func.count().filter(Checkin.id.is_(None), RosterEntry.cancelled_at.is_(None))
    query = (
        select(
            RosterEntry.event_id,
            func.max(RosterEntry.event_name).label("event_name"),
            RosterEntry.category_id,
            func.max(RosterEntry.category_name).label("category_name"),
            Checkin.station_id,
            func.max(Checkin.station_name).label("station_name"),
            func.max(Checkin.location_name).label("location_name"),
            func.count(Checkin.id).label("handed_out"),
            waiting.label("waiting"),
        )
        .outerjoin(Checkin, _ITS_CHECKIN)
        .group_by(RosterEntry.event_id, RosterEntry.category_id, Checkin.station_id)
    )
    if event_id:
        query = query.where(RosterEntry.event_id == event_id)
    rows = (await session.execute(query)).mappings().all()
    return Counts(
        handed_out=_total(rows, "handed_out"),
        waiting=_total(rows, "waiting"),
        categories=[_category(each) for each in _grouped(rows, by=lambda row: (row["event_id"], row["category_id"]))],
        stations=[
            _station(each)
            for each in _grouped((row for row in rows if row["station_id"]), by=lambda row: row["station_id"])
        ],
    )


def _grouped(rows: Iterable[RowMapping], *, by: Callable[[RowMapping], Any]) -> list[list[RowMapping]]:
    return [list(group) for _, group in groupby(sorted(rows, key=by), key=by)]


def _total(rows: Iterable[RowMapping], count: str) -> int:
    return sum(row[count] for row in rows)


def _category(rows: Sequence[RowMapping]) -> CategoryCount:
    return CategoryCount(
        event_id=rows[0]["event_id"],
        event_name=rows[0]["event_name"],
        category_id=rows[0]["category_id"],
        category_name=rows[0]["category_name"],
        handed_out=_total(rows, "handed_out"),
        waiting=_total(rows, "waiting"),
    )


def _station(rows: Sequence[RowMapping]) -> StationCount:
    return StationCount(
        station_id=rows[0]["station_id"],
        station_name=rows[0]["station_name"],
        location_name=rows[0]["location_name"],
        handed_out=_total(rows, "handed_out"),
    )


@dataclass(frozen=True)
class RosterLine:
    """What check-in believes about a participant. `live` unless the registration was cancelled."""

    registration_id: UUID
    participant_id: UUID
    bib_number: int
    live: bool
    checked_in: bool


async def snapshot(session: AsyncSession) -> AsyncIterator[RosterLine]:
    """The whole roster, by registration and BIB, streamed: for comparing it with what registration believes."""
    query = (
        select(
            RosterEntry.registration_id,
            RosterEntry.participant_id,
            RosterEntry.bib_number,
            RosterEntry.cancelled_at.is_(None).label("live"),
            Checkin.id.is_not(None).label("checked_in"),
        )
        .outerjoin(Checkin, _ITS_CHECKIN)
        .order_by(RosterEntry.registration_id, RosterEntry.bib_number)
        .execution_options(yield_per=1000)
    )
    async for row in await session.stream(query):
        yield RosterLine(*row)
