"""Phases of prices: what the public sees, what is charged, and what staff may change."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from chassis.ids import new_id
from contracts import RegistrationCreated
from registration.places.commands import lock_places
from sqlalchemy import event, text
from testkit.driver import Answer

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver


async def test_the_public_sees_the_phase_when_it_ends_and_what_has_to_be_paid_now(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given an early bird until next week
    await driver.open_category()
    phase = await prices.create_phase(price_individual="100000", price_collective_5="95000")

    # then the page of the race shows its prices, and the others beside them
    shown = await prices.shown()
    assert shown["price_phase"] == {
        "name": "Early bird",
        "ends_at": phase["ends_at"],
        "left": None,
        "code_required": False,
    }
    assert (shown["price_individual"], shown["price_collective_5"]) == ("100000.00", "95000.00")
    regular = {"individual": "150000.00", "collective_5": "140000.00", "collective_10": "130000.00"}
    assert shown["next_prices"] == {"name": None, "prices": regular}
    assert shown["current_prices"] == {
        "individual": "100000.00",
        "collective_5": "95000.00",
        "collective_10": "130000.00",
    }
    assert shown["regular_prices"] == {
        "individual": "150000.00",
        "collective_5": "140000.00",
        "collective_10": "130000.00",
    }

    # and when the week is over, the regular prices
    driver.clock.advance(timedelta(days=7))
    shown = await prices.shown()
    assert (shown["price_phase"], shown["next_prices"], shown["price_individual"]) == (None, None, "150000.00")


async def test_staff_see_and_change_the_regular_prices_whatever_the_phase_is(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_phase()
    everything = (await driver.call("GET", "/catalog", by=driver.staff())).body["items"]
    [category] = everything[0]["categories"]
    assert (category["price_individual"], category["current_prices"]["individual"]) == ("150000.00", "100000.00")
    changed = await driver.change_category(name="5K again")
    assert (changed["price_individual"], changed["price_phase"]["name"]) == ("150000.00", "Early bird")


async def test_the_price_agreed_at_admission_never_changes(driver: RegistrationDriver, prices: PricesDriver) -> None:
    # given a runner who registered in a phase
    await driver.open_category()
    phase = await prices.create_phase(price_individual="100000")
    entry = await driver.register()
    assert (entry["total_amount"], entry["list_amount"], entry["discount"]) == ("100000.00", "100000.00", "0.00")
    assert (entry["price_phase"], entry["promo_code"]) == ("Early bird", None)

    # when the phase changes its name and price, and ends
    (await prices.try_change_phase(phase, name="Late bird", price_individual="120000")).require(200)
    driver.clock.advance(timedelta(days=8))

    # then the registration has the price and the phase of then, and another one the regular price
    shown = await driver.show(entry["registration_id"])
    assert (shown["total_amount"], shown["price_phase"]) == ("100000.00", "Early bird")
    later = await driver.register()
    assert (later["total_amount"], later["list_amount"], later["price_phase"]) == ("150000.00", "150000.00", None)
    first, second = [event.payload for event in await driver.published(RegistrationCreated)]
    assert (str(first.list_amount), str(first.discount), first.price_phase) == ("100000.00", "0.00", "Early bird")
    assert (second.list_amount, second.discount, second.price_phase, second.promo_code) == (None,) * 4


async def test_the_first_ones_have_the_price_of_a_counted_phase_and_those_after_them_the_next(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given a phase for the first seven
    await driver.open_category()
    phase = await prices.create_phase(max_participants=7, price_individual="100000", price_collective_5="90000")

    # when a group of five comes, another one, and runners alone
    groups = [await driver.register(5) for _ in range(2)]
    alone = [await driver.register() for _ in range(3)]

    # then only the second group, which it had no room for, and the eighth have the regular price
    assert [each["total_amount"] for each in groups] == ["450000.00", "700000.00"]
    assert [each["total_amount"] for each in alone] == ["100000.00", "100000.00", "150000.00"]
    assert await prices.uses(phase) == (7, 0)
    await prices.assert_consistent()


async def test_how_many_are_left_in_a_counted_phase_is_shown_and_a_group_sees_its_own_price(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_phase(max_participants=4, price_individual="100000", price_collective_5="90000")
    shown = await prices.shown()
    assert (shown["price_phase"]["left"], shown["price_phase"]["ends_at"]) == (4, None)
    assert (shown["price_individual"], shown["price_collective_5"]) == ("100000.00", "140000.00")
    await driver.register()
    assert (await prices.shown())["price_phase"]["left"] == 3


async def test_a_place_of_a_counted_phase_that_comes_back_can_be_had_again(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    phase = await prices.create_phase(max_participants=1)
    entry = await driver.register()
    assert (await driver.register())["total_amount"] == "150000.00"
    await driver.cancel(entry["registration_id"])
    assert await prices.uses(phase) == (0, 0)
    assert (await driver.register())["total_amount"] == "100000.00"
    await prices.assert_consistent()


async def test_phases_apply_in_their_order_and_one_that_is_off_does_not(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    last = await prices.create_phase(name="Last", price_individual="120000")
    first = await prices.create_phase(name="First", price_individual="100000")
    assert [each["position"] for each in (last, first)] == [0, 1]
    (await prices.try_change_phase(last, position=2)).require(200)
    assert [each["name"] for each in await prices.phases()] == ["First", "Last"]
    assert (await prices.shown())["price_phase"]["name"] == "First"
    (await prices.try_change_phase(first, is_active=False)).require(200)
    assert (await prices.shown())["price_phase"]["name"] == "Last"


async def test_the_last_position_is_looked_up_for_a_phase_without_one_only(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    seen: list[str] = []
    event.listen(driver.database.engine.sync_engine, "before_cursor_execute", lambda *found: seen.append(found[2]))
    for fields, lookups in (({}, 1), ({"position": 7}, 0), ({"position": None}, 1)):
        seen.clear()
        await prices.create_phase(**fields)
        assert len([each for each in seen if "max(price_phases.position)" in each]) == lookups
    assert [each["position"] for each in await prices.phases()] == [0, 7, 8]


async def test_a_phase_that_needs_a_code_closes_registration_for_all_others_until_it_ends(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given a presale for members
    await driver.open_category()
    await prices.create_phase(name="Presale", code_required=True)
    await prices.create_access_code("MEMBER")
    assert (await prices.shown())["price_phase"]["code_required"]

    # then one without a code is refused, and a member registers at its price
    assert (await driver.try_register()).is_problem(409, "promo_code_required")
    member = await driver.register(promo_code="member")
    assert (member["total_amount"], member["price_phase"], member["promo_code"]) == ("100000.00", "Presale", "MEMBER")

    # and afterwards anyone
    driver.clock.advance(timedelta(days=8))
    assert (await driver.register())["total_amount"] == "150000.00"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, "ends_at"),
        ({"ends_at": "tomorrow"}, "ends_at"),
        ({"max_participants": 0}, "max_participants"),
        ({"max_participants": 5, "price_individual": None}, "price_individual"),
        ({"max_participants": 5, "price_individual": "-1"}, "price_individual"),
        ({"max_participants": 5, "name": ""}, "name"),
        ({"max_participants": 5, "name": "x" * 61}, "name"),
        ({"max_participants": 5, "position": -1}, "position"),
    ],
)
async def test_a_phase_that_cannot_be_is_refused_by_the_field(
    driver: RegistrationDriver, prices: PricesDriver, fields: dict[str, Any], wrong: str
) -> None:
    await driver.open_category()
    answer = await prices.try_create_phase(**fields)
    assert (answer.status, answer.wrong_fields) == (422, [wrong])


async def test_a_phase_keeps_an_end_and_its_limit_never_falls_below_its_uses(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    counted, dated = await prices.create_phase(max_participants=10), await prices.create_phase()
    await driver.register(5)

    answer = await prices.try_change_phase(dated, ends_at=None)
    assert (answer.status, answer.wrong_fields) == (422, ["ends_at"])
    answer = await prices.try_change_phase(dated, max_participants=5)
    assert (answer.status, answer.wrong_fields) == (422, ["max_participants"])
    assert (await prices.try_change_phase(counted, max_participants=4)).is_problem(409, "limit_below_uses")
    changed = (await prices.try_change_phase(counted, max_participants=5)).require(200)
    assert (changed["max_participants"], changed["uses"], changed["uses_left"]) == (5, 5, 0)


async def test_phases_are_made_by_administrators_and_seen_by_all_staff(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    phase = await prices.create_phase()
    path = f"/categories/{driver.category['id']}/price-phases"
    assert (await driver.call("GET", path, by=driver.staff(Role.VIEWER))).status == 200
    assert (await driver.call("POST", path, by=driver.staff(Role.FINANCE), json={})).status == 403
    assert (await driver.call("PATCH", f"/price-phases/{phase['id']}", by=driver.staff(Role.VIEWER))).status == 403
    assert (await driver.call("GET", path)).status == 401


async def test_what_is_not_there_is_not_found(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    nothing = "00000000-0000-0000-0000-000000000007"
    path = f"/categories/{nothing}/price-phases"
    body = {"name": "Early bird", "price_individual": "1", "max_participants": 1}
    assert (await driver.call("GET", path, by=driver.staff())).is_problem(404, "unknown_category")
    assert (await driver.call("POST", path, by=driver.staff(), json=body)).is_problem(404, "unknown_category")
    assert (await prices.try_change_phase({"id": nothing}, name="x")).is_problem(404, "unknown_price_phase")
    assert (await prices.try_change_code({"id": nothing}, note="x")).is_problem(404, "unknown_promo_code")


async def test_changes_of_phases_are_in_the_audit_log(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    phase = await prices.create_phase(max_participants=5)
    (await prices.try_change_phase(phase, max_participants=6, price_individual="90000")).require(200)
    [made] = await driver.audit_log("price_phase.create")
    [changed] = await driver.audit_log("price_phase.change")
    assert made["subject"] == changed["subject"] == f"price_phase:{phase['id']}"
    assert made["details"]["after"]["max_participants"] == 5
    assert changed["details"]["before"] == {"max_participants": 5, "price_individual": "100000.00"}
    assert changed["details"]["after"] == {"max_participants": 6, "price_individual": "90000"}


async def test_the_public_sees_the_prices_that_follow(driver: RegistrationDriver, prices: PricesDriver) -> None:
    # given an early bird for two, a phase that is over when the third one begins, and that third one
    await driver.open_category()
    await prices.create_phase(max_participants=2)
    short = await prices.create_phase(name="Short", ends_at=prices.in_days(1), price_individual="110000")
    await prices.create_phase(name="Presale", ends_at=prices.in_days(9), price_individual="120000")

    async def following() -> tuple[str | None, str]:
        found = (await prices.shown())["next_prices"]
        return found["name"], found["prices"]["individual"]

    # then the phase that counts may end at any time, and one by time ends then
    assert await following() == ("Short", "110000.00")
    await driver.register()
    await driver.register()
    assert await following() == ("Presale", "120000.00")
    (await prices.try_change_phase(short, ends_at=prices.in_days(12))).require(200)
    assert await following() == (None, "150000.00"), "the presale ends before"


async def test_staff_put_the_phases_in_another_order(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    made = [await prices.create_phase(name=name) for name in ("A", "B", "C")]
    path = f"/categories/{driver.category['id']}/price-phases/order"

    async def order(*ids: str) -> Answer:
        return await driver.call("PUT", path, by=driver.staff(), json={"phase_ids": ids})

    first, second, third = (each["id"] for each in made)
    assert (await order(third, first, second)).status == 204
    assert [each["name"] for each in await prices.phases()] == ["C", "A", "B"]
    assert (await prices.shown())["price_phase"]["name"] == "C"
    for wrong in ((third, first), (third, first, first), (third, first, second, driver.category["id"])):
        answer = await order(*wrong)
        assert (answer.status, answer.wrong_fields) == (422, ["phase_ids"])
    [entry] = await driver.rows("SELECT details FROM audit_log WHERE action = 'price_phase.order'")
    assert entry["details"]["before"] == {"order": f"{first} {second} {third}"}
    assert entry["details"]["after"] == {"order": f"{third} {first} {second}"}
    unknown = await driver.call(
        "PUT", f"/categories/{first}/price-phases/order", by=driver.staff(), json={"phase_ids": []}
    )
    assert unknown.is_problem(404, "unknown_category")


async def test_an_order_waits_for_a_phase_that_is_being_created(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    first, category = await prices.create_phase(name="A"), UUID(driver.category["id"])
    path = f"/categories/{category}/price-phases/order"
    body = {"phase_ids": [first["id"]]}
    async with driver.database.work() as creating:
        await lock_places(creating, category)
        await creating.session.execute(
            text(
                "INSERT INTO price_phases SELECT (jsonb_populate_record(p, CAST(:new AS jsonb))).*"
                " FROM price_phases AS p"
            ),
            {"new": json.dumps({"id": str(new_id()), "name": "B", "position": 1})},
        )
        ordering = asyncio.create_task(driver.call("PUT", path, by=driver.staff(), json=body))
        await asyncio.wait({ordering}, timeout=0.5)
        assert not ordering.done()
    assert (await ordering).wrong_fields == ["phase_ids"], "there are two now"
