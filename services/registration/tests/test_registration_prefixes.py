"""A category's prefix changes while runners register: no number has an older one."""

import asyncio
from typing import Any

import pytest
from registration.admission import insert
from registration.places.tables import CategoryPlaces
from sqlalchemy import text, update
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

_PLACING_WAITS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%WITH taken AS%'
"""


async def _fill_cache(driver: RegistrationDriver) -> None:
    """Have admission remember the category for a second, without giving a number."""
    assert (await driver.try_register(form=driver.form(5))).code == "category_full"


async def test_a_prefix_that_changed_a_moment_ago_is_in_the_first_number(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=3, registration_prefix="OLD")
    await _fill_cache(driver)
    # when
    await driver.change_category(registration_prefix="NEW")
    # then
    entry = await driver.register(key="k-1")
    assert entry["registration_number"] == "NEW-00001"
    assert (await driver.show(entry["registration_id"]))["registration_number"] == "NEW-00001"
    assert entry["status_url"].count("NEW-00001") == 1


async def _number_after_a_change_that_it_waited_for(driver: RegistrationDriver) -> str:
    """Change a prefix from OLD to NEW while a registration waits for places; return its number, the first one."""
    await driver.open_category(quota=3, registration_prefix="OLD")
    category = {"id": driver.category["id"]}
    async with driver.database.work() as work:
        held = update(CategoryPlaces).where(CategoryPlaces.category_id == category["id"]).values(burned=0)
        await work.session.execute(held)
        registering = asyncio.create_task(driver.register())
        await eventually(lambda: driver.scalar(_PLACING_WAITS))
        change = text("UPDATE race_categories SET registration_prefix = 'NEW' WHERE id = CAST(:id AS uuid)")
        await work.session.execute(change, category)
    return str((await registering)["registration_number"])


async def test_a_prefix_that_changes_while_the_places_are_waited_for_is_in_the_first_number(
    driver: RegistrationDriver,
) -> None:
    assert await _number_after_a_change_that_it_waited_for(driver) == "NEW-00001"


async def test_read_without_a_lock_the_prefix_would_be_the_old_one(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the statement began before the change that it waited for."""
    unlocked = insert._INSERT.text.replace("FOR SHARE", "")
    assert unlocked != insert._INSERT.text
    monkeypatch.setattr(insert, "_INSERT", text(unlocked))
    assert await _number_after_a_change_that_it_waited_for(driver) == "OLD-00001"


async def test_changes_of_the_prefix_and_first_numbers_come_one_after_the_other(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    for number in range(6):
        await driver.open_category(quota=3, registration_prefix=f"A{number}")
        second_driver.category = driver.category
        changed, first, other = await asyncio.gather(
            driver.try_change_category(registration_prefix=f"B{number}"),
            driver.register(),
            second_driver.register(form=driver.form()),
        )
        prefix = f"B{number}" if changed.status == 200 else f"A{number}"
        assert {first["registration_number"], other["registration_number"]} == {f"{prefix}-00001", f"{prefix}-00002"}


async def _numbered_by_another(driver: RegistrationDriver, *numbers: str) -> dict[str, Any]:
    """Create a category whose prefix is in numbers of another category, as an older release could leave it."""
    await driver.open_category(quota=9, registration_prefix="OTHER")
    for number in numbers:
        entry = await driver.register()
        await driver.execute(
            "UPDATE registrations SET registration_number = :number WHERE id = CAST(:id AS uuid)",
            number=number,
            id=entry["registration_id"],
        )
    category: dict[str, Any] = await driver.open_category(quota=2, registration_prefix="R2")
    return category


async def test_a_category_continues_behind_its_numbers_that_another_one_has(driver: RegistrationDriver) -> None:
    await _numbered_by_another(driver, "R2-00001", "R2-00004", "R2X-00009", "R-2-00008")
    entries = [await driver.register(), await driver.register()]
    assert [entry["registration_number"] for entry in entries] == ["R2-00005", "R2-00006"]
    assert (await driver.places())["taken"] == 2


async def test_an_offer_is_accepted_where_another_category_has_the_number(driver: RegistrationDriver) -> None:
    waitlist = WaitlistDriver(driver)
    await _numbered_by_another(driver, "R2-00003")
    first, _ = await driver.register(), await driver.register()
    waiting = await waitlist.join()
    await driver.cancel(first["registration_id"])
    # when
    answer = await waitlist.try_accept(waiting)
    # then
    assert answer.status in (200, 201), answer.body
    assert answer.body["registration_number"] == "R2-00004"
    await waitlist.assert_consistent()
