"""The state of a service's queues: what waits, what was given up, what was done, what jobs leave out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.aside import newest_aside
from chassis.database import Database
from chassis.tables import OUTBOX_QUEUE, RETRY_QUEUE

MOST_COUNTED = 100_000
"""Rows of a table that are counted at most; there are more if this is the count."""

Counts = Mapping[str, int]
"""Numbers of events by type."""

_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED_AFTER = timedelta(minutes=2)
"""An event's time is the beginning of its transaction, which may commit after the hour is over."""
_UNNAMED = "unreadable"


@dataclass(frozen=True)
class Waiting:
    """Rows of a queue that wait. `next_due_at` is null if all are being processed, or none waits."""

    waiting: int
    oldest_seconds: float | None
    next_due_at: datetime | None


@dataclass(frozen=True)
class GivenUp:
    """Dead letters of one type of event and one reason."""

    event_type: str
    failure_reason: str
    count: int


@dataclass(frozen=True)
class Processed:
    """Events of one type that were processed in the last 60 minutes, and in the day from `day_begins` on."""

    event_type: str
    last_hour: int
    last_day: int


@dataclass(frozen=True)
class Aside:
    """An item that a job failed for, and for how long."""

    job: str
    subject_id: UUID
    reason: str
    since: datetime
    age_seconds: float
    retry_at: datetime


@dataclass(frozen=True)
class Queues:
    """The state of all queues of a service at one moment."""

    service: str
    at: datetime
    outbox: Waiting
    retries: Waiting
    dead_letters: Sequence[GivenUp]
    processed: Sequence[Processed]
    set_aside: Sequence[Aside]


async def queues_of(database: Database, processed: "ProcessedCounts") -> Queues:
    """Return the state of the service's queues."""
    tables = database.tables
    async with database.read() as session:
        now = await database.server_time(session)
        return Queues(
            service=database.service,
            at=now,
            outbox=await _waiting(session, tables.outbox, OUTBOX_QUEUE, now),
            retries=await _waiting(session, tables.retries, RETRY_QUEUE, now),
            dead_letters=await given_up(session, tables.dead_letters),
            processed=await processed.counted(session, now=now),
            set_aside=await _aside(session, database, now),
        )


async def _waiting(session: AsyncSession, table: Table, queue: str, now: datetime) -> Waiting:
    """Return what waits. The oldest row is that with the smallest id, which needs no index of its own."""
    rows = select(table.c.id).where(table.c.queue == queue).limit(MOST_COUNTED)
    oldest = select(table.c.created_at).where(table.c.queue == queue).order_by(table.c.id).limit(1)
    free = table.c.queue == queue, table.c.acquired_token.is_(None)
    since = (await session.execute(oldest)).scalar_one_or_none()
    return Waiting(
        waiting=await _count(session, rows),
        oldest_seconds=None if since is None else max(0.0, (now - since).total_seconds()),
        next_due_at=(await session.execute(select(func.min(table.c.next_attempt_at)).where(*free))).scalar_one(),
    )


async def _count(session: AsyncSession, rows: Select[Any]) -> int:
    return int((await session.execute(select(func.count()).select_from(rows.subquery()))).scalar_one())


async def given_up(session: AsyncSession, table: Table) -> Sequence[GivenUp]:
    """Return the dead letters by type and reason, the most frequent first."""
    rows = select(table.c.headers["event_type"].astext.label("event_type"), table.c.failure_reason)
    some = rows.limit(MOST_COUNTED).subquery()
    kind = func.coalesce(some.c.event_type, _UNNAMED).label("event_type")
    counted = select(kind, some.c.failure_reason, func.count().label("count")).group_by(kind, some.c.failure_reason)
    found = await session.execute(counted.order_by(func.count().desc(), kind, some.c.failure_reason))
    return [GivenUp(*row) for row in found]


async def _aside(session: AsyncSession, database: Database, now: datetime) -> Sequence[Aside]:
    if "set_aside" not in database.tables.metadata.tables:
        return []
    return [
        Aside(**row, age_seconds=max(0.0, (now - row["since"]).total_seconds())) for row in await newest_aside(session)
    ]


class ProcessedCounts:
    """Counts of processed events by type.

    Each process counts an hour that is over once, so that a page that is looked at all day does not count a busy day's
    events again and again.
    """

    def __init__(self, database: Database) -> None:
        self._processed = database.tables.processed
        self._settled: dict[datetime, Counts] = {}

    async def counted(self, session: AsyncSession, *, now: datetime) -> Sequence[Processed]:
        """Return the counts of the last 60 minutes, and of the day from `day_begins` on."""
        this_hour = _hour_of(now)
        past = await self._past_hours(session, this_hour, now=now)
        recent, current = await self._since(session, now - _HOUR), await self._since(session, this_hour)
        day = [current, *past.values()]
        kinds = sorted({kind for counts in (recent, *day) for kind in counts})
        return [Processed(kind, recent.get(kind, 0), sum(each.get(kind, 0) for each in day)) for kind in kinds]

    async def _past_hours(
        self, session: AsyncSession, this_hour: datetime, *, now: datetime
    ) -> Mapping[datetime, Counts]:
        hours = [this_hour - _HOUR * back for back in range(1, 24)]
        found = {hour: counts for hour, counts in self._settled.items() if hour in hours}
        missing = [hour for hour in hours if hour not in found]
        if missing:
            counted = await self._by_hour(session, min(missing), this_hour)
            found |= {hour: counted.get(hour, {}) for hour in missing}
        self._settled = {hour: counts for hour, counts in found.items() if hour + _HOUR + _SETTLED_AFTER <= now}
        return found

    async def _by_hour(self, session: AsyncSession, begin: datetime, end: datetime) -> Mapping[datetime, Counts]:
        at, kind = self._processed.c.processed_at, self._processed.c.type
        hour = func.date_bin(literal(_HOUR), at, literal(_EPOCH)).label("hour")
        counted = select(hour, kind, func.count()).where(at >= begin, at < end).group_by(hour, kind)
        found: dict[datetime, dict[str, int]] = {}
        for row in await session.execute(counted):
            found.setdefault(row[0], {})[row[1]] = row[2]
        return found

    async def _since(self, session: AsyncSession, begin: datetime) -> Counts:
        kind = self._processed.c.type
        counted = select(kind, func.count()).where(self._processed.c.processed_at >= begin).group_by(kind)
        return {row[0]: row[1] for row in await session.execute(counted)}


def day_begins(now: datetime) -> datetime:
    """Return the beginning of the hour from which on the events of the last day are counted."""
    return _hour_of(now) - _HOUR * 23


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
