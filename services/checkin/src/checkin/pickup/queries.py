"""Counts of packs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.races.tables import Category, Race
from checkin.roster.queries import current_name
from checkin.roster.tables import RosterEntry

_CURRENT_CHECKIN: Final = (Checkin.participant_id == RosterEntry.participant_id) & Checkin.undone_at.is_(None)


@dataclass(frozen=True)
class CategoryCount:
    """Counts of one category."""

    event_id: UUID
    event_name: str
    category_id: UUID
    category_name: str
    handed_out: int
    waiting: int


@dataclass(frozen=True)
class StationCount:
    """The count of one station."""

    station_id: UUID
    station_name: str
    location_name: str
    handed_out: int


@dataclass(frozen=True)
class StationProgress(StationCount):
    """The count of one station, and when it handed out its last pack."""

    last_at: datetime


@dataclass(frozen=True)
class HourCount:
    """Packs handed out within the hour that begins at `at`."""

    at: datetime
    handed_out: int


@dataclass(frozen=True)
class Counts:
    """Packs handed out, including those of registrations cancelled later, and packs not collected yet.

    The counts are of one race, or of all if `event_id` is None.
    """

    event_id: UUID | None
    event_name: str | None
    handed_out: int
    waiting: int
    categories: Sequence[CategoryCount]
    stations: Sequence[StationCount]
    by_station: Sequence[StationProgress]
    by_hour: Sequence[HourCount]


async def count_packs(session: AsyncSession, *, event_id: UUID | None = None) -> Counts:
    """Return all counts, computed from one query so that they add up."""
    rows = (await session.execute(_with_names(_counted(event_id)))).mappings().all()
    by_station = [
        _station(each)
        for each in _grouped((row for row in rows if row["station_id"]), by=lambda row: row["station_id"])
    ]
    return Counts(
        event_id=event_id,
        event_name=await _event_name(session, event_id, rows),
        handed_out=_total(rows, "handed_out"),
        waiting=_total(rows, "waiting"),
        categories=[_category(each) for each in _grouped(rows, by=lambda row: (row["event_id"], row["category_id"]))],
        stations=by_station,
        by_station=by_station,
        by_hour=[
            HourCount(each[0]["hour"], _total(each, "handed_out"))
            for each in _grouped((row for row in rows if row["hour"]), by=lambda row: row["hour"])
        ],
    )


def _counted(event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    # An hour of UTC begins with one of every zone of Indonesia.
    hour = func.date_trunc(literal("hour"), Checkin.checked_in_at, literal("UTC"))
    waiting = func.count().filter(Checkin.id.is_(None), RosterEntry.cancelled_at.is_(None))
    query = (
        select(
            RosterEntry.event_id,
            func.max(RosterEntry.event_name).label("event_name_then"),
            RosterEntry.category_id,
            func.max(RosterEntry.category_name).label("category_name_then"),
            Checkin.station_id,
            func.max(Checkin.station_name).label("station_name"),
            func.max(Checkin.location_name).label("location_name"),
            hour.label("hour"),
            func.max(Checkin.checked_in_at).label("last_at"),
            func.count(Checkin.id).label("handed_out"),
            waiting.label("waiting"),
        )
        .outerjoin(Checkin, _CURRENT_CHECKIN)
        .group_by(RosterEntry.event_id, RosterEntry.category_id, Checkin.station_id, hour)
    )
    return query.where(RosterEntry.event_id == event_id) if event_id else query


def _with_names(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Look names up once per group instead of once per participant."""
    counted = query.subquery()
    of = counted.c
    return select(
        counted,
        current_name(Race, of=of.event_id, otherwise=of.event_name_then, label="event_name"),
        current_name(Category, of=of.category_id, otherwise=of.category_name_then, label="category_name"),
    )


async def _event_name(session: AsyncSession, event_id: UUID | None, rows: Sequence[RowMapping]) -> str | None:
    if event_id is None:
        return None
    if rows:
        return str(rows[0]["event_name"])
    return await session.scalar(select(Race.name).where(Race.id == event_id))


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


def _station(rows: Sequence[RowMapping]) -> StationProgress:
    return StationProgress(
        station_id=rows[0]["station_id"],
        station_name=rows[0]["station_name"],
        location_name=rows[0]["location_name"],
        handed_out=_total(rows, "handed_out"),
        last_at=max(row["last_at"] for row in rows),
    )
