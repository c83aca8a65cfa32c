"""Beats of the processes that take proofs, and what the worker shows of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from chassis.database import Database
from chassis.telemetry import logger
from chassis.worker import Periodic, repeat
from prometheus_client import Gauge

from payment.images.store import ImageStore
from payment.uptime import queries
from payment.uptime.commands import move_deadlines, record_beat
from payment.uptime.moving import count_aside, retry_one
from payment.uptime.rules import BEAT_EVERY, is_closed

log = logger(__name__)

CLOSED_SECONDS: Final = Gauge("startline_payment_closed_seconds", "Time since payment could last take a proof")

_LIMIT = timedelta(seconds=30)


async def beat(database: Database, images: ImageStore) -> None:
    """Record that this process can take proofs, if store and database answer, and settle what outages are left.

    Raises:
        Unavailable: the image store does not take files.
    """
    await images.probe()
    async with database.work() as work:
        await record_beat(work)
    left = True
    while left:
        async with database.work() as work:
            left = await move_deadlines(work)
    while await _retry(database):
        pass
    await count_aside(database)


async def _retry(database: Database) -> bool:
    async with database.work() as work:
        return await retry_one(work)


@asynccontextmanager
async def beating(database: Database, images: ImageStore) -> AsyncIterator[None]:
    """Beat in the background until the block ends."""
    job = Periodic("beat", BEAT_EVERY, lambda: beat(database, images), limit=_LIMIT)
    task = asyncio.create_task(repeat(job), name=job.name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def report_closed(database: Database) -> None:
    """Show for how long payment could take no proofs."""
    now = database.clock()
    async with database.read() as session:
        open_until = await queries.open_until(session)
    closed = max(now - open_until, timedelta()) if open_until is not None else timedelta()
    CLOSED_SECONDS.set(closed.total_seconds())
    if open_until is not None and is_closed(open_until, now):
        log.warning("payment_closed", seconds=round(closed.total_seconds()), open_until=open_until.isoformat())
