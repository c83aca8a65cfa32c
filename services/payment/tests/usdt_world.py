"""A chain with two unreliable endpoints, watched without a database; what the watcher stores is kept in memory."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import httpx
from payment.usdt.evm.models import Transfer as StoredTransfer
from payment.usdt.evm.rpc import Endpoint as Client
from payment.usdt.watch import rules
from payment.usdt.watch.failures import NotRead
from payment.usdt.watch.nodes import Node
from payment.usdt.watch.passes import Taken, take_pass
from payment.usdt.watch.reading import Reading
from payment.usdt.watch.rules import Known, Memory, Plan, TransferState
from simulators.chain import Chain, Endpoint, Transfer
from simulators.chain.blocks import Log, log_body
from simulators.chain.testing import hosts
from simulators.chain.transfers import Transaction

USDT: Final = bytes.fromhex("11" * 20)
OTHER: Final = bytes.fromhex("22" * 20)
CHAIN_ID: Final = 31337
STARTED_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
NAMES: Final = ("main", "backup")

Content = tuple[bytes, bytes, int, bytes]
"""Token, recipient, units and block hash of a transfer."""


def address(number: int) -> bytes:
    """Return an address that belongs to no other number."""
    return bytes.fromhex("a0") + number.to_bytes(19, "big")


def content(transfer: StoredTransfer) -> Content:
    """Return what tells a transfer from others, in the block that it is in."""
    return transfer.token, transfer.recipient, transfer.units, transfer.block_hash


def after(memory: Memory, plan: Plan) -> Memory:
    """Return what is stored once a plan is, as the database does it."""
    transfers = dict(memory.transfers)
    for key in plan.failed:
        transfers[key] = replace(transfers[key], state=TransferState.FAILED)
    for seen in plan.news:
        transfers[rules.key_of(seen.transfer)] = Known(seen.transfer, seen.block_time, TransferState.PENDING)
    for key in plan.confirmed:
        transfers[key] = replace(transfers[key], state=TransferState.CONFIRMED)
    kept = {number: block for number, block in memory.anchors.items() if number not in plan.forgotten}
    confirmed = memory.confirmed if plan.final is None else plan.final.number
    return Memory({**kept, **plan.anchors}, transfers, scanned=plan.scanned.number, confirmed=confirmed)


@dataclass
class World:
    """A chain, two endpoints, the addresses that were given out, and what the watcher knows.

    Attributes:
        how: how the network is read.
        phantoms: logs that the main endpoint returns for ranges although the chain does not have them.
        before_request: called before each request of a pass, see `before`.
        during_pass: called by the next pass between head and addresses.
        addresses_first: whether the addresses are read before the head, which is wrong.
    """

    how: Reading
    chain: Chain = field(default_factory=lambda: Chain(CHAIN_ID, started_at=STARTED_AT, finality=8, head=3))
    log_range: int = 100
    memory: Memory = field(default_factory=Memory)
    given: list[bytes] = field(default_factory=list)
    phantoms: list[Log] = field(default_factory=list)
    before_request: Callable[[int], None] = lambda _: None
    during_pass: Callable[[], None] = lambda: None
    addresses_first: bool = False
    begin_with: int = 0

    def __post_init__(self) -> None:
        self.chain.token(USDT)
        self.main, self.backup = Endpoint(self.chain), Endpoint(self.chain)
        self._inner = hosts({"main.test": self.main, "backup.test": self.backup})
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle))
        self.clients = [Client(f"http://{name}.test/", self.http, log_range=self.log_range) for name in NAMES]
        self.nodes = [Node(client, CHAIN_ID) for client in self.clients]
        self._requests = 0
        self._units = count(1)
        self.give_out()

    # --- the chain

    def give_out(self, addresses: int = 1) -> None:
        """Give out addresses that were not given out before."""
        self.given += [address(len(self.given) + number) for number in range(addresses)]

    def transfer(self, number: int = 0, token: bytes = USDT) -> Transfer:
        """Return a transfer of an amount of its own to one of the addresses."""
        return Transfer(token, self.given[number % len(self.given)], next(self._units))

    def pay(self, number: int = 0) -> None:
        """Mine a block with a transfer to one of the addresses."""
        self.chain.mine(1, self.transfer(number))

    def pay_out(self, number: int) -> None:
        """Mine a block in which one transaction pays several, in two tokens, as an exchange does."""
        several = [self.transfer(number), self.transfer(number + 1, OTHER), self.transfer(number + 1)]
        self.chain.batch(several)
        self.chain.mine()

    def haunt(self) -> None:
        """Let the main endpoint return a transfer in the newest block that the chain does not have."""
        transfer = self.transfer()
        transaction = Transaction(b"phantom!" + transfer.units.to_bytes(24, "big"), (transfer,))
        self.phantoms.append(Log(self.chain.block(self.chain.head), transaction, 0, 100, transfer))

    def calm(self) -> None:
        """End all faults, and what the process has learnt about endpoints."""
        self.phantoms.clear()
        self.before_request, self.during_pass = lambda _: None, lambda: None
        self.main.chain = self.chain
        for each in (self.main, self.backup):
            each.down = each.throttled = False
            each.lag = each.forgets = 0
            each.log_range = each.lies = None
        for client in self.clients:
            client.log_range = self.log_range

    def on_chain(self) -> set[Content]:
        """Return the transfers to addresses that were given out. No two are of the same amount."""
        return {
            (log.transfer.token, log.transfer.to, log.transfer.units, block.hash)
            for block in self.chain.paying_blocks(0, self.chain.head)
            for log in block.logs()
            if log.transfer.to in self.given and log.transfer.units
        }

    def before(self, number: int, happens: Callable[[], None]) -> None:
        """Let something happen before a request of the next pass, counted from 1."""
        self._requests = 0

        def before_request(request: int) -> None:
            if request == number:
                happens()

        self.before_request = before_request

    # --- the watcher

    async def watch(self) -> Taken | None:
        """Make a pass and keep what it found; None if no endpoint could be read."""
        self._requests = 0
        listed = list(self.given) if self.addresses_first else None
        if listed is not None:
            self._happen()

        async def addresses() -> Sequence[bytes]:
            if listed is None:
                self._happen()
            return list(self.given) if listed is None else listed

        try:
            taken = await take_pass(self.nodes, self.memory, self.how, addresses, begin_with=self.begin_with)
        except NotRead:
            return None
        self.memory = after(self.memory, taken.plan)
        self.begin_with = taken.endpoint
        return taken

    def _happen(self) -> None:
        happens, self.during_pass = self.during_pass, lambda: None
        happens()

    async def watch_until_read(self) -> None:
        """Make passes until nothing is left to read."""
        for _ in range(100):
            taken = await self.watch()
            if taken is not None and taken.plan.reaches_head:
                return
        raise AssertionError("the watcher makes no progress")

    def stored(self, *states: TransferState) -> set[Content]:
        """Return the transfers that are stored in one of these states; by default in those that count."""
        wanted = states or (TransferState.PENDING, TransferState.CONFIRMED)
        return {content(known.transfer) for known in self.memory.transfers.values() if known.state in wanted}

    @property
    def requests(self) -> int:
        """Return how many requests both endpoints received so far."""
        return self.main.requests + self.backup.requests

    # --- the transport

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self._requests += 1
        self.before_request(self._requests)
        response = self._inner.handle_request(request)
        asked = json.loads(request.content)
        if self.phantoms and request.url.host == "main.test" and self.main.lies is None and response.is_success:
            return self._haunted(asked, response)
        return response

    def _haunted(self, asked: dict[str, Any], response: httpx.Response) -> httpx.Response:
        answer = response.json()
        if asked["method"] != "eth_getLogs" or "result" not in answer or "fromBlock" not in asked["params"][0]:
            return response
        first, last = (int(asked["params"][0][name], 16) for name in ("fromBlock", "toBlock"))
        answer["result"] += [log_body(each) for each in self.phantoms if first <= each.block.number <= last]
        return httpx.Response(200, json=answer)


def reading(**changes: Any) -> Reading:
    """Return how the world is read: from its first block on, final after four blocks."""
    return replace(Reading(confirmations=4, since=STARTED_AT), **changes)
