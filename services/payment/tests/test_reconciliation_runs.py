"""Stored reconciliations: one of each day, so that yesterday can be shown; and what random days leave behind."""

import asyncio
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from payment.charges.retention import forget_old_notices
from payment.reconciliation.runs import run_for_yesterday

from .midtrans_driver import gateway_beside
from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .reconciling import Books

JAKARTA = ZoneInfo("Asia/Jakarta")
DAY = timedelta(days=1)
UNEXPLAINED = {"balance_differs", "paid_not_booked", "booked_not_paid", "paid_without_payment", "booking_differs"}


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


def move_to(driver: PaymentDriver, hour: int) -> None:
    """Move the clock to this hour of the next day in Jakarta."""
    now = driver.clock().astimezone(JAKARTA)
    driver.clock.advance(now.replace(hour=hour, minute=0, second=0, microsecond=0) + DAY - now)


async def test_a_run_is_stored_and_shown_again(driver: PaymentDriver, books: Books) -> None:
    # given
    await driver.register_and_pay()
    assert (await books.try_reconcile(path="/runs")).require(200) == {"items": []}
    # when
    ran = (await books.try_reconcile("POST")).require(201)
    move_to(driver, 12)
    # then
    assert await books.reconcile(date=ran["date"]) == ran
    assert (await books.try_reconcile(path="/runs")).require(200)["items"] == [
        {"date": ran["date"], "ran_at": ran["ran_at"], "differences": 0}
    ]
    # and today's is computed
    today = await books.reconcile()
    assert today["date"] != ran["date"]
    again = await books.reconcile(date=today["date"])
    assert (again["date"], again["channels"]) == (today["date"], today["channels"])
    for day in ("2020-01-01", "2999-01-01"):
        assert (await books.try_reconcile(date=day)).is_problem(404, "unknown_reconciliation")
    assert (await books.try_reconcile(date="yesterday")).is_problem(422, "invalid_fields")


async def test_the_day_that_ended_is_reconciled_once(driver: PaymentDriver, books: Books) -> None:
    # given a run of the day itself
    move_to(driver, 9)
    by_hand = (await books.try_reconcile("POST")).require(201)
    await driver.register_and_pay()
    # when
    move_to(driver, 0)
    driver.clock.advance(timedelta(minutes=3))
    ran = await asyncio.gather(*(run_for_yesterday(driver.database, JAKARTA) for _ in range(3)))
    # then the run at its end replaces it, and further ones find it
    assert any(ran)
    assert await run_for_yesterday(driver.database, JAKARTA) is False
    kept = await books.reconcile(date=by_hand["date"])
    assert kept["ran_at"] > by_hand["ran_at"]
    [bank, *_] = kept["channels"]
    assert bank["expected"] == "150000.00"
    assert len((await books.try_reconcile(path="/runs", limit="10")).require(200)["items"]) == 1


async def test_an_older_run_does_not_replace_a_newer_one(driver: PaymentDriver, books: Books) -> None:
    newer = (await books.try_reconcile("POST")).require(201)
    driver.clock.advance(-timedelta(seconds=5))
    await books.try_reconcile("POST")
    [run] = (await books.try_reconcile(path="/runs")).require(200)["items"]
    assert run["ran_at"] == newer["ran_at"]


async def test_old_notifications_of_the_gateway_are_deleted(driver: PaymentDriver) -> None:
    async with gateway_beside(driver) as gateway:
        await gateway.pay(await gateway.charge(await driver.register()))
        await gateway.ask()
        driver.clock.advance(89 * DAY)
        assert await forget_old_notices(driver.database) == 0
        await gateway.pay(await gateway.charge(await driver.register()))
        before = await driver.scalar("SELECT count(*) FROM gateway_notices")
        driver.clock.advance(2 * DAY)
        assert await forget_old_notices(driver.database) > 0
        assert 0 < await driver.scalar("SELECT count(*) FROM gateway_notices") < before


class Weeks:
    """Weeks of a race, with everything that may become of money, as chance wants it."""

    def __init__(self, driver: PaymentDriver, books: Books, seed: int) -> None:
        self.driver, self.books, self.chance = driver, books, random.Random(seed)
        self.lines: list[UUID] = []

    async def step(self) -> None:
        """Do one thing."""
        steps = [self.proof, self.qris, self.transfer, self.surplus, self.refund, self.decide, self.payout, self.sleep]
        await self.chance.choice(steps)()

    async def proof(self) -> None:
        await self.driver.register_and_pay()

    async def qris(self) -> None:
        entry = await self.driver.register()
        await self.driver.verify(await self.driver.upload_proof(entry, payment_method="qris"))

    async def transfer(self) -> None:
        entry = await self.driver.register()
        self.books.bank.receives_for(entry)
        [line] = await self.books.bank.uploaded_lines()
        await self._accept(line, entry)

    async def _accept(self, line: UUID, entry: Entry) -> None:
        if self.chance.random() < 0.7:
            await self.books.bank.accept(line, entry)
        else:
            self.lines.append(line)

    async def surplus(self) -> None:
        entry = await self.driver.register()
        for _ in range(2):
            self.books.bank.receives_for(entry)
        for line in await self.books.bank.uploaded_lines():
            await self._accept(line, entry)

    async def refund(self) -> None:
        entry, payment = await self.driver.register_and_pay()
        await self.driver.deliver(entry.cancelled(refund=payment))
        if self.chance.random() < 0.7:
            await self.driver.mark_refunded(payment, "BCA 7")
            if self.chance.random() < 0.5:
                refunds = await self.driver.refunds(payment_id=payment)
                (
                    await self.books.try_link(await self.books.sends_back(), refund_id=UUID(refunds[0]["refund_id"]))
                ).require(204)

    async def decide(self) -> None:
        while self.lines:
            decide = self.chance.choice([self.books.bank.try_keep, self.books.bank.try_ignore, self.books.try_payout])
            (await decide(self.lines.pop())).require(204)

    async def payout(self) -> None:
        await self.books.payout(
            f"{self.chance.randrange(1, 300_000)}.00", "10.00", self.chance.choice(["qris", "midtrans"])
        )

    async def sleep(self) -> None:
        self.driver.clock.advance(timedelta(hours=self.chance.randrange(1, 80)))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happens_every_difference_has_a_name(driver: PaymentDriver, books: Books, seed: int) -> None:
    weeks = Weeks(driver, books, seed)
    for _ in range(25):
        await weeks.step()
        found = await books.reconcile()
        kinds = {item["kind"] for channel in found["channels"] for item in channel["items"]}
        assert not kinds & UNEXPLAINED, found
    total = sum(Decimal(balance) for balance in (await books.bank.balances()).values())
    assert total == 0


async def by_code(driver: PaymentDriver, entry: Entry, received: Decimal) -> UUID:
    """Return the verified payment of a transfer over another amount than the invoice's."""
    payment = await driver.upload_proof(entry)
    await driver.execute("UPDATE payments SET received = :received WHERE id = :id", received=received, id=payment)
    await driver.verify(payment)
    return payment


async def test_unique_amounts_and_partial_refunds_are_in_order(driver: PaymentDriver, books: Books) -> None:
    # given one that paid less than the price, and one that paid more
    less = await by_code(driver, await driver.register(), PRICE - 123)
    more = await by_code(driver, await driver.register(), PRICE + 77)
    # when a part of one goes back, and all of the other
    for payment, amount in ((less, "50000.00"), (more, f"{PRICE + 77:.2f}")):
        asked: dict[str, Any] = {"payment_id": str(payment), "amount": amount, "reason": "injured"}
        refund = (await driver.call("POST", "/refunds", by=driver.finance, json=asked)).require(201)["refund_id"]
        done = await driver.call("POST", f"/refunds/{refund}/done", by=driver.finance, json={"reference": "BCA 1"})
        done.require(204)
    # then
    assert await books.bank.balances() == {"bank": "99877.00", "rounding": "46.00", "runners": "-99923.00"}
    assert await books.differences() == []
    runners = await books.channel("runners")
    assert (runners["expected"], runners["difference"]) == ("99923.00", "0.00")
