"""Joining a waiting list is published once, and again with a corrected contact until there is an offer."""

from datetime import datetime
from typing import Any

import pytest
from contracts import WaitlistJoined, WaitlistOffered

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def joined(driver: RegistrationDriver) -> list[WaitlistJoined]:
    """Return what was published about entries that wait, in order."""
    return [event.payload for event in await driver.published(WaitlistJoined)]


def as_registration(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the driver takes registrations."""
    return {**entry, "registration_id": entry["waitlist_id"]}


async def test_joining_is_published_with_the_contact_the_place_in_line_and_the_link(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    # given
    await waitlist.sell_out()
    await waitlist.join()
    form = driver.form(5)
    # when
    group = await waitlist.join(form=form)
    # then
    _, event = await driver.published(WaitlistJoined)
    entry, person = event.payload, form["participants"][0]
    assert str(entry.registration_id) == str(event.subject) == group["waitlist_id"]
    assert (entry.position, entry.registration_type, entry.total_participants) == (2, "collective_5", 5)
    assert (entry.contact.full_name, entry.contact.email, entry.contact.is_pic) == (
        person["full_name"],
        person["email"],
        True,
    )
    assert (entry.category_name, entry.event.name) == (driver.category["name"], driver.event["name"])
    assert entry.joined_at == datetime.fromisoformat(group["created_at"])
    assert entry.access is not None
    assert group["status_url"].endswith(f"/r/{group['waitlist_id']}/{entry.access.code}")
    # A token would open the entry to all who can read a queue or a table of events.
    assert group["runner_token"].encode() not in event.to_bytes()


async def test_a_repeated_request_publishes_nothing_more(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    await waitlist.sell_out()
    form = driver.form()
    for _ in range(2):
        assert (await waitlist.try_join(form=form, key="j-1")).status == 201

    assert len(await joined(driver)) == 1


async def test_a_refused_request_publishes_nothing(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    await driver.open_category(quota=1)
    form = driver.form()
    assert (await waitlist.try_join(form=form)).code == "places_available"
    (await driver.try_register(form=form)).require(201)
    assert (await waitlist.try_join(form=form)).code == "already_registered"

    assert await joined(driver) == []


async def test_a_contact_corrected_while_it_waits_is_published_again_with_the_place_it_has_then(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    # given
    await waitlist.sell_out()
    ahead, entry = await waitlist.join(), await waitlist.join()
    await waitlist.withdraw(ahead)
    # when
    answer = await driver.try_correct(as_registration(entry), email="right@example.com")
    # then
    assert answer.status == 200, answer.body
    _, first, corrected = await joined(driver)
    contact = first.contact.model_copy(update={"email": "right@example.com"})
    assert (first.position, first.revision) == (2, 0)
    assert corrected == first.model_copy(update={"contact": contact, "position": 1, "revision": 1})


@pytest.mark.parametrize(("index", "fields"), [(0, {"jersey_size": "s"}), (1, {"email": "right@example.com"})])
async def test_what_is_not_of_the_contact_is_not_published(
    driver: RegistrationDriver, waitlist: WaitlistDriver, index: int, fields: dict[str, Any]
) -> None:
    await waitlist.sell_out()
    entry = await waitlist.join(5)
    assert (await driver.try_correct(as_registration(entry), index=index, **fields)).status == 200

    assert len(await joined(driver)) == 1


async def test_an_offer_continues_from_the_revision_of_the_entry_and_the_entry_is_not_published_again(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    # given
    [taken] = await waitlist.sell_out()
    entry = as_registration(await waitlist.join())
    await driver.try_correct(entry, email="first@example.com")
    # when
    await driver.cancel(taken["registration_id"])
    await driver.try_correct(entry, email="second@example.com")
    # then
    assert [each.revision for each in await joined(driver)] == [0, 1]
    assert [each.payload.revision for each in await driver.published(WaitlistOffered)] == [1, 2]
