"""Line 18: a pass over a chain while thousands of invoices have an address on it."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from chassis.database import Database
from chassis.secrets import SecretBox, new_key
from payment.tables import service_tables
from payment.usdt.keys.tables import ReceivingKey
from payment.usdt.networks.access import ChainAccess, StoredEndpoint
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.following import watch_network
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.tables import BlockchainTransaction, ChainCursor
from simulators.chain import Chain, Endpoint
from simulators.chain.testing import transport
from sqlalchemy import func, select
from testkit.clocks import ManualClock

from bench.report import Figure, Report, Target
from bench.stage import Stages, Violation, settle
from bench.statements import open_invoices

_PASS = 18
LINES = frozenset({_PASS})

_MANY, _FEW = 2_000, 200
_AT_MOST_SECONDS = 1.0  # without what the network takes, which is another's
_TRANSFERS = 20  # in the block that is new to a pass
_PASSES_PER_SECOND = 5
_CONFIRMATIONS, _BLOCK_SECONDS, _HEAD = 4, 2, 600
_USDT = bytes.fromhex("11" * 20)


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:
    """The figures of these lines."""
    if not LINES.intersection(lines):
        return
    found = {}
    for addresses in (_MANY, _FEW):
        with stages.database("payment") as url:
            found[addresses] = asyncio.run(_measured(url, addresses, passes=max(seconds * _PASSES_PER_SECOND, 3)))
    many, few = (_figure(addresses, passes) for addresses, passes in found.items())
    times, growth = [many.median / few.median], Target(ceiling=_MANY / _FEW)
    report.add(many, few, Figure(_PASS, f"a pass over {_MANY} to one over {_FEW}", times, "x", growth))


def _figure(addresses: int, passes: Sequence["_Pass"]) -> Figure:
    network = sum(each.network for each in passes) / len(passes)
    note = f"{passes[0].requests} requests; the simulated network took {network:.2f} s more"
    what = f"a pass over {addresses} addresses, {_TRANSFERS} transfers"
    return Figure(_PASS, what, [each.own for each in passes], "s", Target(ceiling=_AT_MOST_SECONDS), note)


@dataclass(frozen=True)
class _Pass:
    """Seconds that a pass took by itself, and in the network; and its requests."""

    own: float
    network: float
    requests: int


class _Network:
    """A simulated chain, and the time that was spent in it."""

    def __init__(self, clock: ManualClock) -> None:
        started_at = (clock() - timedelta(seconds=_HEAD * _BLOCK_SECONDS)).replace(microsecond=0)
        self.chain = Chain(31337, _BLOCK_SECONDS, started_at=started_at, head=_HEAD)
        self.chain.token(_USDT)
        self.seconds, self.requests = 0.0, 0
        self._inner = transport(Endpoint(self.chain))
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        began = time.perf_counter()
        response = self._inner.handle_request(request)
        self.seconds += time.perf_counter() - began
        self.requests += 1
        return response


async def _measured(url: str, addresses: int, *, passes: int) -> Sequence[_Pass]:
    """Make passes, each over a new block with transfers, while those of blocks before it are confirmed.

    Raises:
        Violation: the passes did not find what is on the chain.
    """
    await open_invoices(url, addresses)
    clock = ManualClock()
    network, database = _Network(clock), Database(url, service="payment", tables=service_tables, clock=clock)
    try:
        access = ChainAccess(SecretBox([new_key()]), network.http)
        watched = await _watched(database, access, addresses)
        await settle(url)
        nodes = Nodes(access)
        await watch_network(database, nodes, watched)
        taken = [await _pass(database, nodes, watched, network, clock, number) for number in range(passes)]
        await _check(database, sent=passes * _TRANSFERS, head=network.chain.head)
    finally:
        await database.close()
        await network.http.aclose()
    return taken


async def _pass(
    database: Database, nodes: Nodes, watched: UsdtNetwork, network: _Network, clock: ManualClock, number: int
) -> _Pass:
    for count in range(_TRANSFERS):
        network.chain.send(_USDT, _address(number * _TRANSFERS + count), 1 + count)
    network.chain.mine()
    clock.advance(timedelta(seconds=_BLOCK_SECONDS))
    network.seconds, network.requests = 0.0, 0
    began = time.perf_counter()
    await watch_network(database, nodes, watched)
    took = time.perf_counter() - began
    return _Pass(took - network.seconds, network.seconds, network.requests)


async def _check(database: Database, *, sent: int, head: int) -> None:
    query = select(func.count(BlockchainTransaction.registration_id))
    async with database.read() as session:
        stored = (await session.execute(query)).scalar_one()
        cursor = (await session.execute(select(ChainCursor))).scalar_one()
    if (stored, cursor.scanned_block, cursor.trouble) != (sent, head, None):
        raise Violation(f"of {sent} transfers {stored} were found, up to block {cursor.scanned_block} of {head}")


def _address(number: int) -> bytes:
    """An address of one of the fewest invoices that are measured."""
    return (number % _FEW + 1).to_bytes(20, "big")


async def _watched(database: Database, access: ChainAccess, addresses: int) -> UsdtNetwork:
    """Give each invoice an address, and return the network on which they are watched."""
    async with database.work() as work:
        key = ReceivingKey(id=UUID(int=1), **_key(access.box), created_at=work.now)
        network = UsdtNetwork(**_settings(access), probed_at=work.now, updated_at=work.now)
        work.session.add_all([key, network])
        await work.session.flush()
        work.session.add_all(
            PaymentAddress(
                registration_id=UUID(int=count + 1),
                key_id=key.id,
                index=count,
                address=(count + 1).to_bytes(20, "big"),
                created_at=work.now,
                watch_until=work.now + timedelta(days=30),
            )
            for count in range(addresses)
        )
    return network


def _key(box: SecretBox) -> dict[str, Any]:
    return {
        "xpub": box.seal("no address is derived"),
        "xpub_digest": bytes(32),
        "path": "m/44'/60'/0'",
        "state": "proposed",
        "created_by": UUID(int=1),
    }


def _settings(access: ChainAccess) -> dict[str, Any]:
    return {
        "network": "polygon",
        "chain_id": 31337,
        "token_contract": _USDT,
        "decimals": 6,
        "confirmations": _CONFIRMATIONS,
        "endpoints": access.sealed([StoredEndpoint(url="http://node.test/", log_range=1000)]),
        "enabled": True,
    }
