"""Unique amounts are scarce: of payers who ask at once no two get the same; with the index off they do."""

import asyncio
from decimal import Decimal

import pytest
from payment.transfers.commands import ask_transfer
from payment.transfers.sweep import release_amounts
from testkit.polling import eventually

from .payment_driver import PRICE, PaymentDriver
from .transfer_driver import Transfers

_INDEX = "uq_transfer_amounts_payable_amount"
_WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def transfers(driver: PaymentDriver) -> Transfers:
    transfers = Transfers(driver)
    await transfers.offer()
    return transfers


async def test_200_payers_of_one_price_get_200_amounts(driver: PaymentDriver, transfers: Transfers) -> None:
    # given
    registrations = await transfers.many_invoices(200)
    # when
    asked = await transfers.ask_for_all(registrations)
    # then
    assert len({each.payable_amount for each in asked}) == 200
    assert all(0 < PRICE - each.payable_amount < 1000 for each in asked)
    # and the same again
    again = await transfers.ask_for_all(registrations)
    assert {each.payable_amount for each in again} == {each.payable_amount for each in asked}
    assert await driver.scalar("SELECT count(*) FROM transfer_amounts") == 200


async def test_of_1005_payers_of_one_price_999_get_an_amount_of_their_own(transfers: Transfers) -> None:
    asked = await transfers.ask_for_all(await transfers.many_invoices(1005))
    codes = [each.unique_code for each in asked if each.unique_code is not None]
    assert sorted(codes) == list(range(1, 1000))
    assert [each.payable_amount for each in asked if each.unique_code is None] == [PRICE] * 6


async def test_one_payer_who_asks_on_many_connections_gets_one_amount(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    for _ in range(5):
        entry = await driver.register()
        answers = await asyncio.gather(*(transfers.try_ask(entry) for _ in range(8)))
        assert len({answer.require(200)["payable_amount"] for answer in answers}) == 1


async def test_of_two_who_ask_for_the_last_amount_the_second_waits_and_gets_none(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    one, two = await transfers.many_invoices(2, Decimal(2))
    async with driver.database.work() as work:
        first = await ask_transfer(work, one, by=None)
        second = asyncio.create_task(transfers.ask_for_all([two]))
        await eventually(lambda: driver.rows(_WAITING))
    assert [each.payable_amount for each in (first, *await second)] == [1, 2]


async def test_without_the_index_both_get_the_last_amount(driver: PaymentDriver, transfers: Transfers) -> None:
    one, two = await transfers.many_invoices(2, Decimal(2))
    await driver.execute(f"DROP INDEX {_INDEX}")
    async with driver.database.work() as first, driver.database.work() as second:
        asked = [await ask_transfer(first, one, by=None), await ask_transfer(second, two, by=None)]
    assert [each.payable_amount for each in asked] == [1, 1]


async def test_releasing_and_asking_at_once_gives_no_amount_twice(driver: PaymentDriver, transfers: Transfers) -> None:
    # given ten amounts of invoices that ended long ago
    ended = await transfers.many_invoices(10, Decimal(11))
    await transfers.ask_for_all(ended)
    await driver.execute("UPDATE invoices SET status = 'paid', updated_at = updated_at - interval '15 days'")
    wanting = [await driver.register(amount=Decimal(11)) for _ in range(10)]
    # when
    await asyncio.gather(
        release_amounts(driver.database),
        transfers.ask_for_all(each.id for each in wanting),
        release_amounts(driver.database),
    )
    # then
    rows = await driver.rows("SELECT payable_amount FROM transfer_amounts WHERE code IS NOT NULL")
    assert len({row["payable_amount"] for row in rows}) == len(rows)
    released = (
        "SELECT count(*) FROM transfer_amounts JOIN invoices USING (registration_id) WHERE invoices.status = 'paid'"
    )
    assert await driver.scalar(released) == 0
