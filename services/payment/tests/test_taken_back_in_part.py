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
from simulators.midtrans.modes import Mode

from .kept_driver import KeptMoney
from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver
from .reconciling import Books
from .refund_driver import GatewayRefunds

PRICE = Decimal(150_000)


def part(name: str, amount: str = "50000.00") -> dict[str, str]:
    """Return an entry of a status's list for what was not asked for with a key."""
    return {"refund_chargeback_uuid": name, "refund_amount": amount}


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


async def report(gateway: Gateway, order: str, **said: Any) -> None:
    """Apply a status by which a part was charged back, unless `said` is otherwise; twice, as it is asked for daily."""
    driver = gateway.driver
    body = {**gateway.account.status(order), "transaction_status": "partial_chargeback", **said}
    [charge] = await driver.rows("SELECT id FROM charges WHERE order_id = :order", order=order)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    async with httpx.AsyncClient(transport=transport) as http:
        status = await Midtrans(base_url="http://midtrans.test", server_key="x", http=http).status(order)
    for _ in range(2):
        async with driver.database.work() as work:
            await apply_report(work, charge["id"], status, merchant_id=None)


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
    await report(gateway, order, refund_amount="50000.00")
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
    await report(gateway, order)
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
    await report(gateway, order)
    assert await taken_back(driver, payment) == 0
    # when it does
    await report(gateway, order, refund_amount="60000.00")
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
        await report(gateway, order, refund_amount=sum_of_all)
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
    await report(gateway, order, refund_amount="50000.00", refunds=[part("c-1")])
    assert await driver.refunds() == []
    assert await taken_back(driver, payment) == 50_000


async def test_a_first_report_of_a_charge_books_its_money_and_the_part(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.account.pay(charge["order_id"], PAYER)
    await report(gateway, charge["order_id"], refund_amount="50000.00")
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}


async def test_of_kept_money_the_part_went_back(driver: PaymentDriver, gateway: Gateway, books: Books) -> None:
    kept = KeptMoney(gateway)
    _, money, order = await kept.second_payment()
    await report(gateway, order, refund_amount="50000.00")
    assert (await kept.show(money))["left"] == "100000.00"
    [found] = [each for each in (await books.channel("midtrans"))["items"] if each["severity"] == "difference"]
    assert (found["kind"], found["amount"]) == ("charge_partly_taken_back", None)
    driver.clock.advance(timedelta(days=1))
    assert await is_in_order(driver)


@pytest.mark.parametrize("word", ["partial_refund", "settlement"])
async def test_a_listed_part_is_no_refund_later_either(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, books: Books, word: str
) -> None:
    # given
    _, payment, order = await refunds.paid()
    first, second = part("c-1"), part("c-2", "100000.00")
    await report(gateway, order, refund_amount="50000.00", refunds=[first])
    # when the status has another word
    await report(gateway, order, transaction_status=word, refund_amount="50000.00", refunds=[first])
    # then
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}
    assert await books.differences() == ["charge_partly_taken_back"]
    # when the rest is taken back
    await report(gateway, order, transaction_status="chargeback", refund_amount="150000.00", refunds=[first, second])
    # then
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    assert await taken_back(driver, payment) == PRICE
    assert await driver.refunds() == []
    assert await driver.published(RefundDone) == []
    assert await is_in_order(driver)


async def test_what_a_later_status_adds_without_a_key_counts_as_taken_back(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.paid()
    await report(gateway, order, refund_amount="50000.00", refunds=[part("c-1")])
    both = [part("c-1"), part("c-2", "30000.00")]
    await report(gateway, order, transaction_status="partial_refund", refund_amount="80000.00", refunds=both)
    assert await taken_back(driver, payment) == 80_000
    assert await driver.refunds() == []
    assert await gateway.balances() == {"midtrans": "70000.00", "runners": "-70000.00"}
    assert await is_in_order(driver)


@pytest.mark.parametrize("is_listed", [True, False])
async def test_a_refund_that_was_asked_for_is_done_beside_a_part_that_was_taken_back(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, is_listed: bool
) -> None:
    _, payment, order = await refunds.paid()
    await report(gateway, order, refund_amount="50000.00")
    asked = await refunds.desk.ask(payment, "20000.00")
    gateway.behaves(Mode.DOWN)
    (await refunds.desk.do(asked, "send")).require(202)
    gateway.behaves(Mode.OK)
    ours = {"refund_key": asked["refund_id"], "refund_amount": "20000.00", "bank_confirmed_at": "2026-08-03 10:00:00"}
    listed: dict[str, Any] = {"refunds": [part("c-1"), ours]} if is_listed else {}
    await report(gateway, order, transaction_status="partial_refund", refund_amount="70000.00", **listed)
    assert (await refunds.desk.show(asked))["state"] == "done"
    assert await taken_back(driver, payment) == 50_000
    assert await gateway.balances() == {"midtrans": "80000.00", "runners": "-80000.00"}
    assert await is_in_order(driver)


async def test_all_that_is_charged_back_is_no_refund_though_the_status_has_its_sum(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.paid()
    await report(gateway, order, transaction_status="chargeback", refund_amount="150000.00")
    assert await taken_back(driver, payment) == PRICE
    assert await driver.refunds() == []
    assert await driver.published(RefundDone) == []
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    assert await is_in_order(driver)


async def test_what_was_refunded_beyond_the_payment_is_not_charged_back_again(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given a part by hand, and more there than what is left: it has no row
    _, payment, order = await refunds.paid()
    (await refunds.desk.done(await refunds.desk.ask(payment, "60000.00"))).require(204)
    await KeptMoney(gateway).made_there(order, 100_000)
    await refunds.confirmed(order)
    assert await gateway.balances() == {"midtrans": "50000.00", "runners": "10000.00", "bank": "-60000.00"}
    # when
    await gateway.account.charge_back(order)
    await refunds.confirmed(order)
    # then
    assert await taken_back(driver, payment) == 50_000
    assert (await gateway.balances())["midtrans"] == "0.00"


async def test_what_was_beyond_the_payment_is_booked_once_when_it_is_not_any_more(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.paid()
    due = await refunds.desk.ask(payment, "100000.00")
    await KeptMoney(gateway).made_there(order, 80_000)
    await refunds.confirmed(order)
    (await refunds.desk.do(due, "cancel", reason="It was made there.")).require(204)
    await refunds.confirmed(order)
    assert await gateway.balances() == {"midtrans": "70000.00", "runners": "-70000.00"}
    assert sorted(each["state"] for each in await driver.refunds()) == ["cancelled", "done"]
    assert await is_in_order(driver)


async def test_a_refund_that_is_open_beside_it_can_be_replaced_by_a_smaller_one(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    _, payment, order = await refunds.owed()
    await report(gateway, order, refund_amount="50000.00")
    # when
    refused = await refunds.desk.done(str(payment))
    # then
    assert refused.is_problem(409, "refund_exceeds_payment")
    assert refused.body["refundable"] == "100000.00"
    (await refunds.desk.do(str(payment), "cancel", reason="The bank took a part.")).require(204)
    (await refunds.desk.done(await refunds.desk.ask(payment, "100000.00"))).require(204)


async def test_it_is_shown_for_a_month_after_the_last_change(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, books: Books
) -> None:
    _, _, order = await refunds.paid()
    await report(gateway, order, refund_amount="50000.00")
    since = await driver.scalar("SELECT updated_at FROM charges")
    for days, shown in ((20, ["charge_partly_taken_back"]), (11, [])):
        driver.clock.advance(timedelta(days=days))
        await report(gateway, order, refund_amount="50000.00")
        assert await driver.scalar("SELECT updated_at FROM charges") == since
        assert [kind for kind in await books.differences() if kind.startswith("charge")] == shown
