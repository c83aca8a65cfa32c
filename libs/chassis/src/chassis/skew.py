"""Times in the future count as now: what a clock that was ahead has put off is due, and its leases end."""

from datetime import timedelta

from sqlalchemy import Table, func, update

from chassis import relay, retries
from chassis.database import Database, UnitOfWork
from chassis.tables import OUTBOX_QUEUE, RETRY_QUEUE

_TOLERANCE = timedelta(minutes=1)
"""More than an honest row is ahead by: its transaction may have begun after the one that looks."""


async def forget_the_future(database: Database) -> None:
    """Bring back rows of the outbox and the retries that wait longer, or are leased later, than any can.

    Their times are the database's. When its clock was ahead and is put right, they would wait for as long as it was.
    """
    tables = database.tables
    async with database.work() as work:
        await _bring_back(work, tables.outbox, OUTBOX_QUEUE, longest=relay.LONGEST_WAIT_SECONDS)
        await _bring_back(work, tables.retries, RETRY_QUEUE, longest=retries.LONGEST_WAIT_SECONDS)


async def _bring_back(work: UnitOfWork, table: Table, queue: str, *, longest: float) -> None:
    now, row = func.now(), table.c
    put_off = row.queue == queue, row.next_attempt_at > now + timedelta(seconds=longest) + _TOLERANCE
    leased_later = row.queue == queue, row.acquired_at > now + _TOLERANCE
    await work.session.execute(update(table).where(*put_off).values(next_attempt_at=now))
    await work.session.execute(update(table).where(*leased_later).values(acquired_at=now))
