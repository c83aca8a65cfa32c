"""Counts of packs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    RowMapping,
    ScalarSelect,
    Select,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from checkin.pickup.tables import NO_STATION, Checkin, PackCount
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
    """Return all counts, added up by one query so that they fit together."""
    rows = (await session.execute(packs_counted(event_id))).mappings().all()
    handed_out = [row for row in rows if row["last_at"] is not None]
    by_station = [_station(each) for each in _grouped(handed_out, by=lambda row: row["station_id"])]
    categories = [_category(each) for each in _grouped(rows, by=lambda row: (row["event_id"], row["category_id"]))]
    return Counts(
        event_id=event_id,
        event_name=await _event_name(session, event_id, rows),
        handed_out=sum(each.handed_out for each in categories),
        waiting=sum(each.waiting for each in categories),
        categories=categories,
        stations=by_station,
        by_station=by_station,
        by_hour=[
            HourCount(each[0]["hour"], _total(each, "handed_out"))
            for each in _grouped(handed_out, by=lambda row: row["hour"])
        ],
    )


def packs_counted(event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    """Return the query of `count_packs`: what triggers have counted, by category, station and hour.

    `lost` are packs of a category whose registration was cancelled later: few, which an index finds.
    """
    counts = _summed(event_id).cte("counts")
    lost = _lost(event_id).subquery("lost")
    last = _last_of_stations(counts, event_id).subquery("last")
    of = counts.c
    some = _any_of(of.event_id, of.category_id)
    event_name = current_name(Race, of=of.event_id, otherwise=some(RosterEntry.event_name), label="event_name")
    same_category = (lost.c.event_id == of.event_id) & (lost.c.category_id == of.category_id)
    return (
        select(
            *counts.c,
            func.coalesce(lost.c.packs, 0).label("lost"),
            last.c.checked_in_at.label("last_at"),
            last.c.station_name,
            last.c.location_name,
            event_name,
            current_name(Category, of=of.category_id, otherwise=some(RosterEntry.category_name), label="category_name"),
        )
        .outerjoin(lost, same_category & (of.station_id == NO_STATION))
        .outerjoin(last, last.c.station_id == of.station_id)
    )


def _summed(event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    keys = (PackCount.event_id, PackCount.category_id, PackCount.station_id, PackCount.hour)
    values = {name: func.sum(getattr(PackCount, name)) for name in ("entries", "live", "handed_out")}
    some = or_(*(value != 0 for value in values.values()))
    columns = (cast(value, BigInteger).label(name) for name, value in values.items())
    query = select(*keys, *columns).group_by(*keys).having(some)
    return query.where(PackCount.event_id == event_id) if event_id else query


def _lost(event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    """Return the query for packs whose registration was cancelled after they were handed out, by category."""
    query = (
        select(RosterEntry.event_id, RosterEntry.category_id, func.count().label("packs"))
        .join(Checkin, _CURRENT_CHECKIN)
        .where(RosterEntry.cancelled_at.is_not(None))
        .group_by(RosterEntry.event_id, RosterEntry.category_id)
    )
    return query.where(RosterEntry.event_id == event_id) if event_id else query


def _last_of_stations(counts: CTE, event_id: UUID | None) -> Select[*tuple[Any, ...]]:
    """Return the query for the newest check-in of each station: it is in the last hour that was counted."""
    stations = (
        select(counts.c.station_id, func.max(counts.c.hour).label("hour"))
        .where(counts.c.station_id != NO_STATION)
        .group_by(counts.c.station_id)
        .subquery("stations")
    )
    newest = (
        select(Checkin.checked_in_at, Checkin.station_name, Checkin.location_name)
        .where(Checkin.station_id == stations.c.station_id, Checkin.checked_in_at >= stations.c.hour)
        .where(Checkin.undone_at.is_(None))
        .order_by(Checkin.checked_in_at.desc())
        .limit(1)
    )
    if event_id:
        newest = newest.join(RosterEntry, _CURRENT_CHECKIN).where(RosterEntry.event_id == event_id)
    found = newest.lateral("newest")
    return select(stations.c.station_id, *found.c).join(found, true())


def _any_of(
    event_id: ColumnElement[UUID], category_id: ColumnElement[UUID]
) -> Callable[[InstrumentedAttribute[str]], ScalarSelect[str]]:
    """Return a function that returns the query for a name that a participant of a category has."""
    of_category = (RosterEntry.event_id == event_id, RosterEntry.category_id == category_id)

    def name(column: InstrumentedAttribute[str]) -> ScalarSelect[str]:
        return select(column).where(*of_category).limit(1).correlate_except(RosterEntry).scalar_subquery()

    return name


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
        waiting=_total(rows, "live") + _total(rows, "lost") - _total(rows, "handed_out"),
    )


def _station(rows: Sequence[RowMapping]) -> StationProgress:
    return StationProgress(
        station_id=rows[0]["station_id"],
        station_name=rows[0]["station_name"],
        location_name=rows[0]["location_name"],
        handed_out=_total(rows, "handed_out"),
        last_at=rows[0]["last_at"],
    )
