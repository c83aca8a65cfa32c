"""What is asked of a node of an EVM network. Source: execution-apis (JSON-RPC), EIP-234, ERC-20."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from payment.usdt.evm.jsonrpc import (
    BatchRefused,
    EndpointDown,
    EndpointError,
    EndpointFloods,
    EndpointLies,
    EndpointPrivate,
    EndpointRefused,
    JsonRpc,
)
from payment.usdt.evm.models import TRANSFER, WORD, Block, Data, Log, Quantity, Receipt, Transfer, as_transfer, padded

__all__ = ["Endpoint", "EndpointDown", "EndpointError", "EndpointLies", "EndpointPrivate", "EndpointRefused"]

RECIPIENTS: Final = 1000
"""Maximum recipients in one question. Source: go-ethereum, topics per position of a filter."""

BATCH: Final = 100
"""Calls in one batch, until the endpoint refuses that many."""

_BALANCE_OF: Final = bytes.fromhex("70a08231")
_DECIMALS: Final = bytes.fromhex("313ce567")
_MOST_DECIMALS: Final = 255

_T = TypeVar("_T")
_BLOCK: Final[TypeAdapter[Block | None]] = TypeAdapter(Block | None)
_LOGS: Final[TypeAdapter[list[Log]]] = TypeAdapter(list[Log])
_RECEIPT: Final[TypeAdapter[Receipt | None]] = TypeAdapter(Receipt | None)
_QUANTITY: Final[TypeAdapter[int]] = TypeAdapter(Quantity)
_DATA: Final[TypeAdapter[bytes]] = TypeAdapter(Data)

# Codes and wordings of Alchemy, Ankr, BNB Chain, dRPC, Erigon, go-ethereum, Infura, PublicNode, QuickNode, Reth and
# Tenderly. -32602 and -32000 also stand for questions that a smaller range does not mend.
_LIMIT_CODES: Final = frozenset({-32005, -32602, -32614, 35})
_LIMITS: Final = re.compile(
    r"range|more than|exceed|limit|too (?:many|large|big|wide|long)|time.?out|timed out|deadline"
)
_NO_LIMIT: Final = re.compile(r"head block|beyond|unknown block|not found|topics|personal token|specify an address")


class Endpoint(JsonRpc):
    """A node of one network, or a provider's many behind one address.

    Every question raises `EndpointDown`, `EndpointRefused` (an error of JSON-RPC) or `EndpointLies` (an answer that is
    none to the question).

    Args:
        url: with http or https. It may contain a key; only its host is ever shown.
        http: the caller closes it.
        log_range: maximum blocks in one question about transfers. The attribute becomes smaller when the endpoint
            refuses that many.

    Attributes:
        calls: number of requests sent; a batch is one.

    Raises:
        ValueError: the URL or the range cannot be used.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, *, log_range: int) -> None:
        super().__init__(url, http)
        if log_range < 1:
            raise ValueError("a range has at least one block")
        self.log_range = log_range
        self._batch = BATCH

    async def chain_id(self) -> int:
        """Return the network's number (EIP-155)."""
        return await self._ask(_QUANTITY, "eth_chainId")

    async def head(self, tag: str = "latest") -> Block:
        """Return the newest block, or the newest that is `finalized`."""
        found = await self.block(tag)
        if found is None:
            raise self._lies(f"no {tag} block")
        return found

    async def block(self, number: int | str) -> Block | None:
        """Return the block with a number or a tag; None if the node has none."""
        at = number if isinstance(number, str) else hex(number)
        found = await self._ask(_BLOCK, "eth_getBlockByNumber", at, False)
        if found is not None and isinstance(number, int) and found.number != number:
            raise self._lies("another block than asked")
        return found

    async def block_by_hash(self, block_hash: bytes) -> Block | None:
        """Return the block with a hash; None if the node has none. It need not be in the chain of the head."""
        found = await self._ask(_BLOCK, "eth_getBlockByHash", _hex(block_hash), False)
        if found is not None and found.hash != block_hash:
            raise self._lies("another block than asked")
        return found

    async def transfers(
        self, recipients: Sequence[bytes], first: int, last: int, *, tokens: Sequence[bytes] | None = None
    ) -> list[Transfer]:
        """Return the transfers to `recipients` in the blocks from `first` to `last`, in the order of the chain.

        A node may leave out, without an error, the blocks that it does not have yet.

        Args:
            tokens: contracts to look at; None for all, so that other tokens are seen too.
        """
        if tokens is not None and not tokens:
            return []
        contracts = {} if tokens is None else {"address": [_hex(token) for token in tokens]}
        found: list[Transfer] = []
        for group in _groups(recipients):
            found += await self._transfers_in_range(group, first, last, contracts)
        if tokens is not None and not {each.token for each in found} <= set(tokens):
            raise self._lies("transfers of other tokens")
        return sorted(found, key=_order)

    async def transfers_in(self, block_hash: bytes, recipients: Sequence[bytes]) -> list[Transfer]:
        """Return the transfers to `recipients` in one block. A block that the node does not know is refused."""
        found: list[Transfer] = []
        for group in _groups(recipients):
            found += await self._transfers(group, {"blockHash": _hex(block_hash)})
        if any(each.block_hash != block_hash for each in found):
            raise self._lies("transfers of another block")
        return sorted(found, key=_order)

    async def transfers_of(self, tx_hash: bytes) -> list[Transfer]:
        """Return all transfers of a transaction; none if it is unknown, pending or reverted."""
        receipt = await self._ask(_RECEIPT, "eth_getTransactionReceipt", _hex(tx_hash))
        if receipt is None:
            return []
        if {receipt.transaction_hash, *(log.transaction_hash for log in receipt.logs)} != {tx_hash}:
            raise self._lies("another transaction than asked")
        return _transfers_among(receipt.logs) if receipt.status else []

    async def balance_of(self, token: bytes, holder: bytes, block: int) -> int:
        """Return the balance after a block in the smallest unit. Most nodes only know the last 128 blocks."""
        return self._number(await self.call("eth_call", *_balance_call(token, holder, block)))

    async def balances(self, token: bytes, holders: Sequence[bytes], block: int) -> list[int]:
        """Return the balances of several holders after a block, in their order, by as few requests as it takes."""
        found: list[int] = []
        while len(found) < len(holders):
            part = holders[len(found) : len(found) + self._batch]
            try:
                found += await self._balances(token, part, block)
            except BatchRefused:
                self._batch = len(part) // 2
        return found

    async def decimals(self, token: bytes) -> int:
        """Return the decimals of a token."""
        decimals = self._number(await self.call("eth_call", {"to": _hex(token), "data": _hex(_DECIMALS)}, "latest"))
        if decimals > _MOST_DECIMALS:
            raise self._lies("more decimals than a token can have")
        return decimals

    async def _balances(self, token: bytes, holders: Sequence[bytes], block: int) -> list[int]:
        if len(holders) == 1:
            return [await self.balance_of(token, holders[0], block)]
        answers = await self.batch("eth_call", [_balance_call(token, holder, block) for holder in holders])
        return [self._number(answer) for answer in answers]

    async def _transfers_in_range(
        self, recipients: Sequence[bytes], first: int, last: int, contracts: Mapping[str, Any]
    ) -> list[Transfer]:
        found: list[Transfer] = []
        blocks = self.log_range
        while first <= last:
            end = min(first + blocks - 1, last)
            try:
                part = await self._transfers(recipients, {"fromBlock": hex(first), "toBlock": hex(end), **contracts})
            except EndpointError as refusal:
                if end == first or not _is_too_much(refusal):
                    raise
                blocks = (end - first + 1) // 2
                continue
            if not all(first <= each.block <= end for each in part):
                raise self._lies("transfers of other blocks")
            self.log_range = blocks
            found += part
            first = end + 1
        return found

    async def _transfers(self, recipients: Sequence[bytes], where: Mapping[str, Any]) -> list[Transfer]:
        topics = [_hex(TRANSFER), None, [_hex(padded(each)) for each in recipients]]
        logs = await self._ask(_LOGS, "eth_getLogs", {**where, "topics": topics})
        found = _transfers_among(logs)
        if not {each.recipient for each in found} <= set(recipients):
            raise self._lies("transfers to others")
        return found

    async def _ask(self, adapter: TypeAdapter[_T], method: str, *params: Any) -> _T:
        return self._fitted(adapter, await self.call(method, *params), method)

    def _number(self, answer: Any) -> int:
        data = self._fitted(_DATA, answer, "eth_call")
        if len(data) != WORD:
            raise self._lies("not a number of a contract")
        return int.from_bytes(data, "big")

    def _fitted(self, adapter: TypeAdapter[_T], answer: Any, method: str) -> _T:
        try:
            return adapter.validate_python(answer)
        except ValidationError:
            raise self._lies(f"unreadable answer to {method}") from None

    def _lies(self, what: str) -> EndpointLies:
        return EndpointLies(f"{self.host}: {what}")


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"


def _balance_call(token: bytes, holder: bytes, block: int) -> tuple[Mapping[str, str], str]:
    return {"to": _hex(token), "data": _hex(_BALANCE_OF + padded(holder))}, hex(block)


def _groups(recipients: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the distinct recipients in groups, of which none is empty: that would ask for all transfers."""
    distinct = list(dict.fromkeys(recipients))
    for start in range(0, len(distinct), RECIPIENTS):
        yield distinct[start : start + RECIPIENTS]


def _transfers_among(logs: Sequence[Log]) -> list[Transfer]:
    return [transfer for log in logs if (transfer := as_transfer(log))]


def _order(transfer: Transfer) -> tuple[int, int]:
    return transfer.block, transfer.log_index


def _is_too_much(refusal: EndpointError) -> bool:
    """Return whether fewer blocks may be accepted."""
    if not isinstance(refusal, EndpointRefused):
        return isinstance(refusal, EndpointFloods)
    message = refusal.message.lower()
    if _NO_LIMIT.search(message):
        return False
    return refusal.code in _LIMIT_CODES or _LIMITS.search(message) is not None
