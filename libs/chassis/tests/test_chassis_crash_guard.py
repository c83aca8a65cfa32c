"""One event that kills its reader takes no others along to the dead letters."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from chassis import crash_guard
from chassis.crash_guard import DEADLY, UNFINISHED, RetrySlots, TookReaderDown, counted
from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from chassis.inbox import Handlers, Inbox
from chassis.retries import ParkedEventRetry, list_dead_letters, replay_dead_letter, retry_broker
from contracts import Event, RegistrationCancelled
from faststream_outbox.message import OutboxInnerMessage
from sqlalchemy import func, select, text, update
from testkit.example.service import OWNER, cancelled, effects, example_handlers, leave_effect, rows
from testkit.example.tables import service_tables
from testkit.polling import eventually

KILLED = Path(__file__).parent / "programs" / "retry_that_one_kills.py"


@asynccontextmanager
async def retried(database: Database, inbox: Inbox) -> AsyncIterator[None]:
    soon = ParkedEventRetry(initial_delay_seconds=0.02, max_delay_seconds=0.05)
    broker = retry_broker(database, inbox, strategy=soon)
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


async def headers_of_parked(database: Database) -> list[dict[str, Any]]:
    async with database.read() as session:
        return list((await session.execute(select(service_tables.retries.c.headers))).scalars())


async def test_what_the_crash_guard_put_aside_is_tried_again(database: Database) -> None:
    inbox, events = Inbox(database, example_handlers()), [cancelled() for _ in range(23)]
    for event in events:
        await inbox.retry_alone(event.to_bytes(), OWNER)
    assert {headers[UNFINISHED] for headers in await headers_of_parked(database)} == {"1"}

    async with retried(database, inbox):
        await eventually(lambda: _all_handled(database, events))

    assert await list_dead_letters(database) == []


async def _all_handled(database: Database, events: list[Event[Any]]) -> bool:
    return set(await effects(database)) == {event.message_id for event in events}


@pytest.mark.parametrize("suspected", [True, False])
async def test_only_the_event_that_kills_its_reader_is_given_up(
    database: Database, url: str, *, suspected: bool
) -> None:
    inbox, killer, innocent = Inbox(database, example_handlers()), cancelled(), [cancelled() for _ in range(6)]
    for event in (*innocent[:3], killer, *innocent[3:]):
        if suspected:
            await inbox.retry_alone(event.to_bytes(), OWNER)
        else:
            await inbox.schedule_retry(event.to_bytes(), NotYet("too early"))

    deaths = 0
    while not await list_dead_letters(database):
        ended = await asyncio.to_thread(_run, url, killer)
        deaths += ended != 0  # on a busy machine one may end before the event's turn
        assert deaths <= DEADLY + 1, ended

    async with retried(database, inbox):
        await eventually(lambda: _all_handled(database, innocent))
    [letter] = await list_dead_letters(database)
    assert (letter["headers"]["event_id"], letter["last_exception"]) == (str(killer.message_id), "TookReaderDown")


def _run(url: str, killer: Event[Any]) -> int:
    program = [sys.executable, str(KILLED), url, str(killer.message_id)]
    return subprocess.run(program, check=False, timeout=60).returncode  # our own program


async def test_a_try_that_ends_is_not_counted(database: Database) -> None:
    tried: list[Any] = []
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def too_early(event: Event[Any], work: UnitOfWork) -> None:
        tried.append(event)
        raise NotYet("too early")

    await Inbox(database, handlers).retry_alone(cancelled().to_bytes(), OWNER)
    async with retried(database, Inbox(database, handlers)):
        await eventually(lambda: len(tried) > DEADLY + 1)

    assert await rows(database, service_tables.dead_letters) == 0
    [headers] = await headers_of_parked(database)
    assert UNFINISHED not in headers


async def test_a_try_that_ends_while_the_database_is_too_busy_to_be_told_is_not_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a database that takes the beginnings of tries, and not their ends
    tried: list[Any] = []
    handlers = Handlers()
    set_headers = crash_guard._set_headers

    @handlers.on(RegistrationCancelled)
    async def too_early(event: Event[Any], work: UnitOfWork) -> None:
        tried.append(event)
        raise NotYet("too early")

    async def busy_at_the_end(*args: Any, claimed: bool = True) -> int:
        if " - " in str(args[-1]):
            raise TimeoutError("no connection is free")
        return await set_headers(*args, claimed=claimed)

    monkeypatch.setattr(crash_guard, "_set_headers", busy_at_the_end)
    await Inbox(database, handlers).schedule_retry(cancelled().to_bytes(), NotYet("too early"))
    # when
    async with retried(database, Inbox(database, handlers)):
        await eventually(lambda: len(tried) > DEADLY + 2)
    # then
    assert await rows(database, service_tables.dead_letters) == 0


async def test_tries_of_processes_that_live_are_not_counted_though_they_lose_the_claim(database: Database) -> None:
    # given tries of which each loses its claim to the next before it ends, as on a machine that is far too busy
    await Inbox(database, example_handlers()).schedule_retry(cancelled().to_bytes(), NotYet("too early"))
    async with AsyncExitStack() as tries:
        for _ in range(DEADLY + 2):
            # when the next one begins, and the one before ends
            following = counted(database, await _claimed(database), set())
            await following.__aenter__()
            await tries.aclose()
            tries.push_async_exit(_failing(following))
        # then only the one that is under way is counted
        assert [headers[UNFINISHED] for headers in await headers_of_parked(database)] == ["1"]
    # and none when it has ended
    [headers] = await headers_of_parked(database)
    assert UNFINISHED not in headers


async def test_a_try_that_was_killed_stays_counted_when_one_that_lost_its_claim_ends(database: Database) -> None:
    # given a try that a process did not survive
    await Inbox(database, example_handlers()).schedule_retry(cancelled().to_bytes(), NotYet("too early"))
    await crash_guard._begin(database, await _claimed(database), first=False)
    # when another loses its claim to a third, and ends
    lost = counted(database, await _claimed(database), set())
    await lost.__aenter__()
    await crash_guard._begin(database, await _claimed(database), first=False)
    await _failing(lost)(None, None, None)
    # then the first and the third are counted
    assert [headers[UNFINISHED] for headers in await headers_of_parked(database)] == ["2"]


async def test_a_try_whose_claim_is_lost_before_it_begins_is_not_made(database: Database) -> None:
    # given a claim that was lost to a try which was killed
    await Inbox(database, example_handlers()).schedule_retry(cancelled().to_bytes(), NotYet("too early"))
    lost = await _claimed(database)
    await crash_guard._begin(database, await _claimed(database), first=False)
    # when its try would begin, and ends
    with suppress(NotYet):
        async with counted(database, lost, set()) as is_counted:
            assert not is_counted
            raise NotYet("too early")
    # then the other stays counted
    assert [headers[UNFINISHED] for headers in await headers_of_parked(database)] == ["1"]


async def _claimed(database: Database) -> OutboxInnerMessage:
    """Claim the parked event as another process would when the lease has ended."""
    table, token = service_tables.retries, uuid4()
    async with database.work() as work:
        claim = update(table).values(acquired_token=token, acquired_at=func.now()).returning(table.c.id)
        row = SimpleNamespace(id=(await work.session.execute(claim)).scalar_one(), acquired_token=token)
    return cast("OutboxInnerMessage", row)


def _failing(block: AbstractAsyncContextManager[bool]) -> Callable[..., Awaitable[bool]]:
    """Return an exit that ends a try by `NotYet`."""

    async def end(*_: object) -> bool:
        error = NotYet("too early")
        with suppress(NotYet):
            await block.__aexit__(NotYet, error, None)
        return False

    return end


async def test_a_replayed_event_gets_a_fresh_set_of_tries_alone(database: Database) -> None:
    inbox, event = Inbox(database, example_handlers()), cancelled()
    await inbox.schedule_retry(event.to_bytes(), TookReaderDown())
    async with database.work() as work:
        count = f"""UPDATE event_retries SET headers = headers || '{{"{UNFINISHED}": "{DEADLY}"}}'"""
        await work.session.execute(text(count))
    async with retried(database, inbox):
        await eventually(lambda: list_dead_letters(database))
        [letter] = await list_dead_letters(database)
        assert await effects(database) == []
        await replay_dead_letter(database, letter["id"], by="staff:1")
        await eventually(lambda: effects(database))


async def test_a_suspect_is_tried_alone() -> None:
    slots, running, seen = RetrySlots(4), 0, []

    async def one(headers: dict[str, str]) -> None:
        nonlocal running
        async with slots.slot(cast("OutboxInnerMessage", _Row(headers))):
            running += 1
            await asyncio.sleep(0.01)
            seen.append((bool(headers), running))
            await asyncio.sleep(0.01)
            running -= 1

    await asyncio.gather(*(one({UNFINISHED: "1"} if each % 3 == 0 else {}) for each in range(20)))
    assert {at_once for suspect, at_once in seen if suspect} == {1}
    assert max(at_once for suspect, at_once in seen if not suspect) > 1


class _Row:
    """As much of a claimed row as a turn looks at."""

    def __init__(self, headers: dict[str, str] | None) -> None:
        self.headers = headers


async def test_parked_events_that_wait_for_one_lock_do_not_hold_up_the_others(
    database: Database, connect: Callable[..., Database], url: str
) -> None:
    stuck, other, handlers = [cancelled() for _ in range(12)], cancelled(), Handlers()
    about_the_locked = {each.message_id for each in stuck}

    @handlers.on(RegistrationCancelled)
    async def handle(event: Event[Any], work: UnitOfWork) -> None:
        if event.message_id in about_the_locked:
            await work.session.execute(text("LOCK TABLE runners"))
        await leave_effect(event, work)

    inbox = Inbox(database, handlers)
    for each in stuck:
        await inbox.schedule_retry(each.to_bytes(), NotYet("too early"))
    async with connect(url).work() as holder, AsyncExitStack() as stack:
        await holder.session.execute(text("LOCK TABLE runners"))
        await stack.enter_async_context(retried(database, inbox))
        await asyncio.sleep(1)
        began = time.monotonic()
        await inbox.schedule_retry(other.to_bytes(), NotYet("a moment too early"))
        await eventually(lambda: effects(database), within=30)
        assert time.monotonic() - began < 10
    assert await rows(database, service_tables.dead_letters) == 0
