"""Contacts of older releases that are linked to their race after it changed: the change reaches their runners, too."""

import asyncio
from typing import Any

import pytest
from contracts import AccessCode, AccessReplaced, Event
from notification.handlers import follow_access_code
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import MOVED, RACE, TEN_K, Entry, changed, revised, runner
from .test_notification_races import changes_of, from_older_release


def named(entry: Entry, version: int = 1) -> AccessReplaced:
    """Return the event in which registration names the race of an older contact."""
    code = AccessCode(version=version, code=f"code{version}")
    return AccessReplaced(registration_id=entry.id, access=code, event_id=RACE.event_id, category_id=TEN_K)


async def unlinked(driver: NotificationDriver, entry: Entry) -> Entry:
    """Make the contact as an older release stored it, with the name that the race had before."""
    await from_older_release(driver, entry)
    await driver.execute("UPDATE contacts SET event_name = 'Lari Lama' WHERE registration_id = :id", id=entry.id)
    return entry


async def test_a_change_reaches_the_group_that_is_linked_to_its_race_afterwards(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    group = await unlinked(connected, await connected.register_confirmed(runner("Ani"), runner("Bima", is_pic=False)))
    await connected.send_due()
    await connected.deliver_all(changed(MOVED, notify=True), changed(revised(3, location="Ancol")))
    assert await changes_of(connected, group) == []

    await connected.deliver_all(named(group), named(group, version=2), named(group))
    await connected.send_due()

    assert await changes_of(connected, group) == ["sent", "sent"]
    assert ["Ancol" in each["text"] for each in await stage.items("mail")] == [False, False, True, True]


async def test_a_change_is_queued_once_however_the_contact_was_linked(driver: NotificationDriver) -> None:
    entry = await driver.register_confirmed()
    await driver.deliver(changed(MOVED, notify=True))
    await unlinked(driver, entry)
    await driver.deliver(named(entry))
    assert await changes_of(driver, entry) == ["pending"]


@pytest.mark.parametrize("notify", [False, True])
async def test_a_late_link_queues_only_changes_that_were_sent_to_others(
    driver: NotificationDriver, notify: bool
) -> None:
    await driver.deliver(changed(MOVED, notify=notify))
    unpaid, cancelled = await driver.register(), await driver.register_confirmed()
    confirmed = await driver.register_confirmed()
    await driver.deliver(cancelled.cancelled(revision=4))
    for entry in (unpaid, cancelled, confirmed):
        await unlinked(driver, entry)
        await driver.deliver(named(entry))
    queued = [await changes_of(driver, entry) for entry in (unpaid, cancelled, confirmed)]
    assert queued == [[], [], ["pending"] if notify else []]


async def test_a_change_before_the_confirmation_is_not_queued(driver: NotificationDriver) -> None:
    await driver.deliver(changed(MOVED, notify=True))
    entry = driver.new_entry()
    await driver.deliver_all(entry.created(event=MOVED), entry.confirmed(event=MOVED))
    await from_older_release(driver, entry)
    await driver.deliver(named(entry))
    assert await changes_of(driver, entry) == []


async def test_the_first_change_of_a_race_waits_for_a_link_that_is_being_made(driver: NotificationDriver) -> None:
    entry = await unlinked(driver, await driver.register_confirmed())
    await driver.execute("DELETE FROM races")
    event = Event[Any].of(
        named(entry), source="test", subject=entry.id, occurred_at=driver.clock(), correlation_id="test"
    )
    async with driver.database.work() as work:
        await follow_access_code(event, work)
        change = asyncio.create_task(driver.deliver(changed(MOVED, notify=True)))
        await asyncio.wait([change], timeout=0.5)
        assert not change.done()
    await change
    assert await changes_of(driver, entry) == ["pending"]
