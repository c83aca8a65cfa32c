"""Addresses of this release's events stay as they are; those of older releases are read as people typed them."""

from typing import Any

import pytest
from notification.contacts.commands import canonicalize_batch
from notification.worker import in_portions
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import RACE, Entry, offered, runner

ABROAD = {
    "Hong Kong": "85291234567",
    "Japan": "819012345678",
    "Vietnam": "84912345678",
    "Korea": "821012345678",
    "Taiwan": "886912345678",
    "Cambodia": "85512345678",
    "Macau": "85366123456",
}
"""Each of them, typed without `+`, could be read as an Indonesian number."""

OLD_RACE = RACE.model_copy(update={"timezone": None})


async def create(driver: NotificationDriver, entry: Entry, **more: Any) -> None:
    await driver.deliver(entry.created(**more))


async def correct(driver: NotificationDriver, entry: Entry) -> None:
    someone = entry.pic.model_copy(update={"whatsapp": "6281200001111"})
    await driver.deliver(entry.created(participants=(someone,)))
    await driver.deliver(entry.corrected(someone, revision=2, whatsapp=entry.pic.whatsapp))


async def offer(driver: NotificationDriver, entry: Entry, **more: Any) -> None:
    await driver.deliver(offered(entry).model_copy(update=more))


async def stored(driver: NotificationDriver) -> list[str]:
    await in_portions(driver.database, canonicalize_batch)
    return [row["whatsapp"] for row in await driver.rows("SELECT whatsapp FROM contact_participants")]


@pytest.mark.parametrize("arrive", [create, correct, offer])
async def test_a_number_from_abroad_arrives_stays_and_is_written_to_unchanged(
    connected: NotificationDriver, stage: Stage, arrive: Any
) -> None:
    # given
    await connected.lift_limits()
    for number in ABROAD.values():
        await arrive(connected, connected.new_entry(runner(whatsapp=number)))
    unread = await connected.rows("SELECT 1 FROM contact_participants WHERE unreadable IS DISTINCT FROM '{}'")
    # when
    kept = await stored(connected)
    await connected.send_due()
    # then
    assert unread == []
    assert sorted(kept) == sorted(ABROAD.values())
    assert sorted(each["to"] for each in await stage.items("whatsapp")) == sorted(ABROAD.values())


@pytest.mark.parametrize("arrive", [create, offer])
@pytest.mark.parametrize("typed", ["0812 3456 7890", "81234567890", "+62 812-3456-7890"])
async def test_addresses_of_an_older_release_are_read_as_they_were_typed(
    connected: NotificationDriver, stage: Stage, arrive: Any, typed: str
) -> None:
    await arrive(connected, connected.new_entry(runner(email="Budi@EXAMPLE.com", whatsapp=typed)), event=OLD_RACE)
    assert await stored(connected) == ["6281234567890"]
    await connected.send_due()
    assert [each["to"] for each in await stage.items("whatsapp")] == ["6281234567890"]
    assert [each["to"] for each in await stage.items("mail")] == ["Budi@example.com"]


async def test_an_event_published_again_corrects_the_number_of_an_old_row(driver: NotificationDriver) -> None:
    # given: a row as an older release stored it
    entry = driver.new_entry(runner(whatsapp="85291234567"))
    await driver.deliver(entry.created())
    await driver.execute("UPDATE contact_participants SET whatsapp = '6285291234567', unreadable = NULL, revision = 0")
    # when
    await driver.deliver(entry.created())
    # then
    assert await stored(driver) == ["85291234567"]


@pytest.mark.parametrize("typed", ["85291234567", "0852 9123 4567", "6285291234567"])
async def test_a_message_to_an_old_row_goes_to_the_number_that_was_typed_before_the_row_is_rewritten(
    connected: NotificationDriver, stage: Stage, typed: str
) -> None:
    # given
    await connected.register()
    await connected.execute(
        "UPDATE contact_participants SET whatsapp = :typed, email = 'Budi@EXAMPLE.com', unreadable = NULL", typed=typed
    )
    # when
    shown = {each["recipient"] for each in await connected.messages()}
    await connected.send_due()
    # then
    assert [each["to"] for each in await stage.items("whatsapp")] == ["6285291234567"]
    assert shown == {each["recipient"] for each in await connected.messages()} == {"6285291234567", "Budi@example.com"}


async def test_an_address_without_canonical_form_is_kept_and_counted_from_any_release(
    driver: NotificationDriver,
) -> None:
    await create(driver, driver.new_entry(runner(email="budi..s@example.com", whatsapp="0812")))
    await create(driver, driver.new_entry(runner(email="budi..s@example.com", whatsapp="0812")), event=OLD_RACE)
    assert await stored(driver) == ["0812", "0812"]
    assert (await driver.queue_state()).unreadable_contacts == 2
