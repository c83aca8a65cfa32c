"""A proof is verified at the price, and its payer has transferred the unique amount: the line confirms it."""

from decimal import Decimal
from uuid import UUID

import pytest
from payment.ledger.consistency import wrong_bookings
from payment.proofs.booking import book_missing_payments
from payment.reconciliation.figures import read_figures

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .reconciling import Books
from .refund_driver import RefundDesk
from .transfer_driver import Transfers


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


@pytest.fixture
async def transfers(driver: PaymentDriver) -> Transfers:
    transfers = Transfers(driver)
    await transfers.offer()
    return transfers


async def verified_at_price(
    driver: PaymentDriver, transfers: Transfers, books: Books, code: str = "subtract"
) -> tuple[Entry, UUID, UUID, Decimal]:
    """Return a registration, its payment, the line of what was transferred, and that amount."""
    await transfers.offer(transfer_code=code)
    entry, payable = await transfers.register_and_ask()
    payment = await driver.upload_proof(entry)
    await driver.verify(payment)
    books.bank.receives("TRSF E-BANKING CR", payable)
    [line] = await books.bank.uploaded_lines()
    return entry, payment, line, payable


async def is_booked_rightly(driver: PaymentDriver) -> bool:
    async with driver.database.read() as session:
        figures = await read_figures(session, now=driver.clock())
        return figures.booked_as_paid and await wrong_bookings(session) == []


@pytest.mark.parametrize("code", ["subtract", "add"])
async def test_the_line_confirms_the_payment_and_the_difference_is_rounding(
    driver: PaymentDriver, transfers: Transfers, books: Books, code: str
) -> None:
    # given
    entry, payment, line, payable = await verified_at_price(driver, transfers, books, code)
    assert payable != PRICE
    assert await books.bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}
    # when
    accepted = await books.bank.accept(line, entry)
    # then
    assert accepted == {"state": "matched", "payment_id": str(payment), "payment_ids": [str(payment)]}
    assert await books.bank.balances() == {
        "bank": f"{payable:.2f}",
        "rounding": f"{PRICE - payable:.2f}",
        "runners": "-150000.00",
    }
    second = next(each for each in await books.movements() if each["leg"] == 2)
    assert (second["source"], second["kind"]) == (f"payment:{payment}", "rounding")
    assert {second["debit"], second["credit"]} == {"bank", "rounding"}
    [shown] = (await driver.invoice(entry))["payments"]
    assert (shown["amount"], shown["received"]) == ("150000.00", f"{payable:.2f}")
    assert await is_booked_rightly(driver)
    assert (await books.differences(), await books.information()) == ([], [])


async def test_the_report_has_the_price_as_received_and_the_rest_as_rounding(
    driver: PaymentDriver, transfers: Transfers, books: Books
) -> None:
    entry, _, line, payable = await verified_at_price(driver, transfers, books)
    await books.bank.accept(line, entry)
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params={"group_by": "channel"})
    [row] = answer.require(200)["items"]
    assert (row["key"], row["payments"], row["received"]) == ("bank", 1, "150000.00")
    assert (row["rounding"], row["net"]) == (f"{payable - PRICE:.2f}", f"{payable:.2f}")


async def test_what_goes_back_is_what_came_in(driver: PaymentDriver, transfers: Transfers, books: Books) -> None:
    entry, payment, line, payable = await verified_at_price(driver, transfers, books)
    await books.bank.accept(line, entry)
    await driver.deliver(entry.cancelled(refund=payment))
    assert [each["amount"] for each in await driver.refunds()] == [f"{payable:.2f}"]
    await driver.mark_refunded(payment, "BCA 7")
    balances = await books.bank.balances()
    assert balances == {"bank": "0.00", "rounding": f"{PRICE - payable:.2f}", "runners": f"{payable - PRICE:.2f}"}


async def test_a_payment_that_an_older_release_did_not_book_is_booked_over_what_came_in(
    driver: PaymentDriver, transfers: Transfers, books: Books
) -> None:
    # given
    entry, _, line, payable = await verified_at_price(driver, transfers, books)
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    await driver.execute("DELETE FROM movements")
    await driver.execute("UPDATE payments SET booked = false")
    # when
    await books.bank.accept(line, entry)
    await book_missing_payments(driver.database)
    # then
    assert (await books.bank.balances())["bank"] == f"{payable:.2f}"
    assert await is_booked_rightly(driver)


async def test_it_is_refused_if_more_goes_back_already(
    driver: PaymentDriver, transfers: Transfers, books: Books
) -> None:
    entry, payment, line, _ = await verified_at_price(driver, transfers, books)
    await RefundDesk(driver).ask(payment, "150000.00")
    refused = await books.bank.try_accept(line, entry)
    assert refused.is_problem(409, "amount_mismatch")
    assert await books.bank.states() == ["open"]


async def test_any_other_amount_is_refused(driver: PaymentDriver, transfers: Transfers, books: Books) -> None:
    entry, _, _, payable = await verified_at_price(driver, transfers, books)
    books.bank.receives("TRSF", payable - 1)
    [line] = await books.bank.uploaded_lines()
    refused = await books.bank.try_accept(line, entry)
    assert refused.is_problem(409, "amount_mismatch")
    assert refused.body["expected"] == "150000.00"
    assert "must be Rp 150,000." in refused.body["detail"]
    assert await books.bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}


async def test_one_transfer_of_a_unique_amount_and_a_price_confirms_both(
    driver: PaymentDriver, transfers: Transfers, books: Books
) -> None:
    # given
    one, payable = await transfers.register_and_ask()
    two = await driver.register()
    for entry in (one, two):
        await driver.verify(await driver.upload_proof(entry))
    books.bank.receives("TRSF", payable + PRICE)
    [line] = await books.bank.uploaded_lines()
    # when
    accepted = (await books.bank.try_accept_sum(line, one, two)).require(200)
    # then
    assert len(accepted["payment_ids"]) == 2
    assert (await books.bank.balances())["bank"] == f"{payable + PRICE:.2f}"
    assert await is_booked_rightly(driver)


async def test_a_second_line_of_that_amount_is_surplus(
    driver: PaymentDriver, transfers: Transfers, books: Books
) -> None:
    entry, _, line, payable = await verified_at_price(driver, transfers, books)
    await books.bank.accept(line, entry)
    books.bank.receives("TRSF LAGI", payable)
    [again] = await books.bank.uploaded_lines()
    assert (await books.bank.accept(again, entry))["state"] == "kept"
    assert (await books.bank.balances())["surplus"] == f"{-payable:.2f}"
    assert await is_booked_rightly(driver)
