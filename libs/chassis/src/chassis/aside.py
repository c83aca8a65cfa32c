"""Running a job for many items. Those that fail are set aside: excluded for a while, counted and reported.

The service has the table of `chassis.tables.set_aside_table`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from prometheus_client import Gauge
from sqlalchemy import MetaData, Row, RowMapping, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database, UnitOfWork, is_out_of_reach, waits_for_lock
from chassis.inbox import reason_of
from chassis.tables import set_aside_table
from chassis.telemetry import logger

log = logger(__name__)

SET_ASIDE: Final = Gauge("startline_set_aside", "Items that a job failed for and leaves out for now", ["job"])

_TABLE: Final = set_aside_table(MetaData())
_RETRY_AFTER = timedelta(minutes=10)
_RETRY_BUSY_AFTER = timedelta(seconds=15)
_BUSY = "waits for a lock"
"""Reason of an item that another transaction held: in a rush that is nothing wrong, unless it lasts."""

# Each of many items may wait for the same lock, and a run of a job has a time limit.
WAIT_BRIEFLY: Final = text("SET LOCAL lock_timeout = '1s'")

Work = Callable[[UnitOfWork, Sequence[UUID]], Awaitable[int]]
"""Runs a job for some items in one transaction and returns the number of items done."""


Find = Callable[[AsyncSession], Awaitable[Sequence[UUID]]]
"""Returns the next items of a job, without those set aside."""


async def work_off(database: Database, job: str, find: Find, do: Work) -> int:
    """Run a job for portions of items until none is found, then for those set aside. Return the number of items done.

    Raises:
        Exception: the database is unavailable.
    """
    total, found = 0, 1
    while found:
        async with database.read() as session:
            ids = await find(session)
        total += (found := await for_all(database, job, ids, do) if ids else 0)
    await retry_aside(database, job, do)  # last, as a run has a time limit
    return total


async def for_all(database: Database, job: str, ids: Sequence[UUID], do: Work) -> int:
    """Run a job for all items at once, or one by one if that fails. Return the number of items done.

    Items that fail alone are set aside.

    Raises:
        Exception: the database is unavailable, which would affect every item.
    """
    try:
        async with database.work() as work:
            await work.session.execute(WAIT_BRIEFLY)
            return await do(work, ids)
    except Exception as error:
        if is_out_of_reach(error):
            raise
        log.warning("job_failed_for_some", job=job, items=len(ids), error=reason_of(error), exc_info=error)
        if len(ids) == 1:
            await _put_aside(database, job, ids[0], error)
            done = 0
        else:
            done = sum([await _for_one(database, job, each, do) for each in ids])
    await count_aside(database, job)
    return done


async def _for_one(database: Database, job: str, subject_id: UUID, do: Work) -> int:
    try:
        async with database.work() as work:
            await work.session.execute(WAIT_BRIEFLY)
            await work.session.execute(delete(_TABLE).where(_TABLE.c.job == job, _TABLE.c.subject_id == subject_id))
            return await do(work, [subject_id])
    except Exception as error:
        if is_out_of_reach(error):
            raise
        log.warning(
            "item_set_aside", job=job, subject=str(subject_id), exc_info=None if waits_for_lock(error) else error
        )
        await _put_aside(database, job, subject_id, error)
        return 0


async def _put_aside(database: Database, job: str, subject_id: UUID, error: Exception) -> None:
    """Set an item aside for its failure: for seconds only if it waits for a lock."""
    is_busy = waits_for_lock(error)
    reason, rest = (_BUSY, _RETRY_BUSY_AFTER) if is_busy else (reason_of(error), _RETRY_AFTER)
    async with database.work() as work:
        await put_aside(work, job, subject_id, reason, retry_after=rest)


async def put_aside(
    work: UnitOfWork, job: str, subject_id: UUID, reason: str, *, retry_after: timedelta = _RETRY_AFTER
) -> None:
    """Set an item of a job aside, for as long again if it already is."""
    aside = upsert(_TABLE).values(
        job=job, subject_id=subject_id, reason=reason[:200], since=work.now, retry_at=work.now + retry_after
    )
    again = {"reason": aside.excluded.reason, "retry_at": aside.excluded.retry_at}
    await work.session.execute(
        aside.on_conflict_do_update(index_elements=[_TABLE.c.job, _TABLE.c.subject_id], set_=again)
    )


async def retry_aside(database: Database, job: str, do: Work) -> None:
    """Run the job one by one for items that were set aside long enough."""
    async with database.read() as session:
        rested = _TABLE.c.job == job, _TABLE.c.retry_at <= database.clock()
        waiting = (await session.execute(select(_TABLE.c.subject_id).where(*rested).limit(50))).scalars().all()
    for subject_id in waiting:
        await _for_one(database, job, subject_id, do)
    if waiting:
        await count_aside(database, job)


async def aside_of(session: AsyncSession, job: str) -> frozenset[UUID]:
    """Return the items of a job that are set aside."""
    return frozenset((await session.execute(select(_TABLE.c.subject_id).where(_TABLE.c.job == job))).scalars())


async def count_aside(database: Database, job: str) -> None:
    """Set the metric to the number of a job's items that are set aside, as `all_aside` counts them."""
    async with database.read() as session:
        query = select(func.count()).select_from(_TABLE).where(_TABLE.c.job == job, _LASTS)
        SET_ASIDE.labels(job).set((await session.execute(query)).scalar_one())


async def newest_aside(session: AsyncSession) -> Sequence[RowMapping]:
    """Return the items that are set aside in this service, latest first, a hundred at most."""
    return (await session.execute(select(_TABLE).order_by(_TABLE.c.since.desc()).limit(100))).mappings().all()


_LASTS = or_(_TABLE.c.reason != _BUSY, _TABLE.c.since < func.now() - _RETRY_AFTER)
_ALL = select(_TABLE.c.job, _TABLE.c.subject_id, _TABLE.c.reason).where(_LASTS).order_by(*_TABLE.primary_key)


async def all_aside(session: AsyncSession) -> Sequence[Row[str, UUID, str]]:
    """Return the job, id and reason of the items that are set aside in this service, a thousand at most.

    Those that wait for a lock count once they have waited for ten minutes.
    """
    return (await session.execute(_ALL.limit(1000))).all()
