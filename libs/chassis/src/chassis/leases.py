"""Renewing the lease of a row while it is processed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from faststream_outbox.message import OutboxInnerMessage
from sqlalchemy import CursorResult, Table, func, update

from chassis.database import Database, is_unavailable

_RENEWALS_IN_A_LEASE = 3


@asynccontextmanager
async def lease_kept(
    database: Database, table: Table, row: OutboxInnerMessage, *, lease_seconds: float
) -> AsyncIterator[None]:
    """Renew the lease of a claimed row now, and until the block ends or the row is claimed again.

    A claimed row may wait in this process until its lease has expired. It may then be claimed a second time, and the
    second claim processes it. The outcome of work under an expired lease is not stored: no failure would be counted and
    no delay kept. What is done under the lease therefore asks for the claim first, as `crash_guard.counted` does.
    """
    await _renewed(database, table, row)
    renewing = asyncio.create_task(_renew(database, table, row, every=lease_seconds / _RENEWALS_IN_A_LEASE))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _renew(database: Database, table: Table, row: OutboxInnerMessage, *, every: float) -> None:
    ours = True
    while ours:
        await asyncio.sleep(every)
        try:
            ours = await _renewed(database, table, row)
        except Exception as error:
            if not is_unavailable(error):
                raise


async def _renewed(database: Database, table: Table, row: OutboxInnerMessage) -> bool:
    own = (table.c.id == row.id, table.c.acquired_token == row.acquired_token)
    async with database.work() as work:
        renewed = await work.session.execute(update(table).where(*own).values(acquired_at=func.now()))
    return cast("CursorResult[Any]", renewed).rowcount > 0
