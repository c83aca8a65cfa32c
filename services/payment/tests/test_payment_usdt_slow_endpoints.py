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
from payment.usdt.watch.reading import RANGES
from payment.usdt.watch.rules import TransferState, Trouble
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


def slowly(world: World, *, answers_after: float = SLOW, log_range: int = 100) -> Node:
    """Return the main endpoint, reached by a slow connection."""
    inner = transport(world.main)

    async def handle(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(answers_after)
        return inner.handle_request(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return Node(Endpoint("http://main.test/", http, log_range=log_range), CHAIN_ID)


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


async def keep(world: World, nodes: Sequence[Node]) -> Taken | None:
    """Make a pass and keep what it found; None if no endpoint could be read in time."""
    try:
        taken = await take(world, nodes)
    except NotRead:
        return None
    world.memory = after(world.memory, taken.plan)
    return taken


async def test_a_slow_endpoint_catches_up_in_shorter_passes(world: World) -> None:
    # given an endpoint that takes longer for a pass of all ranges than it has
    world.how = reading(longest=0.75)
    node = slowly(world, answers_after=0.05, log_range=10)
    world.pay()
    world.chain.mine(100)
    assert await keep(world, [node]) is None
    assert node.ranges < RANGES
    # when
    for _ in range(20):
        taken = await keep(world, [node])
        if taken is not None and taken.plan.reaches_head:
            break
    # then
    assert world.memory.scanned == world.chain.head
    assert world.stored() == world.on_chain()
    # and when it is read in time
    for _ in range(4):
        await keep(world, [node])
    assert node.ranges == RANGES


@pytest.mark.parametrize(("endpoints", "payments"), [(1, 8), (2, 16)])
async def test_what_no_second_look_had_time_for_is_confirmed_by_the_next_passes(
    world: World, endpoints: int, payments: int
) -> None:
    # given transfers that were read when they were too young, and are old enough now
    world.how = reading(confirmations=100)
    for _ in range(payments):
        world.pay()
    await world.watch()
    assert not world.stored(TransferState.CONFIRMED)
    world.chain.mine(4)
    world.how = reading(longest=0.6 * endpoints)
    nodes = [slowly(world, answers_after=0.05) for _ in range(endpoints)]
    # when
    taken = await keep(world, nodes)
    # then the pass is kept, with what was confirmed in time
    assert taken is not None
    assert taken.trouble is Trouble.NOT_CONFIRMED
    assert taken.plan.reaches_head
    assert 0 < len(world.stored(TransferState.CONFIRMED)) < payments
    # and when
    for _ in range(20):
        taken = await keep(world, nodes)
        if taken is not None and taken.trouble is None:
            break
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()
