"""Payment that watches a simulated chain through two endpoints; networks and addresses are put into its tables."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from payment.usdt.keys.tables import ReceivingKey
from payment.usdt.networks.access import ChainAccess, StoredEndpoint
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.following import watch_all, watch_network
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.sweeping import sweep_balances
from simulators.chain import Chain, Endpoint
from simulators.chain.testing import hosts
from sqlalchemy import func, select
from sqlalchemy.pool import QueuePool

from .payment_driver import PaymentDriver
from .usdt_world import OTHER, USDT, address

CONFIRMATIONS: Final = 4
SECONDS: Final = 2

_HEAD: Final = 600


@dataclass(frozen=True)
class Given:
    """An address that was given to a registration."""

    registration_id: UUID
    address: bytes


class Watched:
    """A network that payment watches.

    Attributes:
        main, backup: the endpoints, in the order of the settings.
        settled: registrations in the order in which they were to be settled.
        asked_in_transaction: how often an endpoint was asked while a connection to the database was in use.
    """

    def __init__(self, driver: PaymentDriver, *, chain_id: int = 31337, name: str = "polygon") -> None:
        self.driver = driver
        self.name = name
        started_at = (driver.clock() - timedelta(seconds=_HEAD * SECONDS)).replace(microsecond=0)
        self.chain = Chain(chain_id, SECONDS, started_at=started_at, head=_HEAD)
        self.chain.token(USDT)
        self.chain.token(OTHER)
        self.main, self.backup = Endpoint(self.chain), Endpoint(self.chain)
        self.settled: list[UUID] = []
        self.asked_in_transaction = 0
        self._inner = hosts({f"main.{name}.test": self.main, f"backup.{name}.test": self.backup})
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._handle))
        self.access = ChainAccess(driver.settings.secret_box(), self.http)
        self.nodes = Nodes(self.access)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        pool = self.driver.database.engine.pool
        assert isinstance(pool, QueuePool)
        self.asked_in_transaction += pool.checkedout() > 0
        return self._inner.handle_request(request)

    async def open(self, *, log_range: int = 1000, **settings: Any) -> None:
        """Insert the settings of the network."""
        stored = [
            StoredEndpoint(url=f"http://{each}.{self.name}.test/key", log_range=log_range)
            for each in ("main", "backup")
        ]
        values = {"confirmations": CONFIRMATIONS, "enabled": True, **settings}
        now = self.driver.clock()
        row = UsdtNetwork(
            network=self.name,
            chain_id=self.chain.chain_id,
            token_contract=USDT,
            decimals=6,
            endpoints=self.access.sealed(stored),
            probed_at=now,
            updated_at=now,
            **values,
        )
        async with self.driver.database.work() as work:
            work.session.add(row)

    async def network(self) -> UsdtNetwork:
        """Return the settings of the network."""
        async with self.driver.database.read() as session:
            return await session.get_one(UsdtNetwork, self.name)

    async def give(self, *, watched: timedelta = timedelta(days=30)) -> Given:
        """Return a new invoice and its address."""
        entry = await self.driver.register(hours=24 * 20)
        now = self.driver.clock()
        async with self.driver.database.work() as work:
            key_id = (await work.session.execute(select(ReceivingKey.id))).scalar_one_or_none()
            if key_id is None:
                key_id = uuid4()
                work.session.add(_key(key_id, self.driver))
                await work.session.flush()
            index = (await work.session.execute(select(func.count()).select_from(PaymentAddress))).scalar_one()
            row = PaymentAddress(
                registration_id=entry.id,
                key_id=key_id,
                index=index,
                address=address(index),
                created_at=now,
                watch_until=now + watched,
            )
            work.session.add(row)
        return Given(entry.id, address(index))

    def pay(self, given: Given, units: int, token: bytes = USDT) -> bytes:
        """Send to an address; with the next block."""
        return self.chain.send(token, given.address, units)

    # --- the worker

    async def mine(self, blocks: int = 1) -> None:
        """Let blocks be made, with their time, and the worker read them."""
        self.chain.mine(blocks)
        self.driver.clock.advance(timedelta(seconds=SECONDS * blocks))
        await self.watch()

    async def watch(self) -> None:
        """Let the worker read all networks, once the rest after the last pass is over."""
        self.driver.clock.advance(timedelta(seconds=1))
        await watch_all(self.driver.database, self.nodes, self._settle)

    async def _settle(self, registration_id: UUID) -> None:
        self.settled.append(registration_id)

    async def watch_alone(self) -> frozenset[UUID]:
        """Let the worker read this network at this moment."""
        return await watch_network(self.driver.database, self.nodes, await self.network())

    async def sweep(self) -> int:
        """Let the worker compare balances, a day later."""
        self.driver.clock.advance(timedelta(days=1))
        return await sweep_balances(self.driver.database, self.nodes)

    # --- rows

    async def transfers(self, state: str | None = None) -> list[dict[str, Any]]:
        """Return what is stored of transfers, by time and amount."""
        query = "SELECT * FROM blockchain_transactions WHERE chain_id = :chain ORDER BY block_number, units"
        found = await self.driver.rows(query, chain=self.chain.chain_id)
        return [each for each in found if state in {None, each["state"]}]

    async def states(self) -> Sequence[tuple[int, str]]:
        """Return units and state of each transfer, by time and amount."""
        return [(int(each["units"]), each["state"]) for each in await self.transfers()]

    async def cursor(self) -> dict[str, Any]:
        """Return how far the chain was read."""
        [row] = await self.driver.rows("SELECT * FROM chain_cursors WHERE chain_id = :chain", chain=self.chain.chain_id)
        return row

    async def trouble(self) -> str | None:
        """Return what is wrong."""
        trouble: str | None = (await self.cursor())["trouble"]
        return trouble


def _key(key_id: UUID, driver: PaymentDriver) -> ReceivingKey:
    return ReceivingKey(
        id=key_id,
        xpub=driver.settings.secret_box().seal("not a key"),
        xpub_digest=bytes(32),
        path="m/44'/60'/0'",
        state="proposed",
        next_index=0,
        created_at=driver.clock(),
        created_by=uuid4(),
    )


@asynccontextmanager
async def watching(driver: PaymentDriver, **settings: Any) -> AsyncIterator[Watched]:
    """Yield a network that was read once."""
    watched = Watched(driver)
    await watched.open(**settings)
    await watched.watch()
    yield watched
    await watched.http.aclose()
