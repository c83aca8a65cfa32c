"""Fixtures of the check-in tests."""

from collections.abc import AsyncIterator

import pytest
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .checkin_driver import CheckinDriver, settings_for


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that tests move."""
    return ManualClock()


@pytest.fixture
async def driver(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[CheckinDriver]:
    """Return a driver of check-in on an empty database."""
    driver = CheckinDriver(settings_for(await fresh_database("checkin")), clock=clock)
    yield driver
    await driver.close()
