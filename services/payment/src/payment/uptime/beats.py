"""Beats of the processes that take proofs, and what the worker shows of them."""

from contextlib import AbstractAsyncContextManager
from typing import Final

from chassis.database import Database
from chassis.images.store import ImageStore
from chassis.uptime import beats
from prometheus_client import Gauge

from payment.uptime.commands import move_deadlines
from payment.uptime.moving import count_aside, retry_one
from payment.uptime.tables import RECORD

CLOSED_SECONDS: Final = Gauge("startline_payment_closed_seconds", "Time since payment could last take a proof")


async def beat(database: Database, images: ImageStore) -> None:
    """Record that this process can take proofs, if store and database answer, and add outages to deadlines.

    Raises:
        Unavailable: the image store does not take files.
    """
    await images.probe()
    await beats.beat(database, RECORD)
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


def beating(database: Database, images: ImageStore) -> AbstractAsyncContextManager[None]:
    """Return a block during which this process beats in the background."""
    return beats.beating(lambda: beat(database, images))


async def report_closed(database: Database) -> None:
    """Set the metric to the time for which payment could take no proofs, and log an outage."""
    await beats.report_closed(database, RECORD, CLOSED_SECONDS)
