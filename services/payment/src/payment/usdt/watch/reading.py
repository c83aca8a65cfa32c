"""One pass over one chain by one endpoint. Reads only; what it means for stored transfers is for `rules`.

Everything is read between two questions for the head. If that is still the block of its number afterwards, nothing
below it has changed meanwhile, and all answers are of the same chain.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from payment.usdt.evm.models import Block, Transfer
from payment.usdt.evm.rpc import Endpoint
from payment.usdt.watch.failures import Behind, Moved
from payment.usdt.watch.headers import Headers, newest_before
from payment.usdt.watch.rules import Key, Known, Memory, Pass, Seen, TransferState, by_key

OVERLAP: Final = 8
WIDE_OVERLAP: Final = 64
"""Blocks that are read again by each pass, at least and at most: nodes answer without the transfers of blocks that they
have not indexed (go-ethereum #24078, erigon #16861)."""

RANGES: Final = 10
"""Maximum ranges of blocks in one pass, each as long as the endpoint accepts; the next pass goes on from there."""
_NEAR: Final = (1, 2, 4, 8, 16, 32, 64)
"""Blocks below the last one to remember after a pass over many, so that a short reorganization stays cheap."""

Addresses = Callable[[], Awaitable[Sequence[bytes]]]
"""Returns the addresses to look for. Called after the head was read: one that is given out later is in no block up to
the head."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a network is read.

    Attributes:
        confirmations: blocks from a transfer's own on until it is final; None for the network's `finalized` block.
        since: time from which on transfers are read, by the first pass.
        oldest_head: an endpoint without news is behind if its head is older than this; None if no age is too much.
        tokens: contracts whose transfers are read; None for all.
        overlap: blocks that are read again at least; up to `wide_overlap` are if that takes no further question.
        longest: seconds for reading by all endpoints together, of which each has an equal part.
    """

    confirmations: int | None
    since: datetime
    oldest_head: datetime | None = None
    tokens: Sequence[bytes] | None = None
    overlap: int = OVERLAP
    wide_overlap: int = WIDE_OVERLAP
    longest: float = 45.0

    def overlap_at(self, endpoint: Endpoint) -> int:
        """Return how many blocks are read again at an endpoint."""
        return max(self.overlap, min(self.wide_overlap, endpoint.log_range // 2))


async def read_pass(
    endpoint: Endpoint, memory: Memory, how: Reading, addresses: Addresses, *, ranges: int = RANGES
) -> Pass:
    """Read the transfers in the blocks that are new, and in some that are not.

    Args:
        ranges: maximum ranges of blocks.

    Raises:
        Moved, Behind, TooDeep.
        EndpointDown, EndpointRefused, EndpointLies.
    """
    head = await endpoint.head()
    if memory.scanned is not None and head.number < memory.scanned:
        raise Behind(f"{endpoint.host}: head {head.number} is below {memory.scanned}")
    headers = Headers(endpoint, head)
    if memory.anchors.get(head.number) == head.hash:
        return await _without_news(endpoint, headers, head, how)
    anchors = memory.anchors or await _first_anchor(endpoint, head, how)
    watched = await addresses()
    read = await _read(endpoint, headers, head, _Task(memory, anchors, how, watched, ranges))
    if await endpoint.block(head.number) != head:
        raise Moved(f"{endpoint.host}: head {head.number} was replaced")
    return read


@dataclass(frozen=True, slots=True)
class _Task:
    memory: Memory
    anchors: Mapping[int, bytes]
    how: Reading
    watched: Sequence[bytes]
    ranges: int


async def _first_anchor(endpoint: Endpoint, head: Block, how: Reading) -> Mapping[int, bytes]:
    start = await newest_before(endpoint, head, how.since)
    return {start.number: start.hash}


async def _without_news(endpoint: Endpoint, headers: Headers, head: Block, how: Reading) -> Pass:
    """Return a pass over nothing, as the head is known. Only the final block may be another one."""
    if how.oldest_head is not None and head.timestamp < how.oldest_head:
        raise Behind(f"{endpoint.host}: no block since {head.number}")
    final = await _final(endpoint, headers, head, head, how.confirmations)
    return Pass(head=head, last=head, final=final, agreed=head.number)


async def _read(endpoint: Endpoint, headers: Headers, head: Block, task: _Task) -> Pass:
    agreed = await headers.newest_of(task.anchors)
    first = max(agreed + 1 - task.how.overlap_at(endpoint), 0)
    last = await headers.at(min(head.number, max(first + task.ranges * endpoint.log_range - 1, agreed + 1)))
    transfers = await endpoint.transfers(task.watched, first, last.number, tokens=task.how.tokens)
    found = await _with_times(headers, [each for each in transfers if each.units], task.memory.times)
    return Pass(
        head=head,
        last=last,
        final=await _final(endpoint, headers, head, last, task.how.confirmations),
        agreed=agreed,
        found=found,
        gone=await _gone(headers, task.memory, found, agreed, last),
        anchors=await _new_anchors(headers, task, found, agreed, last),
    )


async def _with_times(
    headers: Headers, transfers: Sequence[Transfer], times: Mapping[bytes, datetime]
) -> Sequence[Seen]:
    """Return transfers with the times of their blocks, which have to be in the chain of the head."""
    seen = []
    for transfer in transfers:
        headers.link(transfer.block, transfer.block_hash)
        known = times.get(transfer.block_hash)
        seen.append(Seen(transfer, known or (await headers.at(transfer.block)).timestamp))
    return seen


async def _gone(headers: Headers, memory: Memory, found: Sequence[Seen], agreed: int, last: Block) -> frozenset[Key]:
    """Return the stored transfers whose block was replaced, and that are in no block that was read.

    One that is missing while its block is not is kept: the endpoint has not indexed that block.
    """
    elsewhere = by_key(found)
    gone = set()
    for key, known in memory.transfers.items():
        stored = known.transfer
        if key in elsewhere or not _is_in_doubt(known, agreed, last):
            continue
        if await headers.hash_at(stored.block) != stored.block_hash:
            gone.add(key)
    return frozenset(gone)


def _is_in_doubt(known: Known, agreed: int, last: Block) -> bool:
    return known.state is not TransferState.FAILED and agreed < known.transfer.block <= last.number


async def _final(endpoint: Endpoint, headers: Headers, head: Block, last: Block, confirmations: int | None) -> Block:
    """Return the newest block that counts as final, at most `last`."""
    if confirmations is None:
        final = await endpoint.head("finalized")
    else:
        number = max(head.number - confirmations + 1, 0)
        final = last if number >= last.number else await headers.at(number)
    return final if final.number < last.number else last


async def _new_anchors(
    headers: Headers, task: _Task, found: Sequence[Seen], agreed: int, last: Block
) -> Mapping[int, bytes]:
    anchors = {each.transfer.block: each.transfer.block_hash for each in found}
    if not task.memory.anchors:
        anchors |= task.anchors
    if last.number - agreed > _NEAR[-1]:
        near = [last.number - distance for distance in _NEAR if last.number - distance > agreed]
        anchors |= {number: await headers.hash_at(number) for number in near}
    return {**anchors, last.number: last.hash}
