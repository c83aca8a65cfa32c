"""Simulated networks beside payment: chains like the real ones, and endpoints at hosts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
from chassis.auth.principals import Role
from payment.usdt.networks.access import ChainAccess, Troubled, none_troubled
from payment.usdt.networks.presets import PRESETS, Network
from simulators.chain import Chain, Endpoint
from simulators.chain.testing import hosts
from testkit.driver import Answer

from .payment_driver import PaymentDriver

ONE, TWO = "https://one.test/v2/0123456789abcdef", "https://two.test:8545/v2/fedcba9876543210"

_BLOCKS, _SECONDS = 2000, 2


def chain_like(network: Network, *, now: datetime, finality: int | None = 64) -> Chain:
    """Return a chain with the number and the token of a network, whose newest block is of now."""
    preset = PRESETS[network]
    started_at = (now - timedelta(seconds=_BLOCKS * _SECONDS)).replace(microsecond=0)
    chain = Chain(preset.chain_id, _SECONDS, finality=finality, started_at=started_at, head=_BLOCKS)
    chain.token(preset.token_contract, preset.decimals)
    return chain


class Networks:
    """Payment, and the endpoints `ONE` and `TWO` of a network.

    Attributes:
        chain: which both show.
        one, two: the endpoints.
    """

    def __init__(self, driver: PaymentDriver, network: Network = Network.ETHEREUM) -> None:
        self.driver = driver
        self.network = network
        self.chain = chain_like(network, now=driver.clock())
        self.one, self.two = Endpoint(self.chain), Endpoint(self.chain)
        self.before: Callable[[], None] = lambda: None
        inner = hosts({"one.test": self.one, "two.test": self.two})

        def handle(request: httpx.Request) -> httpx.Response:
            self.before()
            return inner.handle_request(request)

        self.http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        self.use(none_troubled)

    def use(self, troubled: Troubled) -> None:
        """Let payment ask this which networks are in trouble."""
        self.access = ChainAccess(self.driver.settings.secret_box(), self.http, troubled)
        self.driver.app.state.chains = self.access

    async def try_change(self, network: Network | None = None, **settings: Any) -> Answer:
        """Change the settings of a network, by the owner; it is switched on unless `enabled` is given."""
        path = f"/usdt/networks/{network or self.network}/settings"
        body = {"enabled": True, **settings}
        return await self.driver.call("PUT", path, by=self.driver.staff(Role.OWNER), json=body)

    async def change(self, **settings: Any) -> dict[str, Any]:
        """Change the settings of the network and return them."""
        body: dict[str, Any] = (await self.try_change(**settings)).require(200)
        return body

    async def configure(self, **settings: Any) -> dict[str, Any]:
        """Enter both endpoints, with other settings, and return all."""
        return await self.change(endpoints=endpoints(ONE, TWO), **settings)

    async def settings(self) -> dict[str, Any]:
        """Return the settings of the network."""
        answer = await self.driver.call("GET", "/usdt/networks/settings", by=self.driver.staff(Role.OWNER))
        [found] = [each for each in answer.require(200)["items"] if each["network"] == self.network]
        body: dict[str, Any] = found
        return body

    async def shown(self) -> dict[str, dict[str, Any]]:
        """Return the networks as anyone sees them, by name."""
        answer = await self.driver.call("GET", "/usdt/networks")
        return {each["network"]: each for each in answer.require(200)["items"]}


def endpoints(*urls: str, log_range: int = 1000) -> list[dict[str, Any]]:
    """Return endpoints as they are entered."""
    return [{"url": url, "log_range": log_range} for url in urls]
