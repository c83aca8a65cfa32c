"""Payment beside a simulated chain: runners pay in USDT, the worker reads the chain, finance looks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import httpx
from chassis.auth.principals import Role
from payment.usdt.evm.addresses import parse_address
from payment.usdt.evm.amounts import to_units
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.pay.deadlines import hold_all
from payment.usdt.pay.settling import settle, settle_left
from payment.usdt.watch.following import watch_all
from payment.usdt.watch.nodes import Nodes
from simulators.chain import Chain, Endpoint
from simulators.chain.testing import hosts
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_usdt_keys import activate

RATE: Final = Decimal(16_650)
CONFIRMATIONS: Final = 5
BLOCK_SECONDS: Final = 2


@dataclass
class OnChain:
    """A simulated network, with two endpoints that payment uses."""

    chain: Chain
    first: Endpoint
    second: Endpoint


class UsdtDriver:
    """Payment with a key, a rate, and networks with endpoints.

    Attributes:
        networks: the simulated ones, by their names.
    """

    def __init__(self, driver: PaymentDriver, networks: Sequence[Network]) -> None:
        self.driver = driver
        self.networks = {name: self._simulated(name) for name in networks}
        served = {
            f"{each}.{name}.test": endpoint
            for name, found in self.networks.items()
            for each, endpoint in (("first", found.first), ("second", found.second))
        }
        self.http = httpx.AsyncClient(transport=hosts(served))
        self.access = ChainAccess(driver.settings.secret_box(), self.http)
        self.nodes = Nodes(self.access)
        driver.app.state.chains = self.access

    def _simulated(self, name: Network) -> OnChain:
        preset = PRESETS[name]
        chain = Chain(chain_id=preset.chain_id, block_seconds=BLOCK_SECONDS, started_at=self.driver.clock())
        chain.token(preset.token_contract, decimals=preset.decimals)
        return OnChain(chain, Endpoint(chain), Endpoint(chain))

    # --- the organiser

    async def open(self) -> None:
        """Confirm a key, configure the networks, and set a rate."""
        await activate(self.driver)
        for name in self.networks:
            (await self.configure(name)).require(200)
        until = (self.driver.clock() + timedelta(hours=20)).isoformat()
        await self.set_rate(RATE, until=until)
        await self.mine()

    async def configure(self, name: Network, **changes: Any) -> Answer:
        """Configure a network, by the owner."""
        endpoints = [{"url": f"http://{each}.{name}.test/", "log_range": 500} for each in ("first", "second")]
        usual = {"enabled": True, "endpoints": endpoints, "confirmations": CONFIRMATIONS, "minimum_order": "0"}
        path = f"/usdt/networks/{name}/settings"
        return await self.driver.call("PUT", path, by=self.driver.staff(Role.OWNER), json=usual | changes)

    async def set_rate(self, rate: Decimal, *, until: str) -> None:
        """Set the rate, by finance."""
        body = {"idr_per_usdt": str(rate), "reason": "for the test", "valid_until": until}
        (await self.driver.call("POST", "/usdt/rates", by=self.driver.finance, json=body)).require(201)

    # --- runners

    async def try_choose(self, entry: Entry, network: str = Network.POLYGON) -> Answer:
        """Choose a network."""
        path = f"/invoices/{entry.id}/usdt"
        return await self.driver.call("POST", path, by=self.driver.runner(entry.id), json={"network": network})

    async def choose(self, entry: Entry, network: str = Network.POLYGON) -> dict[str, Any]:
        """Return what is to be sent on a network."""
        body: dict[str, Any] = (await self.try_choose(entry, network)).require(200)
        return body

    async def shown(self, entry: Entry) -> dict[str, Any]:
        """Return how far the payment is, as its runner sees it."""
        path = f"/invoices/{entry.id}/usdt"
        body: dict[str, Any] = (await self.driver.call("GET", path, by=self.driver.runner(entry.id))).require(200)
        return body

    def send(self, quote: dict[str, Any], amount: object = None, *, network: Network = Network.POLYGON) -> bytes:
        """Send USDT to the address of a quote, as much as it says unless an amount is given; it is not mined yet."""
        preset = PRESETS[network]
        units = to_units(Decimal(str(quote["amount"] if amount is None else amount)), preset.decimals)
        return self.networks[network].chain.send(preset.token_contract, parse_address(quote["address"]), units)

    # --- time

    async def mine(self, blocks: int = 1) -> None:
        """Let blocks be made, with their time, and the worker read them."""
        self.driver.clock.advance(timedelta(seconds=BLOCK_SECONDS * blocks))
        for each in self.networks.values():
            each.chain.mine(blocks)
        await self.watch()

    async def confirm(self) -> None:
        """Let as many blocks be made as confirm what is on the chains."""
        await self.mine(CONFIRMATIONS + 1)
        await self.watch()

    async def watch(self) -> None:
        """Let the worker read the chains once, past its leases."""
        self.driver.clock.advance(timedelta(seconds=1))
        await watch_all(self.driver.database, self.nodes, partial(settle, self.driver.database))

    async def mine_until_now(self) -> None:
        """Let the chains have blocks up to now, and the worker read them."""
        for each in self.networks.values():
            each.chain.mine_until(self.driver.clock())
        await self.watch()
        await self.watch()

    async def settle_all(self) -> None:
        """Let the worker settle what a process that ended has left."""
        await settle_left(self.driver.database)

    async def hold(self) -> int:
        """Let the worker hold deadlines; return how many."""
        return await hold_all(self.driver.database)

    # --- finance

    async def transfers(self, **query: str) -> list[dict[str, Any]]:
        """Return transfers, newest first."""
        answer = await self.driver.call("GET", "/usdt/transfers", by=self.driver.finance, params=query)
        items: list[dict[str, Any]] = answer.require(200)["items"]
        return items

    async def try_assign(self, transfer: dict[str, Any], entry: Entry) -> Answer:
        """Let a transfer pay a registration, by finance."""
        path = f"/usdt/transfers/{transfer['id']}/assign"
        return await self.driver.call("POST", path, by=self.driver.finance, json={"registration_id": str(entry.id)})

    async def kept(self) -> list[dict[str, Any]]:
        """Return kept money."""
        items: list[dict[str, Any]] = (await self.driver.call("GET", "/surplus", by=self.driver.finance)).require(200)[
            "items"
        ]
        return items

    async def balances(self) -> dict[str, Decimal]:
        """Return the balances of the ledger that are not zero."""
        answer = await self.driver.call("GET", "/ledger/balances", by=self.driver.finance)
        found = {each["account"]: Decimal(each["balance"]) for each in answer.require(200)["accounts"]}
        return {account: balance for account, balance in found.items() if balance}


@asynccontextmanager
async def open_usdt(driver: PaymentDriver, *networks: Network, opened: bool = True) -> AsyncIterator[UsdtDriver]:
    """Yield payment with simulated networks; Polygon unless others are given."""
    usdt = UsdtDriver(driver, networks or (Network.POLYGON,))
    if opened:
        await usdt.open()
    yield usdt
    await usdt.http.aclose()
