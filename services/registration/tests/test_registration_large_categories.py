"""A category may have more free places than a group could ever want."""

import pytest

from .registration_driver import RegistrationDriver

MORE_THAN_A_SMALLINT = 40_000


@pytest.fixture
async def large(driver: RegistrationDriver) -> RegistrationDriver:
    await driver.open_category(quota=MORE_THAN_A_SMALLINT)
    return driver


async def test_a_large_category_can_be_changed(large: RegistrationDriver) -> None:
    await large.change_category(payment_deadline_hours=48)


async def test_a_registration_of_a_large_category_can_be_cancelled(large: RegistrationDriver) -> None:
    entry = await large.register()
    answer = await large.try_cancel(entry["registration_id"])
    assert answer.status == 204, answer.body


async def test_a_registration_of_a_large_category_expires(large: RegistrationDriver) -> None:
    entry = await large.register()
    await large.pass_deadline()
    assert await large.status(entry["registration_id"]) == "expired"
