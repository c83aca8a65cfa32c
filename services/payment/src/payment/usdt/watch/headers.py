"""Headers that one pass read: each refers to the block before it, so they show whether all are of the same chain."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from payment.usdt.evm.models import Block
from payment.usdt.evm.rpc import Endpoint
from payment.usdt.watch.failures import Moved, TooDeep

MARGIN: Final = timedelta(minutes=10)
"""By which a search for a block begins before a moment of the server's clock: times of blocks are not exact, and the
blocks since then have to be more than a reorganization replaces."""

_FIRST_STEP: Final = 64


class Headers:
    """The blocks that a pass knows, of one endpoint. Two different ones of the same number are of different chains."""

    def __init__(self, endpoint: Endpoint, head: Block) -> None:
        self._endpoint = endpoint
        self._blocks: dict[int, Block] = {}
        self._hashes: dict[int, bytes] = {}
        self.take(head)

    def take(self, block: Block) -> None:
        """Add a header, and what it says of the block before it.

        Raises:
            Moved: it does not fit the others.
        """
        self.link(block.number, block.hash)
        if block.number:
            self.link(block.number - 1, block.parent_hash)
        self._blocks[block.number] = block

    def link(self, number: int, block_hash: bytes) -> None:
        """Add a hash that is known from elsewhere, such as a transfer in the block.

        Raises:
            Moved: another one is known.
        """
        if self._hashes.setdefault(number, block_hash) != block_hash:
            raise Moved(f"{self._endpoint.host}: two blocks {number}")

    async def at(self, number: int) -> Block:
        """Return a header, asked for unless it is known.

        Raises:
            Moved, EndpointError.
        """
        if number not in self._blocks:
            self.take(await require_block(self._endpoint, number))
        return self._blocks[number]

    async def hash_at(self, number: int) -> bytes:
        """Return the hash of a block, asked for unless it is known.

        Raises:
            Moved, EndpointError.
        """
        known = self._hashes.get(number)
        return (await self.at(number)).hash if known is None else known

    async def newest_of(self, anchors: Mapping[int, bytes]) -> int:
        """Return the number of the newest anchor that is in the chain. If one is, all older ones are.

        Few questions are asked if it is one of the newest, and a logarithmic number otherwise.

        Raises:
            TooDeep: none is.
            Moved, EndpointError.
        """
        numbers = sorted(anchors)
        replaced, step = len(numbers), 1
        while not await self._is_in_chain(numbers[holds := max(replaced - step, 0)], anchors):
            if holds == 0:
                raise TooDeep(f"{self._endpoint.host}: block {numbers[0]} is another one")
            replaced, step = holds, step * 2
        while replaced - holds > 1:
            middle = (holds + replaced) // 2
            if await self._is_in_chain(numbers[middle], anchors):
                holds = middle
            else:
                replaced = middle
        return numbers[holds]

    async def _is_in_chain(self, number: int, anchors: Mapping[int, bytes]) -> bool:
        return await self.hash_at(number) == anchors[number]


async def require_block(endpoint: Endpoint, number: int) -> Block:
    """Return a block that the endpoint should have, as it has a newer one.

    Raises:
        Moved: it has none.
        EndpointError.
    """
    block = await endpoint.block(number)
    if block is None:
        raise Moved(f"{endpoint.host}: no block {number}")
    return block


async def newest_before(endpoint: Endpoint, head: Block, moment: datetime) -> Block:
    """Return the newest block that is not after a moment; the first block if all are.

    Asks about twice as often as the number of blocks since then has binary digits.

    Raises:
        Moved, EndpointError.
    """
    before = after = head
    step = _FIRST_STEP
    while before.timestamp > moment and before.number > 0:
        after, before = before, await require_block(endpoint, max(before.number - step, 0))
        step *= 2
    while after.number - before.number > 1:
        middle = await require_block(endpoint, (before.number + after.number) // 2)
        if middle.timestamp > moment:
            after = middle
        else:
            before = middle
    return before
