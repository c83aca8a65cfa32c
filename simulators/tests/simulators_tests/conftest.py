"""Simulators that really listen, and Midtrans alone without a socket."""

from collections.abc import AsyncIterator

import pytest
from simulators.midtrans.testing import MidtransCalls
from simulators.testing import Stage, paying, playing


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with playing() as stage:
        yield stage


@pytest.fixture
async def midtrans() -> AsyncIterator[MidtransCalls]:
    async with paying() as midtrans:
        yield midtrans
