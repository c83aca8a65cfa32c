"""What needs staff: messages that failed, tickets that reached no runner, and channels in trouble."""

from datetime import datetime, timedelta
from typing import Any

from chassis.auth.principals import Role
from notification.messages.rules import Channel
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import runner

WHATSAPP, MAIL = Channel.WHATSAPP, Channel.EMAIL
NOTHING: dict[str, Any] = {"count": 0, "oldest_at": None}


async def stats(driver: NotificationDriver, role: Role = Role.VIEWER) -> dict[str, Any]:
    """Return what needs staff, once what was counted before is no longer kept."""
    driver.clock.advance(timedelta(seconds=10))
    found: dict[str, Any] = (await driver.call("GET", "/stats", by=driver.staff(role))).require(200)
    return found


async def fail(driver: NotificationDriver, **conditions: str) -> None:
    """Have all messages failed for which these columns have these values."""
    where = " AND ".join(f"{name} = :{name}" for name in conditions)
    await driver.execute(f"UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE {where}", **conditions)


async def test_nothing_needs_staff_while_messages_wait_and_are_sent(connected: NotificationDriver) -> None:
    await connected.lift_limits()
    await connected.register_confirmed()
    found = await stats(connected)
    assert (found["failed"], found["undelivered_tickets"], found["channels_in_trouble"]) == (NOTHING, NOTHING, [])
    await connected.send_due()
    assert await stats(connected) == found


async def test_messages_that_failed_are_counted_while_they_are_current(connected: NotificationDriver) -> None:
    first = await connected.register()
    await connected.register()
    await fail(connected, channel="whatsapp")
    found = (await stats(connected))["failed"]
    oldest = min(each["created_at"] for each in await connected.messages(channel="whatsapp"))
    assert found["count"] == 2
    assert datetime.fromisoformat(found["oldest_at"]) == datetime.fromisoformat(oldest)
    await connected.deliver(first.cancelled())
    assert (await stats(connected))["failed"]["count"] == 1


async def test_a_ticket_counts_as_lost_only_if_no_channel_took_it(connected: NotificationDriver) -> None:
    await connected.lift_limits()
    await connected.register_confirmed(runner("Ani"), runner("Budi", is_pic=False))
    await fail(connected, channel="whatsapp", event_type="registration.confirmed")
    assert (await stats(connected))["undelivered_tickets"] == NOTHING, "they wait for the mail"
    await fail(connected, channel="email", event_type="registration.confirmed")
    found = await stats(connected)
    assert found["undelivered_tickets"]["count"] == 2
    assert found["failed"]["count"] == 4
    lost = await connected.messages(channel="email", status="failed")
    await connected.retry_several(lost[0]["id"])
    assert (await stats(connected))["undelivered_tickets"]["count"] == 1


async def test_a_ticket_whose_channels_are_off_is_lost(connected: NotificationDriver) -> None:
    await connected.register_confirmed()
    await connected.change_settings(email_enabled=False, whatsapp_enabled=False)
    await connected.send_due()
    found = await stats(connected)
    assert found["failed"] == NOTHING
    assert found["undelivered_tickets"]["count"] == 1


async def test_a_provider_that_accepts_nothing_is_named(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    await stage.mode("mail", "down")
    await connected.register()
    await connected.send_due(MAIL)
    assert (await stats(connected))["channels_in_trouble"] == ["email"]


async def test_consoles_that_ask_at_the_same_time_are_counted_for_once(connected: NotificationDriver) -> None:
    before = await stats(connected)
    await connected.register()
    await fail(connected, channel="whatsapp")
    again = (await connected.call("GET", "/stats", by=connected.staff())).require(200)
    assert again == before != await stats(connected)
