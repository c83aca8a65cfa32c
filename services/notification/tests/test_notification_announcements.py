"""Messages about a changed race are queued in portions; they and tickets are due before the race's day."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from chassis.aside import SET_ASIDE
from chassis.database import Database
from notification.messages.rules import Channel
from notification.queue import announcements
from notification.queue.announcements import announce_rest, follow_race_days
from structlog.testing import capture_logs
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver
from .notification_events import MOVED, RACE, changed, revised, runner
from .test_notification_races import CHANGED, CONFIRMED

CROWD = 5
_CROWD_OF_CONTACTS = """
    INSERT INTO contacts (registration_id, registration_number, event_id, category_id, event_name, event_date,
                          event_location, category_name, total_amount, currency, expires_at, stage, revision,
                          created_at)
    SELECT gen_random_uuid(), 'FR-' || n, :event, :event, 'Lari', '2027-03-07', 'Monas', '10K', 1, 'IDR', now(),
           'confirmed', 1, now()
      FROM generate_series(1, :count) AS n
"""
_CROWD_OF_RUNNERS = """
    INSERT INTO contact_participants (participant_id, registration_id, full_name, email, whatsapp, is_pic)
    SELECT gen_random_uuid(), registration_id, 'Budi', 'budi@example.com', '628120000000', true FROM contacts
"""


async def crowd(driver: NotificationDriver, count: int) -> None:
    await driver.execute(_CROWD_OF_CONTACTS, event=RACE.event_id, count=count)
    await driver.execute(_CROWD_OF_RUNNERS)


async def queued(driver: NotificationDriver, revision: int = 2) -> tuple[int, int]:
    """Return how many messages about that change there are, and how many participants they are for."""
    (row,) = await driver.rows(
        "SELECT count(*) AS messages, count(DISTINCT participant_id) AS people FROM notifications"
        " WHERE event_type = 'race.changed' AND (context->>'revision')::int = :revision",
        revision=revision,
    )
    return row["messages"], row["people"]


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notification.queue.announcements._PORTION", 2)


@pytest.mark.usefixtures("small_portions")
async def test_a_change_of_a_large_race_is_queued_in_portions(driver: NotificationDriver) -> None:
    await crowd(driver, CROWD)
    await driver.deliver(changed(MOVED, notify=True))
    assert await queued(driver) == (4, 2), "the event's own transaction queues one portion"
    await announce_rest(driver.database)
    assert await queued(driver) == (2 * CROWD, CROWD)
    await announce_rest(driver.database)
    assert await queued(driver) == (2 * CROWD, CROWD)


@pytest.mark.usefixtures("small_portions")
async def test_a_worker_that_dies_between_portions_is_followed_by_one_that_goes_on(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(driver, CROWD)
    await driver.deliver(changed(MOVED, notify=True))
    enqueue, portions = announcements._enqueue_change, []

    async def dying(*given: Any) -> None:
        await enqueue(*given)
        portions.append(given[1])
        if len(portions) == 2:
            raise ConnectionResetError

    monkeypatch.setattr(announcements, "_enqueue_change", dying)
    with pytest.raises(ConnectionResetError):
        await announce_rest(driver.database)
    assert await queued(driver) == (8, 4)
    await asyncio.gather(announce_rest(driver.database), announce_rest(driver.database))
    assert await queued(driver) == (2 * CROWD, CROWD)
    assert portions[1] == portions[2], "only the portion that was not committed is queued again"


@pytest.mark.usefixtures("small_portions")
async def test_a_newer_change_while_one_is_queued_reaches_all(driver: NotificationDriver) -> None:
    await crowd(driver, CROWD)
    await driver.deliver_all(changed(MOVED, notify=True), changed(revised(3, location="GBK"), notify=True))
    await announce_rest(driver.database)
    assert await queued(driver, revision=3) == (2 * CROWD, CROWD)


async def _with_broken_race(driver: NotificationDriver) -> list[UUID]:
    """Change a race whose day no timestamp can express, and a fine one; return their ids, the broken one's first."""
    broken, fine = sorted([uuid4(), uuid4()])
    for event_id in (broken, fine):
        entry, race = driver.new_entry(), RACE.model_copy(update={"event_id": event_id})
        await driver.deliver_all(entry.created(event=race), entry.confirmed(event=race))
        await driver.deliver(changed(race.model_copy(update={"revision": 2, "event_date": date(2027, 4, 4)})))
    await driver.execute("UPDATE races SET notified_revision = 2")
    await driver.execute("UPDATE races SET event_date = '0001-01-01' WHERE event_id = :broken", broken=broken)
    return [broken, fine]


@pytest.mark.parametrize(
    ("job", "do", "done"),
    [
        ("announce_changes", announce_rest, "announced_revision = notified_revision"),
        ("follow_race_days", follow_race_days, "deadlines_revision = revision"),
    ],
)
async def test_a_race_that_fails_is_set_aside_and_does_not_stop_the_others(
    driver: NotificationDriver,
    clock: ManualClock,
    job: str,
    do: Callable[[Database], Awaitable[None]],
    done: str,
) -> None:
    broken, fine = await _with_broken_race(driver)

    async def finished() -> list[UUID]:
        return [row["event_id"] for row in await driver.rows(f"SELECT event_id FROM races WHERE {done} ORDER BY 1")]

    with capture_logs():
        await do(driver.database)
    assert await finished() == [fine]
    assert [row["subject_id"] for row in await driver.rows("SELECT subject_id FROM set_aside")] == [broken]
    assert SET_ASIDE.labels(job)._value.get() == 1

    await driver.execute("UPDATE races SET event_date = '2027-04-04'")
    await do(driver.database)
    assert await finished() == [fine], "it is not tried again at once"
    clock.advance(timedelta(minutes=11))
    await do(driver.database)
    await do(driver.database)
    assert await finished() == [broken, fine]
    assert SET_ASIDE.labels(job)._value.get() == 0


async def deadlines(driver: NotificationDriver, kind: str) -> set[datetime]:
    found = await driver.rows("SELECT DISTINCT deadline FROM notifications WHERE event_type = :kind", kind=kind)
    return {row["deadline"] for row in found}


async def test_tickets_and_changes_have_to_be_sent_before_the_day_of_their_race(driver: NotificationDriver) -> None:
    await driver.register_confirmed()
    assert await deadlines(driver, CONFIRMED) == {datetime(2027, 3, 6, 17, tzinfo=UTC)}
    await driver.deliver(changed(MOVED, notify=True))
    assert await deadlines(driver, CHANGED) == {datetime(2027, 4, 3, 17, tzinfo=UTC)}
    await follow_race_days(driver.database)
    assert await deadlines(driver, CONFIRMED) == {datetime(2027, 4, 3, 17, tzinfo=UTC)}


async def test_a_ticket_for_tomorrow_goes_before_what_has_longer(
    connected: NotificationDriver, clock: ManualClock
) -> None:
    """With twenty minutes between messages those about payments take 13 hours, and are urgent all together."""
    zone = ZoneInfo("Asia/Jakarta")
    clock.advance(datetime.combine(clock().astimezone(zone).date() + timedelta(days=1), time(8), zone) - clock())
    tomorrow = clock().astimezone(zone).date() + timedelta(days=1)
    await connected.change_settings(whatsapp_delay_seconds=1200, whatsapp_max_per_minute=1)
    ticket = connected.new_entry(runner("Ticket"))
    await connected.deliver_all(*(connected.new_entry().created() for _ in range(40)))
    race = RACE.model_copy(update={"event_id": uuid4(), "event_date": tomorrow})
    await connected.deliver_all(ticket.created(event=race), ticket.confirmed(event=race))
    await connected.send_due(Channel.WHATSAPP)
    assert (CONFIRMED, "sent") in await connected.statuses_of(ticket)


async def test_a_ticket_still_leaves_on_the_day_of_its_race(connected: NotificationDriver, clock: ManualClock) -> None:
    today = clock().astimezone(ZoneInfo("Asia/Jakarta")).date()
    ticket = connected.new_entry()
    race = RACE.model_copy(update={"event_id": uuid4(), "event_date": today})
    await connected.deliver_all(ticket.created(event=race), ticket.confirmed(event=race))
    await connected.send_due(Channel.WHATSAPP)
    assert (CONFIRMED, "sent") in await connected.statuses_of(ticket)
