"""Fixtures of the identity tests."""

from collections.abc import AsyncIterator

import pytest
from chassis.transports import InProcessTransport
from testkit.clocks import StoppedClock
from testkit.plugin import FreshDatabase

from .identity_driver import IdentityDriver, settings_for


@pytest.fixture
def clock() -> StoppedClock:
    """Return a clock that tests move."""
    return StoppedClock()


@pytest.fixture
async def driver(fresh_database: FreshDatabase, clock: StoppedClock) -> AsyncIterator[IdentityDriver]:
    """Return a driver of identity on an empty database."""
    driver = IdentityDriver(settings_for(await fresh_database("identity")), clock=clock)
    yield driver
    await driver.close()


@pytest.fixture
async def idle_transport() -> InProcessTransport:
    """Return a transport that nothing is sent over."""
    return InProcessTransport()
