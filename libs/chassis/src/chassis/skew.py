"""Correction of times in the future, written while a clock was ahead: postponed rows become due, leases end."""

from datetime import timedelta

from sqlalchemy import Table, func

from chassis import relay, retries
from chassis.database import Database
from chassis.portions import change_in_portions
from chassis.tables import OUTBOX_QUEUE, RETRY_QUEUE

_TOLERANCE = timedelta(minutes=1)
"""More than a correct row can be ahead, whose transaction may have begun after the one that checks."""


async def forget_the_future(database: Database) -> None:
    """Reset rows of outbox and retries whose wait or lease lies further in the future than possible.

    Their times come from the database server. When its clock was ahead and is corrected, they would wait for that long.
    """
    tables = database.tables
    await _bring_back(database, tables.outbox, OUTBOX_QUEUE, longest=relay.LONGEST_WAIT_SECONDS)
    await _bring_back(database, tables.retries, RETRY_QUEUE, longest=retries.LONGEST_WAIT_SECONDS)


async def _bring_back(database: Database, table: Table, queue: str, *, longest: float) -> None:
    now, row = func.now(), table.c
    put_off = row.queue == queue, row.next_attempt_at > now + timedelta(seconds=longest) + _TOLERANCE
    leased_later = row.queue == queue, row.acquired_at > now + _TOLERANCE
    await change_in_portions(database, table, {"next_attempt_at": now}, *put_off)
    await change_in_portions(database, table, {"acquired_at": now}, *leased_later)
