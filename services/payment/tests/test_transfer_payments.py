"""An invoice is paid by the amount that its payer was asked to transfer: by proof, by money that is recognised."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts import PaymentRejected, PaymentUploaded, PaymentVerified
from payment.incoming.commands import receive
from payment.incoming.rules import Received
from payment.ledger.consistency import wrong_bookings
from payment.ledger.rules import Channel
from payment.proofs.booking import book_missing_payments
from payment.transfers.queries import amount_paid_by
from testkit.clocks import ManualClock

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .statement_driver import Bank
from .transfer_driver import Transfers


@pytest.fixture
async def transfers(driver: PaymentDriver) -> Transfers:
    transfers = Transfers(driver)
    await transfers.offer()
    return transfers


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


async def is_booked_rightly(driver: PaymentDriver) -> bool:
    async with driver.database.read() as session:
        return await wrong_bookings(session) == []


async def the_payment(driver: PaymentDriver) -> dict[str, Any]:
    [payment] = await driver.rows("SELECT * FROM payments WHERE status <> 'rejected'")
    return payment


async def test_a_proof_over_the_payable_amount_pays_the_invoice(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    # given
    entry, payable = await transfers.register_and_ask()
    # when
    payment = await driver.upload_proof(entry, amount=f"{payable:.2f}")
    await driver.verify(payment)
    # then registration hears of the price
    [uploaded] = await driver.published_payloads(PaymentUploaded)
    [verified] = await driver.published_payloads(PaymentVerified)
    assert uploaded.amount == verified.amount == PRICE
    # and the ledger has what came in, and the price for the runner
    assert await bank.balances() == {
        "bank": f"{payable:.2f}",
        "rounding": f"{PRICE - payable:.2f}",
        "runners": "-150000.00",
    }
    [shown] = (await driver.invoice(entry))["payments"]
    assert (shown["amount"], shown["received"]) == ("150000.00", f"{payable:.2f}")
    assert await is_booked_rightly(driver)


async def test_a_proof_is_announced_with_what_it_is_over_if_that_is_not_the_price(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    # given
    asked, payable = await transfers.register_and_ask()
    unasked = await driver.register()
    # when
    await driver.upload_proof(asked, amount=f"{payable:.2f}")
    await driver.upload_proof(unasked)
    # then
    first, second = await driver.published_payloads(PaymentUploaded)
    assert (first.received, second.received) == (payable, None)


@pytest.mark.parametrize("over", ["payable", "price"])
async def test_a_rejected_transfer_is_announced_with_the_amount_to_transfer(
    driver: PaymentDriver, transfers: Transfers, over: str
) -> None:
    # given
    entry, payable = await transfers.register_and_ask()
    payment = await driver.upload_proof(entry, amount=f"{payable if over == 'payable' else PRICE:.2f}")
    # when
    await driver.reject(payment)
    # then
    [rejected] = await driver.published_payloads(PaymentRejected)
    assert (rejected.amount, rejected.payable_amount) == (PRICE, payable)
    assert await driver.republish(entry) == [rejected]


async def test_a_rejected_proof_of_another_method_or_without_such_an_amount_names_none(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    # given
    by_qris, _ = await transfers.register_and_ask()
    unasked = await driver.register()
    # when
    await driver.reject(await driver.upload_proof(by_qris, payment_method="qris"))
    await driver.reject(await driver.upload_proof(unasked))
    # then
    rejected = await driver.published_payloads(PaymentRejected)
    assert [each.payable_amount for each in rejected] == [None, None]


async def test_an_amount_above_the_price_is_booked_against_rounding(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    await transfers.offer(transfer_code="add")
    entry, payable = await transfers.register_and_ask()
    await driver.verify(await driver.upload_proof(entry, amount=f"{payable:.2f}"))
    assert await bank.balances() == {
        "bank": f"{payable:.2f}",
        "rounding": f"{PRICE - payable:.2f}",
        "runners": "-150000.00",
    }
    assert await is_booked_rightly(driver)


async def test_the_plain_amount_is_taken_as_well(driver: PaymentDriver, transfers: Transfers, bank: Bank) -> None:
    entry, _ = await transfers.register_and_ask()
    await driver.verify(await driver.upload_proof(entry))
    assert (await the_payment(driver))["received"] is None
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}


async def test_another_amount_is_refused_with_the_one_that_was_asked_for(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    entry, payable = await transfers.register_and_ask()
    _, of_another = await transfers.register_and_ask()
    for amount in (of_another, payable + Decimal("0.01"), PRICE + 1):
        refused = await driver.try_upload_proof(entry, amount=f"{amount:.2f}")
        assert refused.is_problem(409, "amount_mismatch")
        assert refused.body["expected"] == f"{payable:.2f}"
    assert driver.stored_images() == []


async def test_an_invoice_that_was_never_asked_for_takes_its_own_amount_only(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    entry = await driver.register()
    refused = await driver.try_upload_proof(entry, amount="149900.00")
    assert (refused.code, refused.body["expected"]) == ("amount_mismatch", "150000.00")


async def test_after_a_rejection_the_payer_is_asked_for_the_same_amount(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    entry, payable = await transfers.register_and_ask()
    await driver.reject(await driver.upload_proof(entry, amount=f"{payable:.2f}"))
    assert await transfers.payable(entry) == payable
    await driver.verify(await driver.upload_proof(entry, amount=f"{payable:.2f}"))
    assert (await the_payment(driver))["received"] == payable


async def test_what_an_older_process_books_is_over_what_came_in(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    # given a payment of which the release before knows the price only
    entry, payable = await transfers.register_and_ask()
    payment = await driver.upload_proof(entry, amount=f"{payable:.2f}")
    # when its process verifies and books it
    await driver.execute("UPDATE payments SET status = 'verified', verified_at = now(), verified_by = :id", id=uuid4())
    for _ in range(2):
        await driver.execute(
            "INSERT INTO movements (source, leg, kind, debit, credit, amount, currency, payment_id, occurred_at,"
            " recorded_at) SELECT 'payment:' || id, 1, 'payment', 'bank', 'runners', amount, currency, id, now(), now()"
            " FROM payments ON CONFLICT (source, leg) DO NOTHING"
        )
    # then
    assert (await the_payment(driver))["id"] == payment
    assert await bank.balances() == {
        "bank": f"{payable:.2f}",
        "rounding": f"{PRICE - payable:.2f}",
        "runners": "-150000.00",
    }
    # and what it left out is booked by the job in the same way
    await book_missing_payments(driver.database)
    assert await driver.scalar("SELECT count(*) FROM movements") == 2
    assert await is_booked_rightly(driver)


async def test_the_job_books_both_movements_that_an_older_process_left_out(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    entry, payable = await transfers.register_and_ask()
    await driver.upload_proof(entry, amount=f"{payable:.2f}")
    await driver.execute("UPDATE payments SET status = 'verified', verified_at = now(), verified_by = :id", id=uuid4())
    assert await book_missing_payments(driver.database) == 1
    assert (await bank.balances())["runners"] == "-150000.00"
    assert await is_booked_rightly(driver)


def transferred(entry: Entry, amount: Decimal, driver: PaymentDriver) -> Received:
    return Received(
        source=f"line:{uuid4()}",
        channel=Channel.STATEMENT,
        method="bank_transfer",
        amount=amount,
        currency="IDR",
        received_at=driver.clock(),
        registration_id=entry.id,
    )


async def receive_now(driver: PaymentDriver, money: Received) -> UUID | None:
    async with driver.database.work() as work:
        return await receive(work, money)


async def test_recognised_money_over_the_payable_amount_pays_the_invoice(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    entry, payable = await transfers.register_and_ask()
    paid = await receive_now(driver, transferred(entry, payable, driver))
    payment = await the_payment(driver)
    assert (payment["id"], payment["amount"], payment["received"]) == (paid, PRICE, payable)
    assert (await driver.invoice(entry))["status"] == "paid"
    assert (await bank.balances())["runners"] == "-150000.00"
    assert await is_booked_rightly(driver)
    # and a second transfer of it is surplus
    assert await receive_now(driver, transferred(entry, payable, driver)) is None
    assert [(each["kind"], each["amount"]) for each in await bank.kept()] == [("surplus", f"{payable:.2f}")]


async def test_money_over_the_amount_of_another_payer_is_kept(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    entry, _ = await transfers.register_and_ask()
    _, of_another = await transfers.register_and_ask()
    assert await receive_now(driver, transferred(entry, of_another, driver)) is None
    assert [each["kind"] for each in await bank.kept()] == ["unknown"]
    assert (await driver.invoice(entry))["status"] == "open"


async def test_a_line_over_a_unique_amount_is_sure_without_a_number(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    # given
    others = [await transfers.register_and_ask() for _ in range(3)]
    entry, payable = others[1]
    bank.receives("TRSF E-BANKING CR", payable)
    # when
    [line] = await bank.lines(await bank.upload())
    # then
    assert (line["tier"], line["kind"], line["reason"]) == (1, "accept", "unique_amount")
    assert [each["registration_id"] for each in line["proposals"]] == [str(entry.id)]
    # and accepted, it pays
    assert (await bank.accept(line["id"], entry))["state"] == "matched"
    assert (await the_payment(driver))["received"] == payable
    assert await is_booked_rightly(driver)


async def test_a_line_confirms_the_proof_over_a_unique_amount(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    entry, payable = await transfers.register_and_ask()
    await driver.verify(await driver.upload_proof(entry, amount=f"{payable:.2f}"))
    bank.receives("TRSF E-BANKING CR", payable)
    [line] = await bank.lines(await bank.upload())
    assert (line["tier"], line["kind"], line["reason"]) == (1, "accept", "confirms_payment")
    assert (await bank.accept(line["id"], entry))["state"] == "matched"
    assert await is_booked_rightly(driver)


async def test_kept_money_over_the_payable_amount_is_assigned_and_pays(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    entry, payable = await transfers.register_and_ask()
    bank.receives("TRSF", payable)
    [line] = await bank.uploaded_lines()
    (await bank.try_keep(line)).require(204)
    [money] = await bank.kept()
    body = {"registration_id": str(entry.id), "reason": "told by phone"}
    (await driver.call("POST", f"/surplus/{money['id']}/assign", by=driver.finance, json=body)).require(200)
    assert (await the_payment(driver))["received"] == payable
    balances = await bank.balances()
    assert (balances["unknown"], balances["runners"]) == ("0.00", "-150000.00")
    assert await is_booked_rightly(driver)


async def test_a_line_is_expected_over_what_the_proof_says(
    driver: PaymentDriver, transfers: Transfers, bank: Bank
) -> None:
    entry, _ = await transfers.register_and_ask()
    await driver.verify(await driver.upload_proof(entry))
    bank.receives(f"TRSF {entry.number}", PRICE)
    [line] = await bank.lines(await bank.upload())
    assert (line["tier"], line["reason"]) == (2, "confirms_payment")


async def test_a_line_from_before_the_amount_was_given_is_not_of_its_payer(
    driver: PaymentDriver, bank: Bank, clock: ManualClock
) -> None:
    # given
    early = await driver.register(hours=24 * 30)
    clock.advance(timedelta(days=5))
    payable = Decimal("149900.00")
    bank.receives("TRSF", payable)
    clock.advance(timedelta(days=5))
    await driver.execute(
        "INSERT INTO transfer_amounts (registration_id, amount, currency, code, payable_amount, created_at)"
        " VALUES (:id, 150000, 'IDR', 100, :payable, :now)",
        id=early.id,
        payable=payable,
        now=clock(),
    )
    # when
    [line] = await bank.lines(await bank.upload())
    # then
    assert line["kind"] != "accept"


async def test_whatever_the_status_the_amount_that_was_asked_for_is_recognised(
    driver: PaymentDriver, transfers: Transfers
) -> None:
    entry, payable = await transfers.register_and_ask()
    await driver.deliver(entry.expired())
    async with driver.database.read() as session:
        assert await amount_paid_by(session, entry.id, payable, "IDR") == PRICE
        assert await amount_paid_by(session, entry.id, PRICE) == PRICE
