"""Limits hold across all replicas, and while they change."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from chassis.clock import Clock
from chassis.database import Database
from notification.base import service_tables
from notification.limiter.commands import end_slot, take_slot
from notification.limiter.queries import find_sender, may_send
from notification.limiter.rules import Pace, pause_after
from notification.messages.rules import Channel
from simulators.testing import Stage
from sqlalchemy import text
from testkit.clocks import ManualClock, StoppedClock

from .notification_driver import NotificationDriver
from .notification_events import runner

WHATSAPP = Channel.WHATSAPP
SECOND = timedelta(seconds=1)

Try = Callable[[Database, Pace], Awaitable[bool]]


@pytest.fixture
def clock() -> ManualClock:
    """Only the test moves it: a slow machine adds nothing to a minute."""
    return StoppedClock()


class SteppedClock:
    """A clock whose time the test sets."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def replicas(url: str, count: int, clock: Clock) -> AsyncIterator[Sequence[Database]]:
    """Open the databases of several processes."""
    databases = [
        Database(url, service="notification", tables=service_tables, clock=clock, server_clock=clock)
        for _ in range(count)
    ]
    yield databases
    for database in databases:
        await database.close()


async def take(database: Database, pace: Pace) -> bool:
    async with database.work() as work:
        return await take_slot(work, WHATSAPP, pace) is not None


async def look_then_note(database: Database, pace: Pace) -> bool:
    """Take a slot as the limiter would without its guard: read, then write."""
    async with database.read() as session:
        free = may_send(await find_sender(session, WHATSAPP), pace, now=database.clock())
    if free:
        async with database.work() as work:
            sender = await find_sender(work.session, WHATSAPP)
            sender.last_sent_at, sender.recent = work.now, [*sender.recent, work.now]
    return free


async def race(
    driver: NotificationDriver, attempt: Try, *, pace: Pace, seconds: int, per_second: int = 3
) -> list[datetime]:
    """Return when messages were sent, with three replicas trying at the same moments."""
    clock = SteppedClock(driver.clock())
    left: list[datetime] = []
    async with replicas(driver.settings.database_url, 3, clock) as databases:
        for _ in range(seconds):
            tries = [attempt(database, pace) for database in databases for _ in range(per_second)]
            left += [clock.now for went in await asyncio.gather(*tries) if went]
            clock.now += SECOND
    return left


def closest(moments: Sequence[datetime]) -> timedelta:
    return min(later - earlier for earlier, later in pairwise(moments))


def busiest_minute(moments: Sequence[datetime]) -> int:
    return max(sum(start <= moment < start + 60 * SECOND for moment in moments) for start in moments)


async def test_three_replicas_at_once_keep_the_gap(driver: NotificationDriver) -> None:
    left = await race(driver, take, pace=Pace(5 * SECOND, 600), seconds=31)
    assert len(left) == 7
    assert closest(left) == 5 * SECOND


async def test_three_replicas_at_once_keep_the_minute(driver: NotificationDriver) -> None:
    left = await race(driver, take, pace=Pace(timedelta(), 4), seconds=65)
    assert busiest_minute(left) == 4
    assert len(left) == 8  # four at once, and four again after a minute


async def test_without_the_guard_the_same_race_breaks_both_limits(driver: NotificationDriver) -> None:
    left = await race(driver, look_then_note, pace=Pace(5 * SECOND, 4), seconds=6)
    assert closest(left) < 5 * SECOND
    assert busiest_minute(left) > 4


async def test_both_limits_hold_together_for_real_messages(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given
    await connected.change_settings(whatsapp_delay_seconds=2, whatsapp_max_per_minute=5)
    for place in range(12):
        await connected.register(runner(f"Runner {place}"))
    # when: two workers look every second
    sent: list[int] = []
    for _ in range(125):
        await asyncio.gather(*(connected.senders[WHATSAPP].send_due() for _ in range(2)))
        sent.append(len(await stage.items("whatsapp")))
        clock.advance(SECOND)
    # then
    added = [after - before for before, after in zip([0, *sent], sent, strict=False)]
    assert max(added) == 1
    assert max(sum(added[start : start + 2]) for start in range(124)) == 1
    assert max(sum(added[start : start + 59]) for start in range(66)) == 5
    assert sent[-1] == 12


@pytest.mark.parametrize("apart", [timedelta(), timedelta(seconds=45), timedelta(minutes=2)])
async def test_replicas_whose_clocks_differ_keep_both_limits(
    driver: NotificationDriver, clock: ManualClock, apart: timedelta
) -> None:
    pace, left = Pace(10 * SECOND, 5), []
    for second in range(59):
        for ahead in (timedelta(), apart):
            with clock.differing(ahead):
                left += [second] if await take(driver.database, pace) else []
        clock.advance(SECOND)
    assert left == [0, 10, 20, 30, 40]


async def test_a_pause_holds_for_a_replica_whose_clock_is_ahead(
    connected: NotificationDriver, clock: ManualClock
) -> None:
    await connected.execute(
        "UPDATE senders SET paused_at = :now, paused_until = :end WHERE channel = 'whatsapp'",
        now=clock.server(),
        end=clock.server() + timedelta(minutes=1),
    )
    await connected.register()
    with clock.differing(timedelta(minutes=2)):
        await connected.send_due(WHATSAPP)
        assert [each["status"] for each in await connected.messages(channel="whatsapp")] == ["pending"]
        clock.advance(timedelta(minutes=1))
        await connected.send_due(WHATSAPP)
    assert [each["status"] for each in await connected.messages(channel="whatsapp")] == ["sent"]


async def test_a_replica_whose_clock_is_behind_sends_as_often(
    connected: NotificationDriver, clock: ManualClock
) -> None:
    with clock.differing(-timedelta(minutes=2)):
        for _ in range(2):
            await connected.register()
        await connected.send_due(WHATSAPP, rounds=2)
    assert [each["status"] for each in await connected.messages(channel="whatsapp")] == ["sent", "sent"]


async def test_the_limits_use_the_time_of_the_database_server(driver: NotificationDriver) -> None:
    database = Database(driver.settings.database_url, service="notification", tables=service_tables)
    async with database.work() as work:
        slot = await take_slot(work, WHATSAPP, Pace(timedelta(), 5))
        ((now,),) = await work.session.execute(text("SELECT clock_timestamp()"))
    await database.close()
    assert slot is not None
    assert now - SECOND <= slot <= now


async def test_a_limit_that_changes_holds_from_the_next_message_on(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    for _ in range(4):
        await connected.register()
    await connected.send_due(WHATSAPP)
    clock.advance(6 * SECOND)
    await connected.send_due(WHATSAPP)
    assert len(await stage.items("whatsapp")) == 1  # 10 seconds by default

    await connected.change_settings(whatsapp_delay_seconds=5)
    await connected.send_due(WHATSAPP)
    assert len(await stage.items("whatsapp")) == 2

    await connected.change_settings(whatsapp_max_per_minute=2, whatsapp_delay_seconds=0)
    clock.advance(20 * SECOND)
    await connected.send_due(WHATSAPP)
    assert len(await stage.items("whatsapp")) == 2


async def test_the_channels_do_not_wait_for_each_other(connected: NotificationDriver, stage: Stage) -> None:
    await connected.register()
    await connected.send_due(Channel.EMAIL)
    await connected.send_due(WHATSAPP)
    assert (len(await stage.items("mail")), len(await stage.items("whatsapp"))) == (1, 1)


async def test_the_gap_is_counted_from_the_end_of_a_send(driver: NotificationDriver) -> None:
    """A call that takes three seconds may have left at its end: the next one keeps its distance from there."""
    clock, pace = SteppedClock(driver.clock()), Pace(5 * SECOND, 600)
    async with replicas(driver.settings.database_url, 1, clock) as (database,):
        began = clock.now
        assert await take(database, pace)
        clock.now += 3 * SECOND
        async with database.work() as work:
            await end_slot(work, WHATSAPP, began=began)
        clock.now += 4 * SECOND
        assert not await take(database, pace)
        clock.now += SECOND
        assert await take(database, pace)


async def test_the_row_of_a_sender_keeps_no_more_than_a_minute(driver: NotificationDriver) -> None:
    await race(driver, take, pace=Pace(timedelta(), 3), seconds=130, per_second=1)
    (row,) = await driver.rows("SELECT cardinality(recent) AS kept FROM senders WHERE channel = 'whatsapp'")
    assert row["kept"] <= 3


@pytest.mark.parametrize(
    ("troubles", "seconds"), [(1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (7, 900), (1000, 900)]
)
def test_pauses_double_up_to_a_quarter_of_an_hour(troubles: int, seconds: int) -> None:
    assert pause_after(troubles, base=timedelta(seconds=30)) == timedelta(seconds=seconds)
