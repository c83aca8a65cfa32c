"""A bank took a part of a payment back: only that is booked, and nothing while Midtrans does not say how much."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from contracts import RefundDone
from payment.charges.reports import apply_report
from payment.gateways.midtrans import Midtrans
from payment.ledger.consistency import wrong_bookings

from .kept_driver import KeptMoney
from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver
from .reconciling import Books
from .refund_driver import GatewayRefunds

PRICE = Decimal(150_000)


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


async def hear(gateway: Gateway, order: str, **said: Any) -> None:
    """Let payment hear that a part was charged back, in a status that says this besides; twice, as it asks daily."""
    driver = gateway.driver
    body = {**gateway.account.status(order), "transaction_status": "partial_chargeback", **said}
    [charge] = await driver.rows("SELECT id FROM charges WHERE order_id = :order", order=order)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    async with httpx.AsyncClient(transport=transport) as http:
        report = await Midtrans(base_url="http://midtrans.test", server_key="x", http=http).status(order)
    for _ in range(2):
        async with driver.database.work() as work:
            await apply_report(work, charge["id"], report, merchant_id=None)


async def taken_back(driver: PaymentDriver, payment: UUID) -> Decimal:
    return Decimal(await driver.scalar("SELECT taken_back FROM payments WHERE id = :id", id=payment))


async def is_in_order(driver: PaymentDriver) -> bool:
    """Return whether movements are as their facts say, and no channel differs from them."""
    channels = (await Books(driver).reconcile())["channels"]
    async with driver.database.read() as session:
        return await wrong_bookings(session) == [] and {each["difference"] for each in channels} == {"0.00"}


async def test_the_part_that_the_report_names_is_booked_and_no_more(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, books: Books
) -> None:
    # given
    entry, payment, order = await refunds.paid()
    # when
    await hear(gateway, order, refund_amount="50000.00")
    # then
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}
    assert await taken_back(driver, payment) == 50_000
    assert await is_in_order(driver)
    # and it is no refund, the registration stays, and a person sees it
    assert await driver.refunds() == []
    assert await driver.published(RefundDone) == []
    assert (await driver.invoice(entry))["status"] == "paid"
    [charge] = await gateway.charges_of(entry)
    assert charge["status"] == "paid"
    found = (await books.channel("midtrans"))["items"]
    assert [(each["kind"], each["amount"]) for each in found if each["severity"] == "difference"] == [
        ("charge_partly_taken_back", "50000.00")
    ]
    # and only the rest can be given back
    refused = await refunds.desk.try_ask(payment, "100001.00")
    assert refused.body["refundable"] == "100000.00"


async def test_without_an_amount_nothing_is_booked_and_a_person_sees_it(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, books: Books
) -> None:
    entry, payment, order = await refunds.paid()
    before = await gateway.balances()
    await hear(gateway, order)
    assert await gateway.balances() == before
    assert await taken_back(driver, payment) == 0
    assert (await driver.invoice(entry))["status"] == "paid"
    assert await books.differences() == ["charge_partly_taken_back"]
    [found] = [each for each in (await books.channel("midtrans"))["items"] if each["severity"] == "difference"]
    assert (found["amount"], found["reference"], found["who"]) == (None, order, "admin")
    await driver.deliver(entry.cancelled())
    assert await books.differences() == []


async def test_what_was_refunded_before_is_not_counted_as_charged_back(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given a refund that was asked for from here, and one that was made at the gateway
    _, payment, order = await refunds.paid()
    part = await refunds.desk.ask(payment, "20000.00")
    (await refunds.desk.do(part, "send")).require(202)
    await KeptMoney(gateway).made_there(order, 30_000)
    await refunds.confirmed(order)
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}
    # when the status says nothing new, it is not known how much was taken back
    await hear(gateway, order)
    assert await taken_back(driver, payment) == 0
    # when it does
    await hear(gateway, order, refund_amount="60000.00")
    # then
    assert await taken_back(driver, payment) == 10_000
    assert len(await driver.refunds()) == 2
    assert await gateway.balances() == {"midtrans": "90000.00", "runners": "-90000.00"}
    assert await is_in_order(driver)


async def test_what_grows_is_booked_once_and_the_rest_when_all_is_charged_back(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.paid()
    for sum_of_all in ("50000.00", "70000.00", "50000.00"):
        await hear(gateway, order, refund_amount=sum_of_all)
    assert await taken_back(driver, payment) == 70_000
    assert await gateway.balances() == {"midtrans": "80000.00", "runners": "-80000.00"}
    await gateway.account.charge_back(order)
    await refunds.confirmed(order)
    assert await taken_back(driver, payment) == PRICE
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    assert await is_in_order(driver)


async def test_a_listed_part_that_was_not_asked_for_is_no_refund(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.paid()
    listed = [{"refund_chargeback_id": 1, "refund_chargeback_uuid": "c-1", "refund_amount": "50000.00"}]
    await hear(gateway, order, refund_amount="50000.00", refunds=listed)
    assert await driver.refunds() == []
    assert await taken_back(driver, payment) == 50_000


async def test_a_first_report_of_a_charge_books_its_money_and_the_part(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.account.pay(charge["order_id"], PAYER)
    await hear(gateway, charge["order_id"], refund_amount="50000.00")
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}


async def test_of_kept_money_the_part_went_back(driver: PaymentDriver, gateway: Gateway, books: Books) -> None:
    kept = KeptMoney(gateway)
    _, money, order = await kept.second_payment()
    await hear(gateway, order, refund_amount="50000.00")
    assert (await kept.show(money))["left"] == "100000.00"
    found = {each["kind"]: each["amount"] for each in (await books.channel("midtrans"))["items"]}
    assert found["charge_partly_taken_back"] == "50000.00"
    driver.clock.advance(timedelta(days=1))
    assert await is_in_order(driver)
