"""Waits have an end: of a whole send, between tries, and after a clock that was ahead."""

import asyncio
from datetime import timedelta

import pytest
from notification.channels.port import OutboundMessage, Outcome
from notification.limiter.commands import take_slot
from notification.limiter.rules import Pace
from notification.messages.rules import Channel
from notification.queue.rules import MAX_RETRY_TIME, MIN_RETRY_TIME, Priority, Status, decide_retry
from pydantic import ValidationError
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver, settings_for
from .test_notification_sender_failures import Provider

WHATSAPP = Channel.WHATSAPP
BASE = timedelta(seconds=30)
PACE = Pace(timedelta(seconds=10), 3)


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with a body that never ends, a byte at a time."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        try:
            await writer.drain()
            await asyncio.wait_for(reader.read(1000), 0.05)
        except TimeoutError:
            continue
        except OSError:
            break
    writer.close()


async def test_a_provider_that_drips_is_left_before_the_lease_ends(database_url: str, clock: ManualClock) -> None:
    server = await asyncio.start_server(dripping, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = settings_for(database_url, fonnte_base_url=url, send_timeout_seconds=0.3, send_lease_seconds=1)
        driver = NotificationDriver(settings, clock=clock)
        await driver.register()
        async with asyncio.timeout(10):
            await driver.senders[WHATSAPP].send_one()
        (message,) = await driver.messages(channel="whatsapp")
        assert (message["status"], message["failed_reason"]) == ("unknown", "whatsapp_silent")
        await driver.close()


async def test_a_channel_that_never_returns_is_given_up_before_the_lease_ends(
    driver: NotificationDriver,
) -> None:
    class Stuck:
        async def send(self, message: OutboundMessage) -> str | None:
            await asyncio.Event().wait()
            return None

    await driver.register()
    sender = driver.sender_with(WHATSAPP, send_lease_seconds=0.6)
    object.__setattr__(sender, "connect", lambda _: Stuck())
    async with asyncio.timeout(10):
        await sender.send_one()
    (message,) = await driver.messages(channel="whatsapp")
    assert (message["status"], message["failed_reason"]) == ("unknown", "whatsapp_took_too_long")


def test_a_lease_that_leaves_no_time_for_a_send_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least twice"):
        settings_for("postgresql://x", send_timeout_seconds=30, send_lease_seconds=59)
    settings = settings_for("postgresql://x", send_timeout_seconds=30, send_lease_seconds=60)
    assert settings.send_timeout_seconds <= settings.send_limit_seconds < settings.send_guard_seconds
    assert settings.send_guard_seconds < settings.send_lease_seconds


def tries(limit: int, max_retry_time: timedelta) -> list[timedelta]:
    """Return the waits until a message that is never taken is given up."""
    waits: list[timedelta] = []
    while True:
        decision = decide_retry(
            Outcome.TEMPORARY, retry_count=len(waits), retry_limit=limit, retry_base=BASE, max_retry_time=max_retry_time
        )
        if decision.status is Status.FAILED:
            return waits
        waits.append(decision.delay)


def test_waits_between_tries_grow_to_an_hour_and_no_further() -> None:
    waits = tries(20, timedelta(days=30))
    assert [wait.total_seconds() for wait in waits[:5]] == [30, 120, 480, 1920, 3600]
    assert (len(waits), max(waits)) == (20, timedelta(hours=1))


@pytest.mark.parametrize("priority", Priority)
def test_all_waits_together_are_no_longer_than_the_kind_of_message_allows(priority: Priority) -> None:
    assert sum(tries(20, MAX_RETRY_TIME[priority]), timedelta()) <= MAX_RETRY_TIME[priority]


@pytest.mark.parametrize("limit", range(21))
@pytest.mark.parametrize("priority", Priority)
def test_no_limit_ends_a_message_that_is_put_off_within_four_hours(priority: Priority, limit: int) -> None:
    assert sum(tries(limit, MAX_RETRY_TIME[priority]), timedelta()) >= MIN_RETRY_TIME == timedelta(hours=4)


async def slot(driver: NotificationDriver) -> bool:
    async with driver.database.work() as work:
        return await take_slot(work, WHATSAPP, PACE) is not None


async def test_a_clock_that_was_ahead_stops_no_send_once_it_is_right(
    driver: NotificationDriver, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=1))
    assert await slot(driver)
    assert not await slot(driver)
    clock.advance(timedelta(days=-1))
    assert await slot(driver)
    assert not await slot(driver), "and the pace holds from there"


async def test_sends_that_a_clock_ahead_has_noted_still_count_in_the_minute(
    driver: NotificationDriver, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=1))
    for _ in range(3):
        assert await slot(driver)
        clock.advance(timedelta(seconds=11))
    clock.advance(timedelta(days=-1))
    assert not await slot(driver)
    clock.advance(timedelta(seconds=61))
    assert await slot(driver)


async def test_a_pause_and_a_retry_noted_by_a_clock_ahead_are_over(
    driver: NotificationDriver, clock: ManualClock
) -> None:
    await driver.register()
    clock.advance(timedelta(days=1) - timedelta(hours=1))
    await driver.senders[WHATSAPP].send_due()
    assert (await driver.sender_states())[0]["paused_until"] is not None
    clock.advance(timedelta(hours=1) - timedelta(days=1))
    provider = Provider(lambda _: None)
    await provider.behind(driver.senders[WHATSAPP]).send_due()
    assert len(provider.sent) == 1
