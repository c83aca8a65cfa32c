"""A pass by the first endpoint that can be read, and the second look after it. Knows no database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from chassis.telemetry import logger

from payment.usdt.evm.rpc import EndpointDown
from payment.usdt.watch.failures import FAILURES, NotRead, trouble_of
from payment.usdt.watch.nodes import Node
from payment.usdt.watch.reading import Addresses, Reading, read_pass
from payment.usdt.watch.rules import Memory, Pass, Plan, Trouble, due, plan
from payment.usdt.watch.second_look import look_again

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A pass that was made.

    Attributes:
        endpoint: index of the one that it was read from.
        trouble: what is wrong nevertheless; None if nothing is.
    """

    plan: Plan
    endpoint: int
    trouble: Trouble | None


async def take_pass(
    nodes: Sequence[Node], memory: Memory, how: Reading, addresses: Addresses, *, begin_with: int = 0
) -> Taken:
    """Read a chain and return what is to be stored. Each pass is read from one endpoint: others may be of other blocks.

    Each endpoint has its part of the time, so that one that is slow leaves enough for the next.

    Args:
        begin_with: index of the endpoint to try first.

    Raises:
        NotRead: no endpoint could be read.
    """
    troubles, seconds = [], how.longest / max(len(nodes), 1)
    for index in _from(begin_with, len(nodes)):
        try:
            read = await _read(nodes[index], memory, how, addresses, seconds)
        except FAILURES as error:
            troubles.append(trouble_of(error))
            log.warning("chain_not_read", host=nodes[index].endpoint.host, trouble=troubles[-1], error=str(error))
            continue
        return await _checked(nodes, index, memory, read, seconds)
    raise NotRead(troubles)


async def _read(node: Node, memory: Memory, how: Reading, addresses: Addresses, seconds: float) -> Pass:
    """Return what `read_pass` does. The endpoint's next pass is shorter if it takes longer than so many seconds.

    After one that takes less than half of them the next may be longer.

    Raises:
        PassFailed.
        EndpointError: also if it takes longer than so many seconds.
    """
    began = monotonic()
    try:
        async with asyncio.timeout(seconds):
            read = await read_pass(await node.trusted(), memory, how, addresses, ranges=node.ranges)
    except TimeoutError:
        node.read_less()
        raise EndpointDown(f"{node.endpoint.host}: a pass takes too long") from None
    if monotonic() - began < seconds / 2:
        node.read_more()
    return read


async def _checked(nodes: Sequence[Node], index: int, memory: Memory, read: Pass, seconds: float) -> Taken:
    others_first = [nodes[each] for each in _from(index + 1, len(nodes))]
    looked = await look_again(others_first, due(memory, read), seconds=seconds)
    return Taken(plan(memory, read, looked), index, Trouble.NOT_CONFIRMED if looked.leaves_doubt else None)


def _from(start: int, count: int) -> Sequence[int]:
    return [(start + offset) % count for offset in range(count)]
