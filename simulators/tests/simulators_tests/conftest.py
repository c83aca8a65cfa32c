"""Simulators that really listen."""

from collections.abc import AsyncIterator

import pytest
from simulators.testing import Stage, playing


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with playing() as stage:
        yield stage
