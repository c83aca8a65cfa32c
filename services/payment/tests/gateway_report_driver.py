"""Settlement reports of the simulated Midtrans, as finance staff upload them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from payment.ledger.consistency import wrong_bookings
from testkit.driver import Answer

from .midtrans_driver import PAYER, Gateway
from .payment_events import Entry
from .reconciling import Books

HEADER = "Order ID,Transaction time,Amount,MDR,Net amount,Settlement date"
FEE = Decimal(1050)


class Reports:
    """A gateway whose settlement reports finance uploads."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.driver = gateway.driver
        self.books = Books(gateway.driver)

    async def paid(self, method: str = "midtrans_qris", bank: str | None = None) -> tuple[Entry, dict[str, Any]]:
        """Return a registration that was paid through the gateway, and its charge."""
        entry = await self.driver.register()
        charge = await self.gateway.charge(entry, method, bank)
        await self.gateway.account.pay(charge["order_id"], PAYER)
        await self.gateway.ask()
        return entry, charge

    def row(
        self,
        charge: dict[str, Any] | str,
        *,
        amount: int = 150_000,
        fee: Decimal = FEE,
        net: Decimal | None = None,
        days: int = 0,
    ) -> str:
        """Return the row of a charge that was settled today, or so many days later."""
        order = charge if isinstance(charge, str) else charge["order_id"]
        settled = self.books.bank.today + timedelta(days=days)
        return f"{order},,{amount},{fee},{amount - fee if net is None else net},{settled}"

    async def try_upload(self, *rows: str, file: bytes | None = None) -> Answer:
        """Upload a report with these rows."""
        content = "\n".join((HEADER, *rows)).encode() if file is None else file
        files = {"file": ("report.csv", content, "text/csv")}
        return await self.driver.call("POST", "/gateway/reports", by=self.driver.finance, files=files)

    async def upload(self, *rows: str) -> dict[str, Any]:
        """Return what a report with these rows did."""
        body: dict[str, Any] = (await self.try_upload(*rows)).require(201)
        return body

    async def difference(self, *rows: str) -> dict[str, Any]:
        """Return the only difference of a report of which nothing is booked."""
        found = await self.upload(*rows)
        assert (found["booked"], found["differences"]) == (0, 1)
        [item] = found["items"]
        return dict(item)

    async def are_in_order(self) -> bool:
        """Return whether the ledger has the fees of charges, and no channel differs from its facts."""
        channels = (await self.books.reconcile())["channels"]
        async with self.driver.database.read() as session:
            return await wrong_bookings(session) == [] and {each["difference"] for each in channels} == {"0.00"}
