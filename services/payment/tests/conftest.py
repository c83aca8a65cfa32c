"""Fixtures of the payment tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from testkit.harness import ManualClock
from testkit.plugin import FreshDatabase

from .payment_world import Office


@pytest.fixture
def clock() -> ManualClock:
    """Time that tests can move."""
    return ManualClock()


@pytest.fixture
async def office(fresh_database: FreshDatabase, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Office]:
    """Payment on an empty database and an empty folder."""
    office = Office(await fresh_database("payment"), clock=clock, folder=tmp_path / "images")
    yield office
    await office.close()
