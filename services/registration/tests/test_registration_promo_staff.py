"""Promo codes, as staff create, list and change them."""

from typing import Any

import pytest
from chassis.auth.principals import Role

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver


async def test_a_created_code_is_listed_with_its_uses(driver: RegistrationDriver, prices: PricesDriver) -> None:
    # given a limited code of a category and one of the whole race
    await driver.open_category()
    limited = await prices.create_code("lari20", max_uses=100, note="for the running club")
    await prices.create_code("WHOLE", category_id=None, event_id=driver.event["id"], kind="amount", value="10000")
    assert (limited["code"], limited["value"], limited["uses"], limited["uses_left"]) == ("LARI20", "20.00", 0, 100)

    # when groups and runners use them, and one is cancelled
    await driver.register(5, promo_code="LARI20")
    await driver.register(promo_code="WHOLE")
    gone = await driver.register(10, promo_code="WHOLE")
    await driver.cancel(gone["registration_id"])

    # then the list counts the participants who hold places, with a counter and without
    whole, own = await prices.codes()
    assert (own["code"], own["uses"], own["uses_left"], own["max_uses"]) == ("LARI20", 5, 95, 100)
    assert (own["event_id"], own["category_id"]) == (driver.event["id"], driver.category["id"])
    assert (whole["code"], whole["uses"], whole["uses_left"], whole["category_id"]) == ("WHOLE", 1, None, None)


async def test_codes_are_found_by_race_category_and_beginning_a_page_at_a_time(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    first = await driver.open_category()
    for code in ("CLUB1", "CLUB2", "GUEST1"):
        await prices.create_code(code)
    other = await driver.create_event()
    await driver.open_category()
    await prices.create_code("CLUB3")

    async def found(**query: Any) -> list[str]:
        return [each["code"] for each in await prices.codes(**query)]

    assert await found() == ["CLUB3", "GUEST1", "CLUB2", "CLUB1"]
    assert await found(q="club") == ["CLUB3", "CLUB2", "CLUB1"]
    assert await found(event_id=other["id"]) == ["CLUB3"]
    assert await found(category_id=first["id"], q="club") == ["CLUB2", "CLUB1"]
    assert await found(q="%") == []
    await prices.change_code((await prices.codes(q="CLUB2"))[0], is_active=False)
    assert await found(is_active="true", q="club") == ["CLUB3", "CLUB1"]
    assert await found(is_active="false") == ["CLUB2"]
    [one] = await prices.codes(q="CLUB2")
    assert (await driver.call("GET", f"/promo-codes/{one['id']}", by=driver.staff(Role.FINANCE))).body == one
    missing = await driver.call("GET", f"/promo-codes/{first['id']}", by=driver.staff())
    assert missing.is_problem(404, "unknown_promo_code")
    page = (await driver.call("GET", "/promo-codes", by=driver.staff(), params={"limit": 3})).body
    rest = await found(cursor=page["next_cursor"])
    assert ([each["code"] for each in page["items"]], rest) == (["CLUB3", "GUEST1", "CLUB2"], ["CLUB1"])


async def test_a_text_is_one_code_of_a_category_and_may_be_one_of_others(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_code("LARI20")
    assert (await prices.try_create_code("lari20")).is_problem(409, "promo_code_taken")
    of_race = {"category_id": None, "event_id": driver.event["id"]}
    await prices.create_code("LARI20", **of_race)
    assert (await prices.try_create_code("LARI20", **of_race)).is_problem(409, "promo_code_taken")
    await driver.open_category()
    await prices.create_code("LARI20")


_NOTHING = "00000000-0000-0000-0000-000000000007"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"code": "A B"}, "code"),
        ({"value": "0"}, "value"),
        ({"value": "101"}, "value"),
        ({"kind": "amount", "value": "0"}, "value"),
        ({"kind": "access", "value": "5"}, "value"),
        ({"kind": "gift"}, "kind"),
        ({"types": []}, "types"),
        ({"types": ["pair"]}, "types.0"),
        ({"max_uses": 0}, "max_uses"),
        ({"max_per_person": 0}, "max_per_person"),
        ({"category_id": None}, "event_id"),
        ({"valid_from": "2030-01-02T00:00:00Z", "valid_until": "2030-01-01T00:00:00Z"}, "valid_until"),
    ],
)
async def test_a_code_that_cannot_be_is_refused_by_the_field(
    driver: RegistrationDriver, prices: PricesDriver, fields: dict[str, Any], wrong: str
) -> None:
    await driver.open_category()
    answer = await prices.try_create_code(**fields)
    assert (answer.status, answer.wrong_fields) == (422, [wrong])


@pytest.mark.parametrize("limit", ["max_uses", "max_per_person"])
async def test_a_limited_code_belongs_to_one_category(
    driver: RegistrationDriver, prices: PricesDriver, limit: str
) -> None:
    await driver.open_category()
    answer = await prices.try_create_code(**{"category_id": None, "event_id": driver.event["id"], limit: 5})
    assert (answer.status, answer.wrong_fields) == (422, ["category_id"])


async def test_a_code_is_for_a_race_and_a_category_that_exist_and_belong_together(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    category = await driver.open_category()
    other = await driver.create_event()
    assert (await prices.try_create_code(category_id=_NOTHING)).is_problem(404, "unknown_category")
    assert (await prices.try_create_code(category_id=None, event_id=_NOTHING)).is_problem(404, "unknown_event")
    answer = await prices.try_create_code(category_id=category["id"], event_id=other["id"])
    assert (answer.status, answer.wrong_fields) == (422, ["category_id"])


async def test_personal_codes_are_each_used_once(driver: RegistrationDriver, prices: PricesDriver) -> None:
    # given a code for each guest of a sponsor
    await driver.open_category()
    codes = await prices.create_personal_codes(50, prefix="guest", note="bank")
    assert len({each["code"] for each in codes}) == 50
    assert {each["code"][:5] for each in codes} == {"GUEST"}

    # when one of them is used twice
    guest = await driver.register(promo_code=codes[0]["code"])
    again = await driver.try_register(promo_code=codes[0]["code"])

    # then once
    assert guest["total_amount"] == "0.00"
    assert again.is_problem(409, "promo_used_up")
    listed = {each["id"]: each for each in await prices.codes(limit=200)}
    assert {each["max_uses"] for each in listed.values()} == {1}
    assert listed[codes[0]["id"]]["uses"] == 1
    await prices.assert_consistent()


async def test_no_more_than_a_thousand_personal_codes_are_created_at_once(driver: RegistrationDriver) -> None:
    await driver.open_category()
    body = {"category_id": driver.category["id"], "kind": "percent", "value": "100", "count": 1001}
    answer = await driver.call("POST", "/promo-codes/bulk", by=driver.staff(), json=body)
    assert (answer.status, answer.wrong_fields) == (422, ["count"])


async def test_a_limit_is_changed_but_neither_given_nor_taken_away(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    limited, unlimited = await prices.create_code("ONE", max_uses=1), await prices.create_code("TWO")
    await driver.register(promo_code="ONE")
    assert (await prices.change_code(limited, max_uses=2))["uses_left"] == 1
    refused = {
        "max_uses": await prices.try_change_code(unlimited, max_uses=5),
        "value": await prices.try_change_code(unlimited, value="101"),
    }
    for field, answer in refused.items():
        assert (answer.status, answer.wrong_fields) == (422, [field])
    assert (await prices.try_change_code(limited, max_uses=None)).wrong_fields == ["max_uses"]
    whole = await prices.create_code("WHOLE", category_id=None, event_id=driver.event["id"])
    assert (await prices.try_change_code(whole, max_per_person=1)).wrong_fields == ["max_per_person"]
    access = await prices.create_access_code()
    assert (await prices.try_change_code(access, grants_access=False)).wrong_fields == ["grants_access"]


async def test_codes_are_seen_by_those_who_handle_money_and_made_by_administrators(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    promo = await prices.create_code()
    path = f"/promo-codes/{promo['id']}"
    reading, writing = {Role.OWNER, Role.ADMIN, Role.FINANCE}, {Role.OWNER, Role.ADMIN}
    for role in Role:
        by = driver.staff(role)
        assert (await driver.call("GET", "/promo-codes", by=by)).status == (200 if role in reading else 403)
        assert (await driver.call("PATCH", path, by=by, json={"note": "x"})).status == (200 if role in writing else 403)
        created = await prices.try_create_code(f"BY{role.value}", by=by)
        assert created.status == (201 if role in writing else 403)
    assert (await driver.call("GET", "/promo-codes")).status == 401


async def test_codes_are_in_the_audit_log_and_personal_ones_only_by_their_number(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    promo = await prices.create_code(max_uses=5, types=["individual"])
    await prices.change_code(promo, max_uses=6, is_active=False)
    codes = await prices.create_personal_codes(3)
    [made] = await driver.audit_log("promo_code.create")
    [changed] = await driver.audit_log("promo_code.change")
    [many] = await driver.audit_log("promo_code.create_many")
    assert made["subject"] == changed["subject"] == f"promo_code:{promo['id']}"
    assert (made["details"]["after"]["code"], made["details"]["after"]["max_uses"]) == ("LARI20", 5)
    assert changed["details"]["before"] == {"is_active": True, "max_uses": 5}
    assert changed["details"]["after"] == {"is_active": False, "max_uses": 6}
    assert (many["subject"], many["details"]["count"]) == (f"event:{driver.event['id']}", 3)
    assert not [code for code in codes if code["code"] in str(many)]


async def test_a_category_without_registrations_takes_its_codes_and_phases_with_it(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    await prices.create_code(max_uses=5)
    await prices.create_phase(max_participants=5)
    path = f"/categories/{driver.category['id']}"
    assert (await driver.call("DELETE", path, by=driver.staff())).status == 204
    for table in ("promo_codes", "price_phases", "promo_uses"):
        assert await driver.scalar(f"SELECT count(*) FROM {table}") == 0
