"""Fixtures of the identity tests."""

from collections.abc import AsyncIterator

import pytest
from chassis.transports import InProcessTransport
from testkit.harness import StoppedClock
from testkit.plugin import FreshDatabase

from .identity_world import Office


@pytest.fixture
def clock() -> StoppedClock:
    """Time that tests can move."""
    return StoppedClock()


@pytest.fixture
async def office(fresh_database: FreshDatabase, clock: StoppedClock) -> AsyncIterator[Office]:
    """Identity on an empty database."""
    office = Office(await fresh_database("identity"), clock)
    yield office
    await office.close()


@pytest.fixture
async def idle_transport() -> InProcessTransport:
    """A transport that nothing is sent over."""
    return InProcessTransport()
