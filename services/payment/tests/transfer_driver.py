"""Runners who pay by bank transfer: they ask what to transfer."""

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from payment.transfers.commands import Transfer, ask_transfer
from testkit.driver import Answer, Headers

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry

ACCOUNT = {"bank_name": "BCA", "account_number": "123-456-7890", "account_holder_name": "Yayasan Lari Bandung"}
_AT_ONCE = 16


class Transfers:
    """Transfers to an organiser who has an account."""

    def __init__(self, driver: PaymentDriver) -> None:
        self.driver = driver

    async def offer(self, **settings: Any) -> None:
        """Set the organiser's account, and other settings."""
        await self.driver.change_settings(**ACCOUNT, **settings)

    async def try_ask(self, entry: Entry, *, by: Headers | None = None) -> Answer:
        """Ask what to transfer, by the registration's runner unless `by` is given."""
        return await self.driver.call("POST", f"/invoices/{entry.id}/transfer", by=by or self.driver.runner(entry.id))

    async def ask(self, entry: Entry) -> dict[str, Any]:
        """Return what a runner is asked to transfer."""
        asked: dict[str, Any] = (await self.try_ask(entry)).require(200)
        return asked

    async def payable(self, entry: Entry) -> Decimal:
        """Return the amount that a runner is asked to transfer."""
        return Decimal((await self.ask(entry))["payable_amount"])

    async def register_and_ask(self, **entry: Any) -> tuple[Entry, Decimal]:
        """Return a registration and the amount that its runner is asked to transfer."""
        registered = await self.driver.register(**entry)
        return registered, await self.payable(registered)

    async def many_invoices(self, count: int, amount: Decimal = PRICE) -> Sequence[UUID]:
        """Return the registrations of so many open invoices over one amount."""
        one = await self.driver.register(amount=amount)
        await self.driver.execute(
            "INSERT INTO invoices SELECT (jsonb_populate_record(invoices, jsonb_build_object("
            " 'registration_id', gen_random_uuid()))).* FROM invoices, generate_series(2, :count)"
            " WHERE registration_id = :id",
            id=one.id,
            count=count,
        )
        rows = await self.driver.rows("SELECT registration_id FROM invoices WHERE amount = :amount", amount=amount)
        return [row["registration_id"] for row in rows]

    async def ask_for_all(self, registration_ids: Iterable[UUID]) -> Sequence[Transfer]:
        """Ask for many registrations, on as many connections as a process has."""
        waiting, asked = iter(registration_ids), []

        async def work_off() -> None:
            for each in waiting:
                async with self.driver.database.work() as work:
                    asked.append(await ask_transfer(work, each, by=None))

        await asyncio.gather(*(work_off() for _ in range(_AT_ONCE)))
        return asked
