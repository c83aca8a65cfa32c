"""A node with its chain, and payment before it, for each test."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from payment.usdt.networks.presets import PRESETS
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .node import Anvil
from .program import find_anvil
from .shop import NETWORK, Shop, Tokens

_NODE = "node"
_DEPLOYED = timedelta(seconds=10)
"""Time of the blocks in which the contracts are deployed."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder that need a node, which is a server as well."""
    for item in items:
        if Path(__file__).parent in item.path.parents and _NODE in getattr(item, "fixturenames", ()):
            item.add_marker("evm")
            item.add_marker("integration")


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that tests can move."""
    return ManualClock()


@pytest.fixture
async def node(clock: ManualClock, tmp_path: Path) -> AsyncIterator[Anvil]:
    """Yield a node with its chain, whose time is that of the clock."""
    chain_id, started_at = PRESETS[NETWORK].chain_id, clock() - _DEPLOYED
    async with Anvil(find_anvil(), chain_id=chain_id, started_at=started_at, log=tmp_path / "anvil.log") as node:
        yield node


@pytest.fixture
async def tokens(node: Anvil) -> Tokens:
    """Return the contracts on the chain."""
    return await Tokens.deploy(node)


@pytest.fixture
async def shop(
    fresh_database: FreshDatabase, node: Anvil, tokens: Tokens, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Shop]:
    """Yield payment before the node; it is not configured yet."""
    shop = Shop(await fresh_database("payment"), tmp_path / "images", node, tokens, clock)
    yield shop
    await shop.close()
