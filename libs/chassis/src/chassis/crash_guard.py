"""Isolated and counted retries of events whose handling may kill the process.

When a process is killed, all events in progress look alike. Those that were being tried, and those that the broker's
crash guard set aside, are suspects. Each suspect is retried alone, so that only the event at fault is counted again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from faststream_outbox.message import OutboxInnerMessage
from sqlalchemy import ColumnElement, Integer, String, Table, case, cast, func, literal, update
from sqlalchemy.dialects.postgresql import JSONB

from chassis.database import Database
from chassis.telemetry import logger

log = logger(__name__)

UNFINISHED: Final = "unfinished_tries"
"""Header that counts an event's consecutive tries that began and did not end."""

DEADLY: Final = 5
"""Unfinished tries after which an event is given up. Other events may have caused the first and, rarely, one more."""


class TookReaderDown(Exception):
    """The process was killed too often while it handled this event."""


class RetrySlots:
    """Limits concurrent retries of a process; a suspect is retried alone.

    Args:
        side_by_side: maximum concurrent retries.

    Attributes:
        ended: ids of the rows whose newest try here ended, although the database could not be told.
    """

    def __init__(self, side_by_side: int) -> None:
        self._side_by_side = side_by_side
        self._places = asyncio.Semaphore(side_by_side)
        self._alone = asyncio.Lock()
        self.ended: set[int] = set()

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
async def counted(database: Database, row: OutboxInnerMessage, ended: set[int]) -> AsyncIterator[bool]:
    """Count this try as unfinished unless the block ends, which it does not if the process is killed.

    Yield False if the row was claimed again meanwhile: the try is not counted, and should not be made.

    Args:
        ended: see `RetrySlots`. While a database is too busy to be told, a process that lives knows its own tries.

    Raises:
        TookReaderDown: the event has used up its tries; the block is not run.
    """
    tries = await _begin(database, row, first=row.id in ended)
    if tries > DEADLY:
        raise TookReaderDown
    if not tries:
        yield False
        return
    ended.discard(row.id)
    try:
        yield True
    except BaseException:
        await _end(database, row, ended)
        raise


async def _end(database: Database, row: OutboxInnerMessage, ended: set[int]) -> None:
    """Forget that tries of a row began, or remember in this process that the newest one ended.

    Where the claim was lost, as happens to a process that got no processor for the length of a lease, another try has
    begun and been counted: only this one is taken off.
    """
    try:
        await _set_headers(database, row, _ended(database, row), claimed=False)
    except Exception as error:  # noqa: BLE001  # the try failed for a reason of its own, which is reported
        ended.add(row.id)
        log.warning("end_of_try_not_stored", row=row.id, error=type(error).__name__)


async def _begin(database: Database, row: OutboxInnerMessage, *, first: bool) -> int:
    """Count a try that begins and return the count, or 0 if the claim is lost."""
    headers = _headers(database)
    before = literal(0) if first else func.coalesce(cast(headers[UNFINISHED].astext, Integer), 0)
    count = before + 1
    counting = headers.op("||", return_type=JSONB)(func.jsonb_build_object(UNFINISHED, cast(count, String)))
    return await _set_headers(database, row, counting)


def _ended(database: Database, row: OutboxInnerMessage) -> ColumnElement[Any]:
    headers = _headers(database)
    others = func.coalesce(cast(headers[UNFINISHED].astext, Integer), 0) - 1
    others_only = headers.op("||", return_type=JSONB)(func.jsonb_build_object(UNFINISHED, cast(others, String)))
    is_lost = database.tables.retries.c.acquired_token.is_distinct_from(row.acquired_token)
    none = headers.op("-", return_type=JSONB)(literal(UNFINISHED, String))
    return case((is_lost & (others > 0), others_only), else_=none)


async def _set_headers(
    database: Database, row: OutboxInnerMessage, headers: ColumnElement[Any], *, claimed: bool = True
) -> int:
    """Set the headers of a row and return its count of unfinished tries; 0 without one.

    Args:
        claimed: set them only if the claim still holds, and return 0 if it does not.
    """
    table: Table = database.tables.retries
    own = (table.c.id == row.id, *([table.c.acquired_token == row.acquired_token] if claimed else []))
    changed = update(table).where(*own).values(headers=headers).returning(table.c.headers[UNFINISHED].astext)
    async with database.work() as work:
        return int((await work.session.execute(changed)).scalar_one_or_none() or 0)


def _headers(database: Database) -> ColumnElement[Any]:
    return func.coalesce(database.tables.retries.c.headers, cast("{}", JSONB), type_=JSONB)
