"""Isolated and counted retries of events whose handling may kill the process.

When a process is killed, all events in progress look alike. Those that were being tried, and those that the broker's
crash guard set aside, are suspects. Each suspect is retried alone, so that only the event at fault is counted again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

from faststream_outbox.message import OutboxInnerMessage
from sqlalchemy import ColumnElement, Integer, String, Table, cast, func, literal, update
from sqlalchemy.dialects.postgresql import JSONB

from chassis.database import Database

UNFINISHED: Final = "unfinished_tries"
"""Header that counts an event's consecutive tries that began and did not end."""

DEADLY: Final = 5
"""Unfinished tries after which an event is given up. Other events may have caused the first and, rarely, one more."""


class TookReaderDown(Exception):
    """The process was killed too often while it handled this event."""


class RetrySlots:
    """Limits concurrent retries; a suspect is retried alone.

    Args:
        side_by_side: maximum concurrent retries.
    """

    def __init__(self, side_by_side: int) -> None:
        self._side_by_side = side_by_side
        self._places = asyncio.Semaphore(side_by_side)
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def slot(self, row: OutboxInnerMessage) -> AsyncIterator[None]:
        """Wait for a slot for a claimed row and hold it until the block ends. A suspect gets all slots."""
        async with AsyncExitStack() as held:
            if is_suspect(row):
                await held.enter_async_context(self._alone)
            for _ in range(self._side_by_side if is_suspect(row) else 1):
                await held.enter_async_context(self._places)
            yield


def is_suspect(row: OutboxInnerMessage) -> bool:
    """Return whether a process was killed while it handled this event."""
    return UNFINISHED in (row.headers or {})


@asynccontextmanager
async def counted(database: Database, row: OutboxInnerMessage) -> AsyncIterator[None]:
    """Count this try as unfinished unless the block ends, which it does not if the process is killed.

    Raises:
        TookReaderDown: the event has used up its tries; the block is not run.
    """
    if await _begin(database, row) > DEADLY:
        raise TookReaderDown
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the try then counts as unfinished, which costs one of several
            await _set_headers(
                database, row, _headers(database).op("-", return_type=JSONB)(literal(UNFINISHED, String))
            )
        raise


async def _begin(database: Database, row: OutboxInnerMessage) -> int:
    headers = _headers(database)
    count = func.coalesce(cast(headers[UNFINISHED].astext, Integer), 0) + 1
    counting = headers.op("||", return_type=JSONB)(func.jsonb_build_object(UNFINISHED, cast(count, String)))
    return await _set_headers(database, row, counting)


async def _set_headers(database: Database, row: OutboxInnerMessage, headers: ColumnElement[Any]) -> int:
    """Set the headers of a claimed row and return its count of unfinished tries; 0 without one or without the claim."""
    table: Table = database.tables.retries
    own = (table.c.id == row.id, table.c.acquired_token == row.acquired_token)
    changed = update(table).where(*own).values(headers=headers).returning(table.c.headers[UNFINISHED].astext)
    async with database.work() as work:
        return int((await work.session.execute(changed)).scalar_one_or_none() or 0)


def _headers(database: Database) -> ColumnElement[Any]:
    return func.coalesce(database.tables.retries.c.headers, cast("{}", JSONB), type_=JSONB)
