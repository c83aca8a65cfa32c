"""Beats of the processes of an API, and what the worker shows of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from prometheus_client import Gauge

from chassis.database import Database
from chassis.telemetry import logger
from chassis.uptime import queries
from chassis.uptime.commands import record_beat
from chassis.uptime.rules import BEAT_EVERY, is_closed
from chassis.uptime.tables import UptimeRecord
from chassis.worker import Periodic, repeat

log = logger(__name__)

_LIMIT = timedelta(seconds=30)


async def beat(database: Database, record: UptimeRecord) -> None:
    """Record that this process is open, if the database answers."""
    async with database.work() as work:
        await record_beat(work, record)


@asynccontextmanager
async def beating(run: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Call `run`, which records a beat, every `BEAT_EVERY` in the background until the block ends."""
    job = Periodic("beat", BEAT_EVERY, run, limit=_LIMIT)
    task = asyncio.create_task(repeat(job), name=job.name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def report_closed(database: Database, record: UptimeRecord, gauge: Gauge) -> None:
    """Set `gauge` to the seconds since the service was last open, and log when it counts as closed."""
    now = database.clock()
    async with database.read() as session:
        open_until = await queries.open_until(session, record)
    closed = max(now - open_until, timedelta()) if open_until is not None else timedelta()
    gauge.set(closed.total_seconds())
    if open_until is not None and is_closed(open_until, now):
        name = f"{database.service}_closed"
        log.warning(name, seconds=round(closed.total_seconds()), open_until=open_until.isoformat())
