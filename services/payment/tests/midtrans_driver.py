"""The simulated Midtrans beside payment: runners choose it, pay there, and the gateway tells payment or does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from payment.charges.asking import ask_due
from payment.charges.strangers import ask_about_strangers
from payment.gateways.account import GatewayAccess
from simulators.midtrans import MidtransAccount, build_midtrans
from simulators.midtrans.modes import Mode, NotificationMode
from simulators.midtrans.orders import Payer
from simulators.settings import Settings as SimulatorSettings
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .payment_events import Entry

BASE_URL = "http://midtrans.test/api"
WEBHOOK = "http://startline.test/api/payment/v1/webhooks/midtrans"
ALL = ["qris", "bca", "bni", "bri", "cimb", "mandiri", "permata"]
PAYER = Payer("bca", on_us=False)


class LossyTransport(httpx.AsyncBaseTransport):
    """Sends requests, and loses the answers to POST requests while `loses` is True.

    While `refuses_keys` is True, every server key is refused, and nothing is sent.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.loses = False
        self.refuses_keys = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raise `ReadTimeout` instead of answering if the answer is lost."""
        if self.refuses_keys:
            return httpx.Response(401, json={"status_code": "401"}, request=request)
        response = await self._inner.handle_async_request(request)
        if self.loses and request.method == "POST":
            raise httpx.ReadTimeout("the answer got lost", request=request)
        return response


class Gateway:
    """Payment and a simulated Midtrans, which sends its notifications to payment's webhook.

    Attributes:
        account: the simulated merchant account.
        access: with which payment reaches it, over `wire`.
    """

    def __init__(self, driver: PaymentDriver) -> None:
        self.driver = driver
        settings = SimulatorSettings(
            midtrans_notification_url=WEBHOOK, midtrans_time_factor=10_000, midtrans_slow_seconds=0
        )
        self.account = MidtransAccount(settings, httpx.ASGITransport(driver.app))
        self.wire = LossyTransport(httpx.ASGITransport(build_midtrans(self.account)))
        self.http = httpx.AsyncClient(transport=self.wire)
        self.access = GatewayAccess(driver.settings.secret_box(), self.http, BASE_URL)
        driver.app.state.gateway = self.access

    # --- the organiser

    async def open_account(self, offers: list[str] | None = None, **fields: Any) -> None:
        """Enter the server key and what is offered."""
        body = {"server_key": self.account.server_key, "offers": ALL if offers is None else offers, **fields}
        (await self.driver.call("PUT", "/settings/midtrans", by=self.driver.staff(), json=body)).require(200)

    # --- runners

    async def try_charge(self, entry: Entry, method: str = "midtrans_qris", bank: str | None = None) -> Answer:
        """Choose a way to pay."""
        body = {"method": method, **({"bank": bank} if bank else {})}
        return await self.driver.call(
            "POST", f"/invoices/{entry.id}/charges", by=self.driver.runner(entry.id), json=body
        )

    async def charge(self, entry: Entry, method: str = "midtrans_qris", bank: str | None = None) -> dict[str, Any]:
        """Return the charge of a way to pay."""
        body: dict[str, Any] = (await self.try_charge(entry, method, bank)).require(201)
        return body

    async def show(self, entry: Entry, charge_id: str) -> dict[str, Any]:
        """Return a charge as its runner sees it."""
        body: dict[str, Any] = (
            await self.driver.call("GET", f"/charges/{charge_id}", by=self.driver.runner(entry.id))
        ).require(200)
        return body

    async def try_cancel(self, entry: Entry, charge_id: str) -> Answer:
        """Give up a way to pay."""
        return await self.driver.call("POST", f"/charges/{charge_id}/cancel", by=self.driver.runner(entry.id))

    async def pay(self, charge: dict[str, Any]) -> None:
        """Pay a charge at the bank or wallet, and let the notification arrive unless the mode keeps it back."""
        await self.account.pay(charge["order_id"], PAYER)
        await self.told()

    async def told(self) -> None:
        """Wait until each notification was tried once, but those that are sent late on purpose."""
        async with asyncio.timeout(10):
            for delivery in list(self.account.notices.log):
                if delivery.not_before is None:
                    await delivery.tried.wait()

    # --- the worker

    async def ask(self, *, after: timedelta = timedelta()) -> int:
        """Let payment's worker ask about charges that are due, perhaps some time later."""
        await self.told()
        self.driver.clock.advance(after)
        return await ask_due(self.driver.database, self.access)

    async def ask_about_strangers(self) -> int:
        """Let payment's worker ask about orders that payment did not create."""
        return await ask_about_strangers(self.driver.database, self.access)

    def notifications(self, mode: NotificationMode) -> None:
        """Set how notifications are sent from now on."""
        self.account.notices.mode = mode

    def behaves(self, mode: Mode) -> None:
        """Set how the API answers from now on."""
        self.account.mode = mode

    # --- finance

    async def balances(self) -> dict[str, str]:
        """Return the balance of each account of the ledger."""
        answer = await self.driver.call("GET", "/ledger/balances", by=self.driver.finance)
        return {each["account"]: each["balance"] for each in answer.require(200)["accounts"]}

    async def kept_money(self, **query: str) -> list[dict[str, Any]]:
        """Return the money that no invoice took."""
        items: list[dict[str, Any]] = (
            await self.driver.call("GET", "/surplus", by=self.driver.finance, params=query)
        ).require(200)["items"]
        return items

    async def decide(self, money_id: str, action: str, **body: str) -> Answer:
        """Decide about money that no invoice took."""
        return await self.driver.call("POST", f"/surplus/{money_id}/{action}", by=self.driver.finance, json=body)

    async def charges_of(self, entry: Entry) -> list[dict[str, Any]]:
        """Return the charges of a registration, newest first."""
        answer = await self.driver.call("GET", f"/invoices/{entry.id}/charges", by=self.driver.runner(entry.id))
        items: list[dict[str, Any]] = answer.require(200)["items"]
        return items


@asynccontextmanager
async def gateway_beside(driver: PaymentDriver) -> AsyncIterator[Gateway]:
    """Yield payment with a simulated Midtrans whose account is entered."""
    gateway = Gateway(driver)
    await gateway.open_account()
    yield gateway
    await gateway.account.stop()
    await gateway.http.aclose()
