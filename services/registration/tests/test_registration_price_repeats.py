"""Phases and promo codes whose request is repeated."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from testkit.driver import Answer

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver


async def test_a_phase_that_is_sent_twice_is_created_once(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    body = {"id": str(uuid4()), "max_participants": 100}
    first, *others = await asyncio.gather(*(prices.create_phase(**body) for _ in range(4)))
    assert others == [first] * 3
    assert (first["id"], await prices.phases()) == (body["id"], [first])
    assert await prices.uses(first) == (0, 0)
    query = "SELECT count(*) FROM audit_log WHERE action = 'price_phase.create'"
    assert await driver.scalar(query) == 1


@pytest.mark.parametrize("changed", [{"name": "Presale"}, {"max_participants": 50}, {"position": 7}])
async def test_the_id_of_a_phase_is_not_taken_for_another_one(
    driver: RegistrationDriver, prices: PricesDriver, changed: dict[str, Any]
) -> None:
    await driver.open_category()
    body = {"id": str(uuid4()), "max_participants": 100}
    first = await prices.create_phase(**body)
    assert (await prices.try_create_phase(**{**body, **changed})).is_problem(422, "idempotency_key_reused")
    await driver.open_category()
    assert (await prices.try_create_phase(**body)).is_problem(422, "idempotency_key_reused")
    promo = await prices.create_code(max_uses=5)
    assert (await prices.try_create_phase(**{**body, "id": promo["id"]})).is_problem(422, "idempotency_key_reused")
    assert await prices.phases() == []
    assert first["max_participants"] == 100


_ADMIN = UUID("0190c0de-0000-7000-8000-000000000901")
_ANOTHER = UUID("0190c0de-0000-7000-8000-000000000902")


async def _personal(driver: RegistrationDriver, key: str, by: UUID = _ADMIN, **fields: Any) -> Answer:
    body = {"category_id": driver.category["id"], "kind": "percent", "value": "100", "count": 20, **fields}
    headers = {**driver.issuer.staff(Role.ADMIN, by), "Idempotency-Key": key}
    return await driver.call("POST", "/promo-codes/bulk", by=headers, json=body)


async def test_codes_that_are_sent_twice_are_created_once(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    answers = await asyncio.gather(*(_personal(driver, "monday") for _ in range(4)))
    again = await _personal(driver, "monday")
    codes = {each["code"] for each in await prices.codes()}
    for answer in (*answers, again):
        assert {each["code"] for each in answer.require(201)["items"]} == codes
    assert len(codes) == 20
    assert sorted(each.headers.get("Idempotency-Replayed", "") for each in answers) == ["", *["true"] * 3]
    assert again.headers["Idempotency-Replayed"] == "true"
    await prices.assert_consistent()


async def test_a_key_of_codes_is_not_taken_for_others_nor_of_another_member_of_staff(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category()
    (await _personal(driver, "monday")).require(201)
    assert (await _personal(driver, "monday", count=21)).is_problem(422, "idempotency_key_reused")
    (await _personal(driver, "monday", _ANOTHER, count=21)).require(201)
    assert len(await prices.codes()) == 41
