"""Repeating a request after registration has closed."""

from datetime import timedelta
from typing import Any

from testkit.driver import Answer
from testkit.polling import eventually

from .registration_driver import RegistrationDriver


async def _register_with_key(driver: RegistrationDriver) -> tuple[dict[str, Any], Answer]:
    form = driver.form()
    answer = await driver.try_register(form=form, key="k-lost")
    assert answer.status == 201
    return form, answer


async def _all_are_refused(driver: RegistrationDriver, code: str) -> None:
    async def refused() -> bool:
        return bool((await driver.try_register()).body.get("code") == code)

    await eventually(refused, every=0.1)


async def test_a_repeat_after_the_close_gets_the_first_answer(driver: RegistrationDriver) -> None:
    closes = driver.clock() + timedelta(hours=1)
    await driver.open_category(registration_close_at=closes.isoformat())
    form, first = await _register_with_key(driver)
    driver.clock.advance(timedelta(hours=2))
    again = await driver.try_register(form=form, key="k-lost")
    assert (again.status, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_repeat_after_a_change_of_the_category_gets_the_first_answer(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form, first = await _register_with_key(driver)
    await driver.change_category(is_active=False, price_individual="1")
    await _all_are_refused(driver, "registration_not_open")
    assert (await driver.try_register(form=form, key="k-lost")).content == first.content


async def test_after_the_close_a_new_key_and_a_reused_one_are_refused(driver: RegistrationDriver) -> None:
    await driver.open_category(registration_close_at=(driver.clock() + timedelta(hours=1)).isoformat())
    await _register_with_key(driver)
    driver.clock.advance(timedelta(hours=2))
    late = await driver.try_register(key="k-late")
    assert late.is_problem(409, "registration_closed")
    other = await driver.try_register(key="k-lost")
    assert other.is_problem(422, "idempotency_key_reused")
    assert await driver.live_participants() == 1
