"""Fixtures of the check-in tests."""

from collections.abc import AsyncIterator

import pytest
from testkit.harness import ManualClock
from testkit.plugin import FreshDatabase

from .checkin_world import PackDay


@pytest.fixture
def clock() -> ManualClock:
    """Time that tests can move."""
    return ManualClock()


@pytest.fixture
async def day(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[PackDay]:
    """Check-in on an empty database."""
    day = PackDay(await fresh_database("checkin"), clock=clock)
    yield day
    await day.close()
