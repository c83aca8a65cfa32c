"""Promo codes: how they are created, what they take off, who may use them, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from contracts import RegistrationCreated

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver


async def test_a_code_takes_its_share_off_and_the_registration_says_so_everywhere(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given a code for a fifth of the price
    await driver.open_category()
    promo = await prices.create_code("LARI20", max_uses=10)

    # when a group registers with it, however it is typed
    entry = await driver.register(5, promo_code=" lari20 ")

    # then answer, event and pages have the list amount, the discount and the code
    shown = await driver.show(entry["registration_id"])
    for each in (entry, shown):
        assert (each["list_amount"], each["discount"], each["total_amount"]) == ("700000.00", "140000.00", "560000.00")
        assert each["promo_code"] == "LARI20"
    created = await prices.created()
    assert (str(created.list_amount), str(created.discount)) == ("700000.00", "140000.00")
    assert (str(created.total_amount), created.promo_code, created.price_phase) == ("560000.00", "LARI20", None)
    assert await prices.uses(promo) == (5, 0)


async def test_a_code_is_taken_off_the_price_of_the_phase(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    await prices.create_phase(price_individual="100000")
    await prices.create_code("HEMAT", kind="amount", value="25000")
    entry = await driver.register(promo_code="HEMAT")
    assert (entry["list_amount"], entry["total_amount"]) == ("100000.00", "75000.00")
    assert (entry["price_phase"], entry["promo_code"]) == ("Early bird", "HEMAT")


async def test_a_code_for_the_whole_price_leaves_nothing_to_pay(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_code("GRATIS", value="100")
    entry = await driver.register(promo_code="GRATIS")
    assert (entry["total_amount"], entry["discount"]) == ("0.00", "150000.00")


async def test_a_code_that_is_used_up_is_refused_with_what_is_left(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    promo = await prices.create_code(max_uses=6)
    await driver.register(5, promo_code="LARI20")
    answer = await driver.try_register(5, promo_code="LARI20")
    assert answer.is_problem(409, "promo_used_up")
    assert answer.body["uses_left"] == 1
    await driver.register(promo_code="LARI20")
    assert (await driver.try_register(promo_code="LARI20")).body["uses_left"] == 0
    assert await prices.uses(promo) == (6, 0)
    assert (await driver.places())["taken"] == 6


@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": False},
        {"types": ["collective_5"]},
        {"valid_from": "2099-01-01T00:00:00+07:00"},
        {"valid_until": "2020-01-01T00:00:00+07:00"},
    ],
)
async def test_a_code_that_is_not_valid_is_refused_and_nothing_is_taken(
    driver: RegistrationDriver, prices: PricesDriver, fields: dict[str, Any]
) -> None:
    await driver.open_category()
    await prices.create_code(**fields)
    answer = await driver.try_register(promo_code="LARI20")
    assert answer.is_problem(409, "promo_not_valid")
    assert (await driver.places())["taken"] == 0


async def test_a_code_of_another_category_or_race_is_not_valid_and_one_of_the_race_is(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given a code of one category, and one of its whole race
    await driver.open_category()
    await prices.create_code("ONLY5K")
    await prices.create_code("WHOLE", category_id=None, event_id=driver.event["id"], kind="amount", value="10000")

    # then in another category of the race only the second is valid, and in another race neither
    await driver.open_category()
    assert (await driver.try_register(promo_code="ONLY5K")).is_problem(409, "promo_not_valid")
    assert (await driver.register(promo_code="WHOLE"))["total_amount"] == "140000.00"
    await driver.create_event()
    await driver.open_category()
    assert (await driver.try_register(promo_code="WHOLE")).is_problem(409, "promo_not_valid")


async def test_the_code_of_a_category_comes_before_the_same_one_of_its_race(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_code("SAME", category_id=None, event_id=driver.event["id"], value="10")
    await prices.create_code("SAME", value="50")
    assert (await driver.register(promo_code="SAME"))["discount"] == "75000.00"


@pytest.mark.parametrize("code", ["AB", "LARI 20", "x" * 41, "LARI-20", "ÄÖÜ", 20])
async def test_a_malformed_code_is_refused_by_its_field(driver: RegistrationDriver, code: object) -> None:
    await driver.open_category()
    answer = await driver.try_register(promo_code=code)
    assert (answer.status, answer.wrong_fields) == (422, ["promo_code"])


@pytest.mark.parametrize("code", ["", "  ", None])
async def test_an_empty_code_is_none(driver: RegistrationDriver, code: str | None) -> None:
    await driver.open_category()
    assert (await driver.register(promo_code=code))["promo_code"] is None


async def test_a_category_that_needs_a_code_takes_those_that_grant_access_only(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category(code_required=True)
    await prices.create_code("LARI20")
    await prices.create_code("SPONSOR", value="50", grants_access=True)
    await prices.create_access_code("MEMBER", max_uses=1)
    assert (await prices.shown())["code_required"]
    assert (await driver.try_register()).is_problem(409, "promo_code_required")
    assert (await driver.try_register(promo_code="LARI20")).is_problem(409, "promo_not_valid")
    assert (await driver.register(promo_code="SPONSOR"))["total_amount"] == "75000.00"
    member = await driver.register(promo_code="MEMBER")
    assert (member["total_amount"], member["discount"]) == ("150000.00", "0.00")
    assert (await driver.try_register(promo_code="MEMBER")).is_problem(409, "promo_used_up")


async def test_one_person_in_charge_uses_a_code_only_as_often_as_it_allows(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given a code that one person may use twice
    await driver.open_category()
    await prices.create_code(max_per_person=2)

    def form(**contact: str) -> dict[str, Any]:
        return {**driver.form(promo_code="LARI20"), "participants": [driver.person(is_pic=True, **contact)]}

    # when runners are registered with one address or one number
    first = await driver.register(form=form(email="Club@Example.com", whatsapp="0812 3456 7890"))
    await driver.register(form=form(email="club@example.com"))
    by_address = await driver.try_register(form=form(email="club@example.com"))
    await driver.register(form=form(whatsapp="+62 812-3456-7890"))
    by_number = await driver.try_register(form=form(whatsapp="081234567890"))

    # then the third is refused, and others may use it
    assert by_address.is_problem(409, "promo_used_up")
    assert by_number.is_problem(409, "promo_used_up")
    await driver.register(form=form())

    # and a use that is given back may be used again
    await driver.cancel(first["registration_id"])
    await driver.register(form=form(email="club@example.com"))


async def test_a_repeat_with_its_key_returns_the_first_price_when_the_code_is_used_up_since(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    promo = await prices.create_code(max_uses=1)
    form = driver.form(promo_code="LARI20")
    first = await driver.try_register(form=form, key="mine")
    assert (await driver.try_register(promo_code="LARI20", key="other")).is_problem(409, "promo_used_up")
    await prices.change_code(promo, is_active=False)

    again = await driver.try_register(form=form, key="mine")
    assert (again.status, again.content) == (201, first.content)
    assert again.body["total_amount"] == "120000.00"
    without = {name: value for name, value in form.items() if name != "promo_code"}
    assert (await driver.try_register(form=without, key="mine")).is_problem(422, "idempotency_key_reused")
    assert len(await driver.published(RegistrationCreated)) == 1


async def test_what_a_code_would_cost_is_told_without_using_it(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_phase(price_individual="100000")
    promo = await prices.create_code(max_uses=1)
    answer = await prices.check("lari20")
    assert answer.require(200) == {
        "code": "LARI20",
        "category_id": driver.category["id"],
        "registration_type": "individual",
        "price_phase": "Early bird",
        "list_amount": "100000.00",
        "discount": "20000.00",
        "total_amount": "80000.00",
        "currency": "IDR",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert await prices.uses(promo) == (0, 0)
    assert (await prices.check("LARI20", group="collective_5")).is_problem(409, "promo_used_up")
    assert (await prices.check("NOTHING")).is_problem(409, "promo_not_valid")
    nowhere = await prices.check("LARI20", category_id="00000000-0000-0000-0000-000000000007")
    assert nowhere.is_problem(404, "unknown_category")
    malformed = {
        "code": await prices.check("x"),
        "registration_type": await prices.check("LARI20", group="pair"),
        "category_id": await prices.check("LARI20", category_id="5k"),
    }
    for field, answer in malformed.items():
        assert (answer.status, answer.wrong_fields) == (422, [field])


@pytest.mark.parametrize("group", ["individual", "collective_10"])
async def test_a_check_of_a_type_that_is_not_offered_says_so(
    driver: RegistrationDriver, prices: PricesDriver, group: str
) -> None:
    await driver.open_category(price_collective_10=None)
    await prices.create_code()
    answer = await prices.check("LARI20", group=group)
    assert answer.status == (200 if group == "individual" else 409)


async def test_a_code_that_is_switched_off_counts_no_longer(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    promo = await prices.create_code()
    entry = await driver.register(promo_code="LARI20")
    await prices.change_code(promo, is_active=False, note="after the expo")
    assert (await driver.try_register(promo_code="LARI20")).is_problem(409, "promo_not_valid")
    assert (await driver.show(entry["registration_id"]))["total_amount"] == "120000.00"


async def test_another_value_counts_for_those_who_come_after(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    promo = await prices.create_code()
    before = await driver.register(promo_code="LARI20")
    await prices.change_code(promo, value="50", valid_until=prices.in_days(1), types=["individual"])
    after = await driver.register(promo_code="LARI20")
    assert [each["total_amount"] for each in (before, after)] == ["120000.00", "75000.00"]
    driver.clock.advance(timedelta(days=1))
    assert (await driver.try_register(promo_code="LARI20")).is_problem(409, "promo_not_valid")
