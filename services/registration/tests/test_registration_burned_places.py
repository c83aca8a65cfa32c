"""Places whose BIBs are spent come back when the range grows, and go first when the quota shrinks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registration.places.rules import still_burned

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

Registering = Callable[..., Awaitable[dict[str, Any]]]


async def _burn(driver: RegistrationDriver, count: int, *, quota: int, group: int = 1) -> None:
    """Create a category of which this many registrations were verified and cancelled, with no BIB to spare."""
    await driver.open_category(quota=quota)
    for _ in range(count):
        entry = await driver.register(group)
        await driver.verify(entry)
        await driver.cancel(entry["registration_id"])
    assert (await driver.places())["burned"] == count * group


@pytest.fixture
def again(driver: RegistrationDriver, second_driver: RegistrationDriver) -> Registering:
    """Register by another process, which does not remember that the category was full a moment ago."""

    async def register(group: int = 1) -> dict[str, Any]:
        form = driver.form(group)
        return await second_driver.register(form=form)

    return register


async def _extend_range(driver: RegistrationDriver, by: int, **fields: Any) -> dict[str, Any]:
    return await driver.change_category(bib_end_number=driver.category["bib_end_number"] + by, **fields)


async def test_a_larger_range_gives_burned_places_back(
    driver: RegistrationDriver, waitlist: WaitlistDriver, again: Registering
) -> None:
    await _burn(driver, 1, quota=1)
    assert (await _extend_range(driver, 5))["places_left"] == 1
    entry = await again()
    await driver.verify(entry)
    assert await driver.status(entry["registration_id"]) == "payment_verified"
    await waitlist.assert_consistent()


async def test_only_as_many_places_come_back_as_there_are_bibs_for(
    driver: RegistrationDriver, waitlist: WaitlistDriver, again: Registering
) -> None:
    await _burn(driver, 3, quota=3)
    assert (await _extend_range(driver, 2))["places_left"] == 2
    places = await driver.places()
    assert (places["taken"], places["burned"]) == (1, 1)
    for _ in range(2):
        await driver.verify(await again())
    assert (await driver.try_register()).code == "category_full"
    await waitlist.assert_consistent()


async def test_places_that_come_back_are_offered_to_the_waiting_list_first(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await _burn(driver, 1, quota=1)
    waiting = await waitlist.join()
    assert (await _extend_range(driver, 1))["places_left"] == 0
    assert await waitlist.status(waiting) == "offered"
    assert (await waitlist.try_accept(waiting)).status in (200, 201)
    await waitlist.assert_consistent()


async def test_a_smaller_quota_takes_from_the_burned_places_first(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=2)
    first, second = await driver.register(), await driver.register()
    for entry in (first, second):
        await driver.verify(entry)
    await driver.cancel(first["registration_id"])
    # when
    await driver.change_category(quota=1)
    # then
    places = await driver.places()
    assert (places["quota"], places["taken"], places["burned"]) == (1, 1, 0)
    assert (await driver.try_change_category(quota=0)).status == 422
    await waitlist.assert_consistent()


async def test_a_quota_below_the_places_held_is_refused_even_if_some_are_burned(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=4)
    entries = [await driver.register() for _ in range(4)]
    for entry in entries:
        await driver.verify(entry)
    await driver.cancel(entries[0]["registration_id"])
    answer = await driver.try_change_category(quota=2)
    assert answer.is_problem(409, "quota_below_taken")
    await driver.change_category(quota=3)
    await waitlist.assert_consistent()


async def test_a_quota_and_a_range_that_grow_together_give_back_what_fits(
    driver: RegistrationDriver, waitlist: WaitlistDriver, again: Registering
) -> None:
    await _burn(driver, 1, quota=5, group=5)
    assert (await _extend_range(driver, 5, quota=6))["places_left"] == 5
    assert (await driver.places())["burned"] == 1
    await driver.verify(await again(5))
    await waitlist.assert_consistent()


async def test_a_change_of_something_else_burns_and_returns_nothing(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await _burn(driver, 2, quota=3)
    before = await driver.places()
    await driver.change_category(name="Another")
    assert await driver.places() == before


async def test_concurrent_changes_of_range_quota_and_cancellations_stay_consistent(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=8)
    entries = [await driver.register() for _ in range(8)]
    for entry in entries:
        await driver.verify(entry)
    end = driver.category["bib_end_number"]
    await asyncio.gather(
        *(driver.try_cancel(entry["registration_id"]) for entry in entries[:6]),
        *(driver.try_change_category(bib_end_number=end + more) for more in (3, 4, 5)),
        *(driver.try_change_category(quota=quota) for quota in (7, 8)),
    )
    assert (await _extend_range(driver, 6))["places_left"] == (await driver.places())["quota"] - 2
    await waitlist.assert_consistent()


@given(st.data())
def test_a_bib_is_left_for_every_place_and_none_stays_burned_without_need(data: st.DataObject) -> None:
    quota = data.draw(st.integers(1, 50))
    confirmed = data.draw(st.integers(0, quota))
    burned = data.draw(st.integers(0, 60))
    bibs_left = data.draw(st.integers(0, 60))
    kept = still_burned(quota=quota, burned=burned, confirmed=confirmed, bibs_left=bibs_left)
    assert 0 <= kept <= burned
    if bibs_left >= quota - confirmed - burned:
        assert bibs_left >= quota - confirmed - kept
    if kept:
        assert bibs_left < quota - confirmed - (kept - 1)
