"""A second look at transfers before they are confirmed: by the hash of their block, if possible at another endpoint.

A question by range is answered without an error for blocks that a node does not have; one by hash is not (EIP-234).
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from chassis.telemetry import logger

from payment.usdt.evm.models import Transfer
from payment.usdt.evm.rpc import Endpoint, EndpointRefused
from payment.usdt.watch.failures import FAILURES
from payment.usdt.watch.nodes import Node
from payment.usdt.watch.rules import Key, Looked, key_of

log = logger(__name__)

_BLOCKS: Final = 10
"""Oldest, and newest, blocks to look at after one pass. Old ones that stay in doubt do not keep new ones waiting."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one endpoint says of the transfers of a block: which are there, or that another block is in its place."""

    there: frozenset[Key] = frozenset()
    is_replaced: bool = False


async def look_again(nodes: Sequence[Node], transfers: Sequence[Transfer], *, seconds: float) -> Looked:
    """Return which transfers are there, by the first endpoint that has their block.

    What that endpoint does not confirm, the one that the transfers were read from is asked about too. It alone is asked
    about the blocks that are left after so many seconds, for as long; what is left then is for the next pass.

    Args:
        nodes: in the order in which they are asked: last the one that the transfers were read from.
        transfers: in the order of the chain. Those of some blocks are looked at; the next pass looks at more.
    """
    looked, left = Looked(), deque(_by_block(transfers))
    for asked in (nodes, nodes[-1:]) if len(nodes) > 1 else (nodes,):
        try:
            async with asyncio.timeout(seconds):
                while left:
                    looked |= await _look(asked, *left[0])
                    left.popleft()
        except TimeoutError:
            log.warning("second_look_too_slow", hosts=[each.endpoint.host for each in asked])
    return looked | Looked(is_cut_off=bool(left))


async def _look(nodes: Sequence[Node], block: int, those: Mapping[Key, Transfer]) -> Looked:
    asked, transfers = frozenset(those), list(those.values())
    answer = await _first_answer(nodes, block, transfers)
    if answer is None:
        return Looked()
    if answer.there == asked:
        return Looked(confirmed=asked)
    own = await _first_answer(nodes[-1:], block, transfers)
    if own is None or own.is_replaced != answer.is_replaced:
        return Looked(disputed=asked)
    if own.is_replaced:
        return Looked(contradicted=block)
    absent = asked - answer.there
    return Looked(confirmed=answer.there, missing=absent - own.there, disputed=absent & own.there)


def _by_block(transfers: Sequence[Transfer]) -> Iterator[tuple[int, Mapping[Key, Transfer]]]:
    groups = groupby(transfers, key=lambda transfer: (transfer.block, transfer.block_hash))
    blocks = [(number, {key_of(each): each for each in those}) for (number, _), those in groups]
    yield from blocks[:_BLOCKS]
    yield from blocks[_BLOCKS:][-_BLOCKS:]


async def _first_answer(nodes: Sequence[Node], number: int, transfers: Sequence[Transfer]) -> _Answer | None:
    for node in nodes:
        try:
            answer = await _answer(await node.trusted(), number, transfers)
        except FAILURES as error:
            log.warning("second_look_failed", host=node.endpoint.host, error=str(error))
            continue
        if answer is not None:
            return answer
    return None


async def _answer(endpoint: Endpoint, number: int, transfers: Sequence[Transfer]) -> _Answer | None:
    """Return what an endpoint says of the transfers of a block; None if it does not have the block yet.

    Raises:
        EndpointError.
    """
    block = await endpoint.block(number)
    if block is None:
        return None
    if block.hash != transfers[0].block_hash:
        return _Answer(is_replaced=True)
    found = await _in_block(endpoint, transfers)
    return _Answer(frozenset(key_of(each) for each in transfers if each in found))


async def _in_block(endpoint: Endpoint, transfers: Sequence[Transfer]) -> Sequence[Transfer]:
    """Return transfers of a block; from receipts if the endpoint does not find or serve them by the block's hash.

    Raises:
        EndpointError.
    """
    try:
        found = await endpoint.transfers_in(transfers[0].block_hash, [each.recipient for each in transfers])
    except EndpointRefused:
        found = []
    for tx_hash in {each.tx_hash for each in transfers if each not in found}:
        found += await endpoint.transfers_of(tx_hash)
    return found
