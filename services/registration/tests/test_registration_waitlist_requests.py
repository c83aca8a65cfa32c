"""The waiting list: repeated and wrong requests, what staff do, and how it ends."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.clock import SKEW
from contracts import WaitlistOffered
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .registration_driver import RegistrationDriver, settings_for
from .waitlist_driver import WaitlistDriver


async def test_a_repeated_request_gets_the_first_answer(
    driver: RegistrationDriver, waitlist: WaitlistDriver, second_driver: RegistrationDriver
) -> None:
    await waitlist.sell_out()
    form = driver.form(5)
    first = await waitlist.try_join(form=form, key="w-1")
    for again in (
        await waitlist.try_join(form=form, key="w-1"),
        await WaitlistDriver(second_driver).try_join(form=form, key="w-1"),
    ):
        assert (again.status, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries") == 1


@pytest.mark.parametrize("since", ["withdrawn", "closed", "places"])
async def test_a_repeat_gets_the_first_answer_despite_later_changes(
    driver: RegistrationDriver, waitlist: WaitlistDriver, since: str
) -> None:
    await waitlist.sell_out(bibs=10)
    form = driver.form()
    first = await waitlist.try_join(form=form, key="w-2")
    if since == "withdrawn":
        await waitlist.withdraw(first.body)
    elif since == "closed":
        await driver.change_category(is_active=False)
        await asyncio.sleep(1.05)  # how long a category is remembered at most
    else:
        await driver.change_category(quota=3)
    again = await waitlist.try_join(form=form, key="w-2")
    assert (again.status, again.content) == (201, first.content)
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries") == 1


async def test_one_key_on_many_connections_is_one_entry(
    driver: RegistrationDriver, waitlist: WaitlistDriver, second_driver: RegistrationDriver
) -> None:
    await waitlist.sell_out()
    form = driver.form()
    lists = (waitlist, WaitlistDriver(second_driver))
    answers = await asyncio.gather(*(lists[i % 2].try_join(form=form, key="w-3") for i in range(12)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_key_is_valid_for_one_request_only(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    [taken] = await waitlist.sell_out()
    form = driver.form()
    assert (await driver.try_register(form=form, key="w-4")).code == "category_full"
    assert (await waitlist.try_join(form=form, key="w-4")).status == 201
    for used in (await waitlist.try_join(key="w-4"), await driver.try_register(form=form, key="w-4")):
        assert used.is_problem(422, "idempotency_key_reused")
    assert await waitlist.counts() == (1, 0, 1)
    assert taken["status"] == "pending_payment"


async def test_a_line_is_joined_while_registration_is_open(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    opens, closes = driver.clock() + timedelta(hours=1), driver.clock() + timedelta(hours=3)
    await driver.open_category(
        quota=4, registration_open_at=opens.isoformat(), registration_close_at=closes.isoformat()
    )
    assert (await waitlist.try_join(5)).code == "registration_not_open"
    driver.clock.advance(timedelta(hours=2))
    assert (await waitlist.try_join(5)).status == 201
    driver.clock.advance(timedelta(hours=2))
    assert (await waitlist.try_join(5)).code == "registration_closed"


async def test_a_type_that_is_not_sold_cannot_be_waited_for(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=4, price_collective_10=None)
    assert (await waitlist.try_join(10)).code == "type_not_offered"
    unknown = await waitlist.try_join(form=driver.form(category_id=str(uuid4())))
    assert unknown.is_problem(404, "unknown_category")


async def test_a_group_whose_price_is_gone_is_passed_over_and_one_with_an_offer_keeps_its_price(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=10, bibs=30)
    await driver.register(10)
    offered, waiting, single = await waitlist.join(5), await waitlist.join(5), await waitlist.join()
    await driver.change_category(quota=15)
    await driver.change_category(price_collective_5=None, quota=20)
    assert await waitlist.statuses(offered, waiting, single) == ["offered", "waiting", "offered"]
    assert (await waitlist.accept(offered))["total_amount"] == "700000.00"
    await driver.change_category(price_collective_5="1000.00")
    assert await waitlist.status(waiting) == "waiting", "four places are left"
    await waitlist.assert_consistent()


@pytest.mark.parametrize(
    ("name", "value"),
    [("full_name", "Bu\x00di"), ("email", "unknown"), ("whatsapp", "+62"), ("date_of_birth", "2999-01-01"), ("bib", 1)],
)
async def test_a_wrong_field_is_named(
    driver: RegistrationDriver, waitlist: WaitlistDriver, name: str, value: Any
) -> None:
    await waitlist.sell_out()
    form = driver.form()
    form["participants"][0][name] = value
    answer = await waitlist.try_join(form=form)
    assert answer.status == 422, answer.body
    assert f"participants.0.{name}" in answer.wrong_fields
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries") == 0


async def test_the_same_person_twice_in_a_group_is_refused(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await waitlist.sell_out()
    form = driver.form(5)
    form["participants"][4] = {**form["participants"][1]}
    answer = await waitlist.try_join(form=form)
    assert answer.body["errors"] == [
        {"field": "participants.4", "message": "This person is in the form already, as number 2 from the top."}
    ]


async def test_joining_counts_against_the_limit_of_registrations(
    fresh_database: FreshDatabase, clock: ManualClock
) -> None:
    limits = {"rate_registration_per_minute": 1, "rate_registration_burst": 2, "trusted_proxies": 1}
    driver = RegistrationDriver(settings_for(await fresh_database("registration"), **limits), clock=clock)
    driver.http.headers["X-Forwarded-For"] = "9.9.9.9"
    waitlist = WaitlistDriver(driver)
    await driver.open_category(quota=4)
    assert [(await waitlist.try_join(5)).status for _ in range(3)] == [201, 201, 429]
    await driver.close()


async def test_too_many_concurrent_joins_get_too_busy(fresh_database: FreshDatabase, clock: ManualClock) -> None:
    driver = RegistrationDriver(settings_for(await fresh_database("registration"), admission_queue_size=5), clock=clock)
    waitlist = WaitlistDriver(driver)
    await driver.open_category(quota=4)
    answers = await asyncio.gather(*(waitlist.try_join(5) for _ in range(12)))
    busy = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {201, 503}
    assert {(answer.code, answer.headers["Retry-After"]) for answer in busy} == {("too_busy", "1")}
    assert (await waitlist.try_join(5)).status == 201
    await driver.close()


async def test_an_offer_lasts_as_long_as_the_settings_define(fresh_database: FreshDatabase, clock: ManualClock) -> None:
    driver = RegistrationDriver(
        settings_for(await fresh_database("registration"), waitlist_offer_hours=3, hour_seconds=60.0), clock=clock
    )
    waitlist = WaitlistDriver(driver)
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join()
    await driver.cancel(taken["registration_id"])
    lasts = datetime.fromisoformat((await waitlist.show(entry))["offer_expires_at"]) - clock()
    assert timedelta(seconds=170) < lasts < timedelta(minutes=3)
    accepted = datetime.fromisoformat((await waitlist.accept(entry))["expires_at"]) - clock()
    assert timedelta(minutes=23) < accepted < timedelta(minutes=24)
    await driver.close()


async def test_an_unknown_entry_is_not_found(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    unknown = {"waitlist_id": uuid4()}
    answers = [
        await driver.call("GET", waitlist.path(unknown), by=driver.staff()),
        await driver.call("DELETE", waitlist.path(unknown), by=driver.staff()),
        await waitlist.try_offer(unknown),
        await waitlist.try_remove(unknown, reason="x"),
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(404, "unknown_waitlist_entry")}
    await driver.open_category()
    registered = await driver.register()
    answer = await waitlist.try_accept({"waitlist_id": registered["registration_id"], **registered})
    assert answer.is_problem(404, "unknown_waitlist_entry")


async def test_when_registration_closes_the_waiting_list_ends_and_its_places_are_free(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    closes = driver.clock() + timedelta(hours=5)
    [taken] = await waitlist.sell_out(registration_close_at=closes.isoformat())
    offered, waiting = await waitlist.join(), await waitlist.join()
    await driver.cancel(taken["registration_id"])
    [event] = await driver.published(WaitlistOffered)
    assert event.payload.offer_expires_at == closes  # no offer is longer than registration is open
    driver.clock.advance(timedelta(hours=5, seconds=1))
    assert (await waitlist.try_accept(offered)).code == "offer_expired"
    await waitlist.process()
    assert await waitlist.statuses(offered, waiting) == ["offered", "waiting"]  # another clock may be before the end
    driver.clock.advance(SKEW)
    await waitlist.process()
    assert await waitlist.statuses(offered, waiting) == ["closed", "closed"]
    assert await waitlist.counts() == (0, 0, 0)
    assert (await waitlist.try_accept(offered)).code == "no_offer"
    assert (await waitlist.try_withdraw(waiting)).code == "not_waiting"
    await waitlist.assert_consistent()


async def test_a_place_that_becomes_free_after_the_close_is_not_offered(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    closes = driver.clock() + timedelta(hours=1)
    [taken] = await waitlist.sell_out(registration_close_at=closes.isoformat())
    entry = await waitlist.join()
    driver.clock.advance(timedelta(hours=2))
    await driver.cancel(taken["registration_id"])
    assert await waitlist.status(entry) == "waiting"
    assert await waitlist.offered_to() == []


async def test_a_later_opening_does_not_stop_the_waiting_list(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    entry = await waitlist.join()
    await driver.change_category(registration_open_at=(driver.clock() + timedelta(hours=1)).isoformat())
    await driver.cancel(taken["registration_id"])
    await waitlist.accept(entry)


async def test_times_are_returned_with_their_offset(waitlist: WaitlistDriver) -> None:
    await waitlist.sell_out()
    entry = await waitlist.join()
    for created_at in (entry["created_at"], (await waitlist.show(entry))["created_at"]):
        assert datetime.fromisoformat(created_at).tzinfo is not None
