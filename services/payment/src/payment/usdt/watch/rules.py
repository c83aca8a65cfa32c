"""What a pass over a chain changes: transfers that are new, moved, gone or confirmed, and the blocks to remember.

Pure: no database, no network, no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from payment.usdt.evm.models import Block, Transfer

ANCHORS: Final = 256
"""Blocks that are remembered. One is remembered for each pass, and one for each block with transfers."""
UNPROVEN: Final = 256
"""Blocks after which a transfer that no second look has found is gone. If it is not, its address's balance shows it."""


class TransferState(StrEnum):
    """State of a transfer. `failed`: its block is no longer of the chain; it may come back in another one."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class TransferKind(StrEnum):
    """What was transferred: USDT, some other token, or USDT that staff sent back."""

    USDT = "usdt"
    OTHER_TOKEN = "other_token"  # noqa: S105  # a token on a chain
    REFUND = "refund"


class Settled(StrEnum):
    """What became of the money of a confirmed transfer: it paid, waits for a person's decision, or is dust."""

    PAID = "paid"
    KEPT = "kept"
    IGNORED = "ignored"


class Trouble(StrEnum):
    """Why a network cannot be read, or what is wrong with what was read.

    Attributes:
        NO_ENDPOINT: none is configured, or no key decrypts them.
        PRIVATE: the endpoint has an address of the platform's own network, and is not connected to.
        WRONG_CHAIN: the endpoint serves another network.
        BEHIND: the endpoint has older blocks than were read before, or has had no new one for long.
        MOVED: the chain changed while it was read.
        TOO_DEEP: none of the blocks that were remembered is in the chain.
        NOT_CONFIRMED: transfers are old enough, but the second look does not find them.
        BALANCE_DIFFERS: an address has another balance than its transfers add up to.
        FAILED: an error of this program.
    """

    NO_ENDPOINT = "no_endpoint"
    PRIVATE = "endpoint_private"
    DOWN = "endpoint_down"
    REFUSED = "endpoint_refused"
    LIES = "endpoint_lies"
    WRONG_CHAIN = "wrong_chain"
    BEHIND = "behind"
    MOVED = "moved"
    TOO_DEEP = "too_deep"
    NOT_CONFIRMED = "not_confirmed"
    BALANCE_DIFFERS = "balance_differs"
    FAILED = "failed"


Key = tuple[bytes, int]
"""Identity of a transfer on its chain: hash of the transaction and log index."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A transfer that a pass found, and the time of its block."""

    transfer: Transfer
    block_time: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """A transfer as it is stored."""

    transfer: Transfer
    block_time: datetime
    state: TransferState


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier passes found out about a chain.

    Attributes:
        anchors: hashes by number of blocks that passes were built on; empty before the first pass.
        transfers: all that are pending, and all from the oldest anchor on.
        scanned: last block whose transfers were read; `confirmed` is the last block that counts as final.
    """

    anchors: Mapping[int, bytes] = field(default_factory=dict)
    transfers: Mapping[Key, Known] = field(default_factory=dict)
    scanned: int | None = None
    confirmed: int | None = None

    @property
    def times(self) -> Mapping[bytes, datetime]:
        """Return the times of the blocks with transfers, by hash."""
        return {each.transfer.block_hash: each.block_time for each in self.transfers.values()}


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass read, from one endpoint, of one chain that did not change meanwhile.

    Attributes:
        head: the newest block of the endpoint.
        last: up to here transfers were read; not `head` if there are too many blocks for one pass.
        final: the newest block that counts as final, at most `last`.
        agreed: number of the newest anchor that is still in the chain.
        gone: stored transfers whose block was replaced by another, unless they were found elsewhere.
        anchors: further blocks to remember.
    """

    head: Block
    last: Block
    final: Block
    agreed: int
    found: Sequence[Seen] = ()
    gone: frozenset[Key] = frozenset()
    anchors: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a second look at transfers that are old enough found.

    Attributes:
        confirmed: those that are there.
        missing: those that are not, though their block is.
        disputed: those of which endpoints say different things.
        contradicted: lowest number of a block that another one has replaced; None if there is none.
        is_cut_off: whether there was no time for some.
    """

    confirmed: frozenset[Key] = frozenset()
    missing: frozenset[Key] = frozenset()
    disputed: frozenset[Key] = frozenset()
    contradicted: int | None = None
    is_cut_off: bool = False

    @property
    def leaves_doubt(self) -> bool:
        """Return whether something was not confirmed that should have been."""
        return bool(self.missing or self.disputed or self.is_cut_off) or self.contradicted is not None

    def __or__(self, other: "Looked") -> "Looked":
        """Return what two looks at different blocks found."""
        contradicted = [each.contradicted for each in (self, other) if each.contradicted is not None]
        return Looked(
            confirmed=self.confirmed | other.confirmed,
            missing=self.missing | other.missing,
            disputed=self.disputed | other.disputed,
            contradicted=min(contradicted, default=None),
            is_cut_off=self.is_cut_off or other.is_cut_off,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be stored after a pass.

    Attributes:
        final: the new last block that counts as final; None if it stays.
        news: transfers that are new, came back or are in another block; they are pending.
        failed: transfers that are gone, or that nothing proves; `lost` are those of them that had been confirmed.
        forgotten: numbers of anchors to remove, before `anchors` are added.
    """

    head: Block
    scanned: Block
    final: Block | None
    news: Sequence[Seen]
    failed: frozenset[Key]
    lost: frozenset[Key]
    confirmed: frozenset[Key]
    forgotten: frozenset[int]
    anchors: Mapping[int, bytes]

    @property
    def reaches_head(self) -> bool:
        """Return whether nothing is left to read."""
        return self.scanned.number == self.head.number


def key_of(transfer: Transfer) -> Key:
    """Return the identity of a transfer. A transaction's hash alone is none: it may contain several transfers."""
    return transfer.tx_hash, transfer.log_index


def by_key(seen: Iterable[Seen]) -> dict[Key, Seen]:
    """Return transfers by their identity."""
    return {key_of(each.transfer): each for each in seen}


def due(memory: Memory, read: Pass) -> Sequence[Transfer]:
    """Return the transfers that are old enough to be confirmed and are not, in the order of the chain."""
    waiting = {
        key: known.transfer
        for key, known in memory.transfers.items()
        if known.state is TransferState.PENDING and key not in read.gone
    }
    waiting |= {key: each.transfer for key, each in _news(memory, read).items()}
    old = [each for each in waiting.values() if each.block <= read.final.number]
    return sorted(old, key=lambda transfer: (transfer.block, transfer.log_index))


def plan(memory: Memory, read: Pass, looked: Looked) -> Plan:
    """Return what a pass and the second look after it change."""
    kept = _anchors(memory, read, looked.contradicted)
    unchanged = {number for number, block_hash in memory.anchors.items() if kept.get(number) == block_hash}
    return Plan(
        head=read.head,
        scanned=read.last,
        final=_final(memory, read),
        news=list(_news(memory, read).values()),
        failed=read.gone | _unproven(memory, read, looked),
        lost=frozenset(key for key in read.gone if memory.transfers[key].state is TransferState.CONFIRMED),
        confirmed=looked.confirmed,
        forgotten=frozenset(memory.anchors.keys() - unchanged),
        anchors={number: block_hash for number, block_hash in kept.items() if number not in unchanged},
    )


def _news(memory: Memory, read: Pass) -> Mapping[Key, Seen]:
    """Return the transfers that are not stored as they were found."""
    return {key: each for key, each in by_key(read.found).items() if _is_news(memory.transfers.get(key), each)}


def _is_news(known: Known | None, seen: Seen) -> bool:
    return known is None or known.state is TransferState.FAILED or known.transfer != seen.transfer


def _unproven(memory: Memory, read: Pass, looked: Looked) -> frozenset[Key]:
    stored = {key: memory.transfers[key].transfer for key in looked.missing if key in memory.transfers}
    return frozenset(key for key, each in stored.items() if each.block <= read.final.number - UNPROVEN)


def _final(memory: Memory, read: Pass) -> Block | None:
    """Return the new last final block; it goes back only if blocks were replaced that counted as final."""
    before = memory.confirmed
    return read.final if before is None or read.final.number > before or read.agreed < before else None


def _anchors(memory: Memory, read: Pass, contradicted: int | None) -> dict[int, bytes]:
    """Return the anchors to keep. After a contradiction the next pass reads from below that block again."""
    still = {number: block_hash for number, block_hash in memory.anchors.items() if number <= read.agreed}
    kept = still | dict(read.anchors)
    if contradicted is not None:
        below = {number: block_hash for number, block_hash in kept.items() if number < contradicted}
        kept = below or {min(kept): kept[min(kept)]}
    return {number: kept[number] for number in sorted(kept)[-ANCHORS:]}
