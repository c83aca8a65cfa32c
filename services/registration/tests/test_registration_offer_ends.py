"""The end of offers is published, and places are reserved for groups that staff put ahead."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from contracts import WaitlistEnd, WaitlistEnded

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda waitlist, entry: waitlist.try_withdraw(entry), WaitlistEnd.WITHDRAWN),
        (lambda waitlist, entry: waitlist.try_remove(entry, reason="asked to"), WaitlistEnd.REMOVED),
        (lambda waitlist, entry: waitlist.pass_time(13), WaitlistEnd.LAPSED),
    ],
)
async def test_the_end_of_an_open_offer_is_published_with_its_reason(
    driver: RegistrationDriver, waitlist: WaitlistDriver, end: Callable[..., Awaitable[Any]], reason: WaitlistEnd
) -> None:
    [taken] = await waitlist.sell_out()
    offered = await waitlist.join()
    await waitlist.join()
    await driver.cancel(taken["registration_id"])

    await end(waitlist, offered)

    [ended] = [event.payload for event in await driver.published(WaitlistEnded)]
    assert (str(ended.registration_id), ended.reason, ended.revision) == (offered["waitlist_id"], reason, 1)


async def _closing_date(driver: RegistrationDriver) -> None:
    await driver.change_category(registration_close_at=(driver.clock() + timedelta(hours=1)).isoformat())
    driver.clock.advance(timedelta(hours=1, minutes=3))


@pytest.mark.parametrize(
    "close",
    [
        pytest.param(lambda driver: driver.change_category(is_active=False), id="category"),
        pytest.param(lambda driver: driver.change_event(is_active=False), id="event"),
        pytest.param(_closing_date, id="date"),
    ],
)
async def test_the_end_of_registration_is_published_for_offers_and_not_for_waiting_entries(
    driver: RegistrationDriver, waitlist: WaitlistDriver, close: Callable[[RegistrationDriver], Awaitable[Any]]
) -> None:
    [taken] = await waitlist.sell_out()
    offered, waiting = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])

    await close(driver)
    await waitlist.process()

    ended = [event.payload for event in await driver.published(WaitlistEnded)]
    assert [(str(each.registration_id), each.reason) for each in ended] == [
        (offered["waitlist_id"], WaitlistEnd.CLOSED)
    ]
    assert await waitlist.status(waiting) == "closed"


async def test_an_offer_to_a_runner_who_registered_elsewhere_is_published_as_ended_when_it_is_accepted(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    form = driver.form()
    offered, following = await waitlist.join(form=form), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    other = await driver.open_category()
    await driver.register(form={**form, "category_id": other["id"]})

    assert (await waitlist.try_accept(offered)).is_problem(409, "already_registered")

    [ended] = [event.payload for event in await driver.published(WaitlistEnded)]
    assert str(ended.registration_id) == offered["waitlist_id"]
    assert ended.reason == WaitlistEnd.REGISTERED_ELSEWHERE
    assert await waitlist.status(following) == "offered"


async def test_places_are_reserved_one_by_one_for_a_group_put_ahead(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    holders = await waitlist.sell_out(quota=5)
    group, single = await waitlist.join(5), await waitlist.join()
    await waitlist.offer(group)

    for count, holder in enumerate(holders, start=1):
        await driver.cancel(holder["registration_id"])
        assert (await driver.places())["offered"] == count
        await waitlist.assert_consistent()

    assert await waitlist.statuses(group, single) == ["offered", "waiting"]


async def test_places_reserved_for_a_group_go_to_the_next_when_it_leaves(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    holders = await waitlist.sell_out(quota=5)
    group, single = await waitlist.join(5), await waitlist.join()
    await waitlist.offer(group)
    await driver.cancel(holders[0]["registration_id"])

    await waitlist.withdraw(group)

    assert await waitlist.status(single) == "offered"
    await waitlist.assert_consistent()


async def test_no_places_are_reserved_for_a_group_that_could_not_accept(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    holders = await waitlist.sell_out(quota=5)
    group, single = await waitlist.join(5), await waitlist.join()
    await waitlist.offer(group)
    await driver.cancel(holders[0]["registration_id"])
    assert (await driver.places())["offered"] == 1

    await driver.change_category(price_collective_5=None)
    await waitlist.process()

    assert await waitlist.status(single) == "offered"
    await waitlist.assert_consistent()
