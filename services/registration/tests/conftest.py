"""Drivers of registration and of its waiting lists."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver, settings_for
from .waitlist_driver import WaitlistDriver


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def driver(
    fresh_database: FreshDatabase, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[RegistrationDriver]:
    settings = settings_for(await fresh_database("registration"), image_store=(tmp_path / "images").as_uri())
    made = RegistrationDriver(settings, clock=clock)
    yield made
    await made.close()


@pytest.fixture
async def second_driver(driver: RegistrationDriver) -> AsyncIterator[RegistrationDriver]:
    """Another API process on the same database."""
    made = driver.another_process()
    yield made
    await made.close()


@pytest.fixture
def waitlist(driver: RegistrationDriver) -> WaitlistDriver:
    return WaitlistDriver(driver)


@pytest.fixture
def prices(driver: RegistrationDriver) -> PricesDriver:
    return PricesDriver(driver)
