"""Money that no invoice took and that came through the simulated Midtrans, as finance staff send it back there."""

from datetime import timedelta
from typing import Any

from payment.surplus_desk.sending import ask_about_kept_money
from simulators.midtrans.forms import RefundForm
from simulators.midtrans.modes import NotificationMode
from testkit.driver import Answer, Headers

from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver
from .payment_events import Entry
from .refund_driver import RefundDesk


class KeptMoney:
    """Second payments of registrations, which came through the gateway.

    Attributes:
        desk: with two members of staff, and the amount from which both are needed.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.driver: PaymentDriver = gateway.driver
        self.desk = RefundDesk(self.driver)

    async def second_payment(self, method: str = "midtrans_qris", bank: str | None = None) -> tuple[Entry, str, str]:
        """Return a registration that was paid by a proof, and its second payment: the kept money, and the order."""
        entry = await self.driver.register()
        charge = await self.gateway.charge(entry, method, bank)
        await self.driver.verify(await self.driver.upload_proof(entry))
        self.gateway.notifications(NotificationMode.OFF)
        await self.gateway.account.pay(charge["order_id"], PAYER)
        await self.gateway.ask(after=timedelta(minutes=2))
        [money] = await self.gateway.kept_money(registration_id=str(entry.id))
        return entry, money["id"], charge["order_id"]

    async def owed(self) -> tuple[str, str]:
        """Return kept money that is to go back, and its order at the gateway."""
        _, money, order = await self.second_payment()
        (await self.do(money, "refund", reason="paid twice")).require(204)
        return money, order

    async def do(self, money: str, action: str, *, by: Headers | None = None, **body: str) -> Answer:
        """Do something with kept money: `assign`, `refund`, `send` or `refunded`."""
        json = {"json": body} if body else {}
        return await self.driver.call("POST", f"/surplus/{money}/{action}", by=by or self.desk.first, **json)

    async def show(self, money: str) -> dict[str, Any]:
        """Return kept money as it is now."""
        body: dict[str, Any] = (await self.driver.call("GET", f"/surplus/{money}", by=self.desk.first)).require(200)
        return body

    async def made_there(self, order: str, amount: int) -> None:
        """Refund at the gateway's own pages."""
        await self.gateway.account.refund(order, RefundForm(refund_key=None, amount=amount, reason="by hand"))

    async def ask(self, *, after: timedelta = timedelta()) -> None:
        """Let the worker ask about charges and kept money, perhaps some time later."""
        await self.gateway.ask(after=after)
        await ask_about_kept_money(self.driver.database, self.gateway.access)

    async def next_day(self) -> None:
        """Let the worker ask a day later, when it asks about paid charges anyway."""
        await self.ask(after=timedelta(days=1, minutes=1))

    async def confirmed(self, order: str) -> None:
        """Let the gateway confirm all refunds of an order, and let payment hear of it."""
        for refund in self.gateway.account.order(order).refunds:
            refund.confirmed_at = self.gateway.account.clock.now()
        await self.next_day()

    def sends(self, order: str) -> int:
        """Return how many refunds of an order the gateway has."""
        return len(self.gateway.account.order(order).refunds)
