"""Fixtures of the payment tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .payment_driver import PaymentDriver, settings_for


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that tests can move."""
    return ManualClock()


@pytest.fixture
async def driver(fresh_database: FreshDatabase, clock: ManualClock, tmp_path: Path) -> AsyncIterator[PaymentDriver]:
    """Yield payment on an empty database and an empty folder."""
    driver = PaymentDriver(settings_for(await fresh_database("payment"), tmp_path / "images"), clock=clock)
    yield driver
    await driver.close()
