"""An endpoint that answers, but too slowly, keeps the healthy ones neither from being read nor from being asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import httpx
import pytest
from payment.usdt.evm.rpc import Endpoint
from payment.usdt.watch.failures import NotRead
from payment.usdt.watch.nodes import Node
from payment.usdt.watch.passes import Taken, take_pass
from payment.usdt.watch.rules import Trouble
from simulators.chain.testing import transport

from .usdt_world import CHAIN_ID, World, after, reading

LONGEST: Final = 2.0
SLOW: Final = 0.4
"""Seconds for an answer; each comes, and several take longer than the endpoint's part of `LONGEST`."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world of which the first blocks were read."""
    world = World(reading(longest=LONGEST))
    async with world.http:
        await world.watch()
        yield world


def slowly(world: World) -> Node:
    """Return the main endpoint, reached by a slow connection."""
    inner = transport(world.main)

    async def handle(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(SLOW)
        return inner.handle_request(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return Node(Endpoint("http://main.test/", http, log_range=100), CHAIN_ID)


async def take(world: World, nodes: Sequence[Node], *, begin_with: int = 0) -> Taken:
    async def addresses() -> Sequence[bytes]:
        return list(world.given)

    return await take_pass(nodes, world.memory, world.how, addresses, begin_with=begin_with)


async def test_the_next_endpoint_is_read_if_one_is_too_slow(world: World) -> None:
    # given a transfer that is old enough to be confirmed
    world.pay()
    world.chain.mine(4)
    # when
    taken = await take(world, [slowly(world), world.nodes[1]])
    # then
    assert (taken.endpoint, taken.trouble) == (1, None)
    world.memory = after(world.memory, taken.plan)
    assert world.stored() == world.on_chain()
    assert len(taken.plan.confirmed) == 1


async def test_one_that_is_too_slow_for_the_second_look_leaves_it_to_the_one_that_was_read(world: World) -> None:
    world.pay()
    world.chain.mine(4)
    # given many blocks to look at
    for _ in range(4):
        world.pay()
    world.chain.mine(4)
    # when
    async with asyncio.timeout(LONGEST):
        taken = await take(world, [slowly(world), world.nodes[1]], begin_with=1)
    # then
    assert (taken.endpoint, len(taken.plan.confirmed)) == (1, 5)


async def test_endpoints_that_are_all_too_slow_are_down(world: World) -> None:
    world.pay()
    with pytest.raises(NotRead) as raised:
        await take(world, [slowly(world), slowly(world)])
    assert raised.value.trouble is Trouble.DOWN
