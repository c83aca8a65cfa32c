"""A chain of blocks that grows and is reorganised on demand."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from simulators.chain.blocks import Block
from simulators.chain.transfers import FAUCET, Token, Transaction, Transfer

_NUMBER_BYTES = 8
_STARTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Chain:
    """Blocks 0 to `head`, of which only those with transactions take memory.

    A block's hash is made from its number and transactions: a chain with the same arguments has the same empty blocks,
    also after a restart. It ends with the number, by which a block is found again.

    Args:
        block_seconds: between two blocks.
        finality: how many blocks `finalized` is behind the head; None if that tag is not supported.
        started_at: time of block 0, in whole seconds.
        head: number of the first head.
        salt: makes hashes of transactions differ from those of another chain.
    """

    def __init__(
        self,
        chain_id: int = 31337,
        block_seconds: int = 12,
        *,
        finality: int | None = 64,
        started_at: datetime = _STARTED_AT,
        head: int = 0,
        salt: bytes = b"",
    ) -> None:
        self.chain_id = chain_id
        self.block_seconds = block_seconds
        self.finality = finality
        self.tokens: dict[bytes, Token] = {}
        self.pending: list[Transaction] = []
        self._started_at = started_at
        self._head = head
        self._salt = salt
        self._sent = 0
        self._transactions: dict[int, tuple[Transaction, ...]] = {}
        self._mined_in: dict[bytes, int] = {}
        self._hurried: list[int] = []
        self._reorganised: list[range] = []

    @property
    def head(self) -> int:
        """Return the number of the newest block."""
        return self._head

    def token(self, address: bytes, decimals: int = 6, name: str = "USDT") -> Token:
        """Deploy a token, or replace it."""
        token = self.tokens[address] = Token(address, decimals, name)
        return token

    def send(self, token: bytes, to: bytes, units: int, sender: bytes | None = None) -> bytes:
        """Make one transfer, mined with the next block, and return the hash of its transaction.

        Raises:
            ValueError: see `Transfer`.
        """
        return self.batch([Transfer(token, to, units, sender or FAUCET)])

    def batch(self, transfers: Iterable[Transfer], *, reverted: bool = False) -> bytes:
        """Make several transfers in one transaction, mined with the next block, and return its hash.

        Raises:
            ValueError: there are no transfers.
        """
        if not (moved := tuple(transfers)):
            raise ValueError("a transaction has at least one transfer")
        self._sent += 1
        transaction_hash = sha256(repr((self.chain_id, self._salt, self._sent)).encode()).digest()
        self.pending.append(Transaction(transaction_hash, moved, reverted))
        return transaction_hash

    def mine(self, n: int = 1, *transfers: Transfer, hurried: bool = False) -> None:
        """Append `n` blocks. The first has `transfers`, each in its own transaction, and what is pending.

        Args:
            hurried: the blocks have the time of the block before them.

        Raises:
            ValueError: `n` is negative.
        """
        if n < 0:
            raise ValueError("blocks are only removed by a reorganisation")
        for transfer in transfers:
            self.batch([transfer])
        first = self._head + 1
        self._head += n
        if hurried:
            self._hurried += range(first, self._head + 1)
        if n:
            self._include(first, self.pending)
            self.pending = []

    def mine_until(self, moment: datetime) -> None:
        """Append blocks up to the last one that is not later than `moment`."""
        late = moment - self.time(self._head)
        self.mine(max(0, late // timedelta(seconds=self.block_seconds)))

    def reorg(self, depth: int, *, keep: bool) -> None:
        """Replace the newest `depth` blocks by other ones, and add one.

        Args:
            keep: their transactions are mined again, at least one block later; otherwise they are dropped.

        Raises:
            ValueError: there are not that many blocks above block 0.
        """
        if not 0 < depth <= self._head:
            raise ValueError(f"{depth} blocks cannot be replaced")
        first = self._head - depth + 1
        dropped = self._drop(first)
        if keep:
            self.pending = dropped + self.pending
        self._reorganised.append(range(first, self._head + 1))
        self._head = first
        self.mine(depth)

    def time(self, number: int) -> datetime:
        """Return the time of a block."""
        unhurried = number - bisect_right(self._hurried, number)
        return self._started_at + timedelta(seconds=self.block_seconds * unhurried)

    def block(self, number: int) -> Block:
        """Return a block.

        Raises:
            LookupError: there is no such block.
        """
        if not 0 <= number <= self._head:
            raise LookupError(number)
        parent = self._hash(number - 1) if number else bytes(32)
        return Block(number, self._hash(number), parent, self.time(number), tuple(self._transactions.get(number, ())))

    def block_by_hash(self, block_hash: bytes) -> Block:
        """Return a block.

        Raises:
            LookupError: there is no such block, perhaps no longer.
        """
        block = self.block(int.from_bytes(block_hash[-_NUMBER_BYTES:], "big"))
        if block.hash != block_hash:
            raise LookupError(block_hash)
        return block

    def paying_blocks(self, first: int, last: int) -> Iterator[Block]:
        """Return the blocks with transactions from `first` to `last`, oldest first."""
        return (self.block(number) for number in sorted(self._transactions) if first <= number <= last)

    def block_of(self, transaction_hash: bytes) -> Block:
        """Return the block with a transaction.

        Raises:
            LookupError: it is not mined.
        """
        return self.block(self._mined_in[transaction_hash])

    def balance(self, token: bytes, holder: bytes, number: int) -> int:
        """Return the units of a token that `holder` has after block `number`; 0 if more went than came."""
        moved = (log.transfer for block in self.paying_blocks(0, number) for log in block.logs())
        own = [each for each in moved if each.token == token]
        came = sum(each.units for each in own if each.to == holder)
        went = sum(each.units for each in own if each.sender == holder)
        return max(0, came - went)

    def _include(self, number: int, transactions: Sequence[Transaction]) -> None:
        if transactions:
            self._transactions[number] = tuple(transactions)
            self._mined_in |= {each.hash: number for each in transactions}

    def _drop(self, first: int) -> list[Transaction]:
        """Remove the transactions of block `first` and all later ones, and return them."""
        numbers = sorted(number for number in self._transactions if number >= first)
        dropped = [each for number in numbers for each in self._transactions.pop(number)]
        for each in dropped:
            del self._mined_in[each.hash]
        return dropped

    def _hash(self, number: int) -> bytes:
        times = sum(number in each for each in self._reorganised)
        hashes = [each.hash for each in self._transactions.get(number, ())]
        digest = sha256(repr((self.chain_id, number, times, hashes)).encode()).digest()
        return digest[:-_NUMBER_BYTES] + number.to_bytes(_NUMBER_BYTES, "big")
