"""The fee of a charge is booked by a settlement report or with a payout, and not by both."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from payment.gateway_reports import commands
from payment.gateway_reports.queries import last_fee_payout
from payment.gateway_reports.rules import FeePayout
from sqlalchemy.ext.asyncio import AsyncSession

from .gateway_report_driver import Reports
from .midtrans_driver import gateway_beside
from .payment_driver import PaymentDriver


@pytest.fixture
async def reports(driver: PaymentDriver) -> AsyncIterator[Reports]:
    async with gateway_beside(driver) as gateway:
        yield Reports(gateway)


async def test_a_fee_that_a_payout_contains_is_booked_once_the_payout_is_taken_back(reports: Reports) -> None:
    # given a payout that was recorded with its fee
    _, charge = await reports.paid()
    line = await reports.books.payout("148950.00", "1050.00")
    # when
    item = await reports.difference(reports.row(charge))
    # then
    assert (item["kind"], item["line_id"]) == ("fee_in_payout", str(line))
    assert (await reports.gateway.balances())["fees"] == "1050.00"
    # and
    (await reports.books.bank.try_undo(line)).require(204)
    (await reports.books.try_payout(line, "midtrans", "0.00")).require(204)
    assert (await reports.upload(reports.row(charge)))["booked"] == 1
    assert await reports.gateway.balances() == {
        "bank": "148950.00",
        "fees": "1050.00",
        "midtrans": "0.00",
        "runners": "-150000.00",
    }
    assert await reports.are_in_order()


async def test_a_payout_with_the_fee_that_a_report_has_booked_is_refused(reports: Reports) -> None:
    # given
    _, charge = await reports.paid()
    await reports.upload(reports.row(charge))
    reports.books.bank.receives("CR MIDTRANS", Decimal(148_950))
    [line] = await reports.books.bank.uploaded_lines()
    # when
    refused = await reports.books.try_payout(line, "midtrans", "1050.00")
    # then
    assert refused.is_problem(409, "fees_of_charges")
    assert (await reports.gateway.balances())["fees"] == "1050.00"
    # and the other acquirer has fees of its own
    (await reports.books.try_payout(line, "qris", "1.00")).require(204)
    (await reports.books.bank.try_undo(line)).require(204)
    (await reports.books.try_payout(line, "midtrans", "0.00")).require(204)
    assert await reports.are_in_order()


async def test_a_payout_of_an_earlier_day_keeps_its_fee(driver: PaymentDriver, reports: Reports) -> None:
    reports.books.bank.receives("CR MIDTRANS", Decimal(148_950))
    [line] = await reports.books.bank.uploaded_lines()
    driver.clock.advance(timedelta(days=1))
    _, charge = await reports.paid()
    await reports.upload(reports.row(charge))
    (await reports.books.try_payout(line, "midtrans", "1050.00")).require(204)


async def test_a_report_and_a_payout_with_a_fee_at_once_book_one_of_both(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a comparison that has seen that there is no payout with a fee
    _, charge = await reports.paid()
    reports.books.bank.receives("CR MIDTRANS", Decimal(148_950))
    [line] = await reports.books.bank.uploaded_lines()
    looked, go_on, look = asyncio.Event(), asyncio.Event(), last_fee_payout

    async def look_and_wait(session: AsyncSession) -> FeePayout | None:
        found = await look(session)
        looked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(commands, "last_fee_payout", look_and_wait)
    # when
    comparison = asyncio.create_task(reports.try_upload(reports.row(charge)))
    await looked.wait()
    payout = asyncio.create_task(reports.books.try_payout(line, "midtrans", "1050.00"))
    await lock_is_waited_for(reports.driver, payout)
    go_on.set()
    # then
    assert (await comparison).require(201)["booked"] == 1
    assert (await payout).is_problem(409, "fees_of_charges")


async def lock_is_waited_for(driver: PaymentDriver, task: asyncio.Task[Any]) -> None:
    """Return once a transaction waits for an advisory lock, or the task is done."""
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(10):
        while not task.done() and not await driver.scalar(waits):
            await asyncio.wait([task], timeout=0.02)


async def test_what_was_settled_after_the_last_payout_with_a_fee_is_booked(
    driver: PaymentDriver, reports: Reports
) -> None:
    await reports.paid()
    await reports.books.payout("148950.00", "1050.00")
    driver.clock.advance(timedelta(days=1))
    _, charge = await reports.paid()
    assert (await reports.upload(reports.row(charge)))["booked"] == 1
    assert await reports.are_in_order()
