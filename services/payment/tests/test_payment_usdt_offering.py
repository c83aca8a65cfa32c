"""An amount in USDT is offered while the invoice is settled by the worker."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest
from payment.usdt.pay.settling import settle_in
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .usdt_driver import RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE: Final = Decimal(350_000)
_WAITING: Final = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE '%payment_addresses%'"
)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver) as opened:
        yield opened


async def test_an_invoice_that_is_paid_while_the_offer_waits_for_its_address_is_not_offered(usdt: UsdtDriver) -> None:
    # given a confirmed transfer that is being settled
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote)
    await usdt.mine()
    await usdt.driver.execute("UPDATE blockchain_transactions SET state = 'confirmed', confirmed_at = now()")
    async with usdt.driver.database.work() as work:
        await settle_in(work, entry.id)
        # when the runner asks for an amount
        asking = asyncio.create_task(usdt.try_choose(entry))
        await eventually(lambda: usdt.driver.rows(_WAITING))
    # then
    assert (await asking).is_problem(409, "already_paid")
    assert await usdt.driver.scalar("SELECT count(*) FROM usdt_quotes") == 1
    assert (await usdt.balances())["usdt"] == Decimal("21.03") * RATE
