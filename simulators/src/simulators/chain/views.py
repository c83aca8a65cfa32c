"""The part of a chain that an endpoint shows."""

from dataclasses import dataclass
from typing import Any

from simulators.chain.blocks import Block
from simulators.chain.chain import Chain
from simulators.chain.encoding import parse_quantity
from simulators.chain.errors import NotFound


@dataclass(frozen=True, slots=True)
class View:
    """A chain up to the block `head`. Logs are known up to block `indexed`, balances from block `oldest_state` on."""

    chain: Chain
    head: int
    indexed: int
    oldest_state: int

    def number(self, named: Any) -> int:
        """Return the number of a block that is named by a tag or a quantity; it may be above the head.

        Raises:
            NotFound: `finalized` and `safe` are not supported.
            InvalidParams: it is neither.
        """
        if named in ("finalized", "safe"):
            return self._final(named)
        if named in ("latest", "pending"):
            return self.head
        return 0 if named == "earliest" else parse_quantity(named)

    def find(self, number: int) -> Block | None:
        """Return a block; None if it is above the head."""
        return self.chain.block(number) if number <= self.head else None

    def find_by_hash(self, block_hash: bytes) -> Block | None:
        """Return a block; None if it is unknown or above the head."""
        try:
            block = self.chain.block_by_hash(block_hash)
        except LookupError:
            return None
        return block if block.number <= self.head else None

    def _final(self, tag: str) -> int:
        blocks = self.chain.finality
        if blocks is None:
            raise NotFound(f"{tag} block not found")
        return max(0, self.head - (blocks if tag == "finalized" else blocks // 2))
