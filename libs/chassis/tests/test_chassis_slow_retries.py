"""A try that takes longer than its lease is one try, and what became of it is kept."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from chassis.inbox import Handlers, Inbox
from chassis.retries import ParkedEventRetry, retry_broker
from contracts import Event, RegistrationCancelled
from testkit.example.service import cancelled, effects, leave_effect, rows
from testkit.example.tables import service_tables
from testkit.polling import eventually

LEASE = 2.1
SLOW = 3.5

Start = Callable[..., Awaitable[None]]


@pytest.fixture
async def start(database: Database) -> AsyncIterator[Start]:
    """Starts retries, as a process of its own would, with short waits and leases."""
    async with AsyncExitStack() as stopping:

        async def begin(inbox: Inbox) -> None:
            soon = ParkedEventRetry(initial_delay_seconds=0.05, max_delay_seconds=0.05, max_attempts=2)
            broker = retry_broker(database, inbox, strategy=soon, lease_seconds=LEASE)
            await broker.start()
            stopping.push_async_callback(broker.stop)

        yield begin


class Slow:
    """Takes its time for one event and fails then; counts how often each was tried."""

    def __init__(self, slow: UUID) -> None:
        self.slow = slow
        self.tried: Counter[UUID] = Counter()
        self.handlers = Handlers()
        self.handlers.on(RegistrationCancelled)(self._handle)

    async def _handle(self, event: Event[Any], work: UnitOfWork) -> None:
        self.tried[event.message_id] += 1
        if event.message_id == self.slow:
            await asyncio.sleep(SLOW)
            raise LookupError
        await leave_effect(event, work)


async def _parked(database: Database, *events: Event[Any]) -> None:
    for event in events:
        await Inbox(database, Handlers()).schedule_retry(event.to_bytes(), NotYet("too early"))


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_slow_event_that_fails_is_given_up_after_all_its_tries(
    database: Database, start: Start, processes: int
) -> None:
    event = cancelled()
    slow = Slow(event.message_id)
    await _parked(database, event)

    for _ in range(processes):
        await start(Inbox(database, slow.handlers))

    await eventually(lambda: rows(database, service_tables.dead_letters), within=20)
    assert slow.tried == {event.message_id: 2}


async def test_those_behind_a_slow_one_are_tried_once_each(database: Database, start: Start) -> None:
    first, *others = (cancelled() for _ in range(4))
    slow = Slow(first.message_id)
    await _parked(database, first, *others)

    await start(Inbox(database, slow.handlers))

    await eventually(lambda: rows(database, service_tables.dead_letters), within=20)
    assert sorted(await effects(database)) == sorted(each.message_id for each in others)
    assert [slow.tried[each.message_id] for each in others] == [1, 1, 1]
