"""Refunds as finance staff ask for them, approve them, send them and complete them; and two people who share that."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.auth.principals import Role
from payment.refund_desk.sending import ask_about_refunds
from testkit.driver import Answer, Headers

from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver
from .payment_events import Entry


class RefundDesk:
    """The refunds of a platform.

    Attributes:
        first, second: headers of two members of staff.
    """

    def __init__(self, driver: PaymentDriver) -> None:
        self.driver = driver
        self.first: Headers = driver.staff(Role.FINANCE)
        self.second: Headers = driver.staff(Role.FINANCE)

    async def try_ask(self, payment: UUID | str, amount: str, *, by: Headers | None = None, **body: str) -> Answer:
        """Ask for a refund of a payment."""
        sent = {"payment_id": str(payment), "amount": amount, "reason": "The runner is ill.", **body}
        return await self.driver.call("POST", "/refunds", by=by or self.first, json=sent)

    async def ask(self, payment: UUID | str, amount: str, **body: str) -> dict[str, Any]:
        """Return the refund that was asked for."""
        refund: dict[str, Any] = (await self.try_ask(payment, amount, by=None, **body)).require(201)
        return refund

    async def do(self, refund: Any, action: str, *, by: Headers | None = None, **body: str) -> Answer:
        """Do something with a refund: `done`, `send`, `approve` or `cancel`."""
        json = {"json": body} if body else {}
        return await self.driver.call("POST", f"/refunds/{_id(refund)}/{action}", by=by or self.first, **json)

    async def done(self, refund: Any, *, by: Headers | None = None) -> Answer:
        """Say that a refund was transferred."""
        return await self.do(refund, "done", by=by, reference="BCA 7")

    async def show(self, refund: Any) -> dict[str, Any]:
        """Return a refund as it is now."""
        answer = await self.driver.call("GET", f"/refunds/{_id(refund)}", by=self.first)
        body: dict[str, Any] = answer.require(200)
        return body

    async def only(self) -> dict[str, Any]:
        """Return the only refund."""
        [refund] = await self.driver.refunds()
        return refund

    async def limit(self, amount: str | None) -> None:
        """Set the amount from which two people decide."""
        await self.driver.execute("UPDATE payment_settings SET second_check_from = :amount", amount=_decimal(amount))


def _decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def _id(refund: Any) -> Any:
    return refund["refund_id"] if isinstance(refund, dict) else refund


class GatewayRefunds:
    """Refunds of what runners paid through the simulated Midtrans."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.driver = gateway.driver
        self.desk = RefundDesk(self.driver)

    async def paid(self, method: str = "midtrans_qris", bank: str | None = None) -> tuple[Entry, UUID, str]:
        """Return a registration that was paid through the gateway, its payment and its order there."""
        entry = await self.driver.register()
        charge = await self.gateway.charge(entry, method, bank)
        await self.gateway.account.pay(charge["order_id"], PAYER)
        await self.gateway.ask()
        [payment] = (await self.driver.invoice(entry))["payments"]
        return entry, UUID(payment["payment_id"]), charge["order_id"]

    async def owed(self) -> tuple[Entry, UUID, str]:
        """Return a registration that was paid and then cancelled, so that all is due back."""
        entry, payment, order = await self.paid()
        await self.driver.deliver(entry.cancelled(refund=payment))
        return entry, payment, order

    async def ask(self, *, after: timedelta = timedelta()) -> None:
        """Let the worker ask about charges and refunds, perhaps some time later."""
        await self.gateway.ask(after=after)
        await ask_about_refunds(self.driver.database, self.gateway.access)

    async def confirmed(self, order: str) -> None:
        """Let the gateway confirm all refunds of an order, and let payment hear of it."""
        for refund in self.gateway.account.order(order).refunds:
            refund.confirmed_at = self.gateway.account.clock.now()
        await self.ask(after=timedelta(days=1, minutes=1))

    async def sends(self) -> int:
        """Return how many refunds the gateway has."""
        return sum(len(order.refunds) for order in self.gateway.account.orders())
