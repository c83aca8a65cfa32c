"""Refunds that an older release booked by their sum are not booked again when a report lists them by key."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from payment.charges import given_back
from payment.gateways import midtrans
from payment.ledger.commands import record
from payment.ledger.consistency import wrong_bookings
from payment.ledger.rules import Account, Entry, Kind
from simulators.midtrans.forms import RefundForm

from .kept_driver import KeptMoney
from .midtrans_driver import Gateway
from .payment_driver import PaymentDriver
from .payment_events import Entry as Registration
from .reconciling import Books
from .refund_driver import GatewayRefunds


async def booked_by_sum(
    driver: PaymentDriver, entry: Registration, *sums: int, out_of: Account = Account.RUNNERS
) -> None:
    """Book what the gateway refunded in all, as the older release did: a movement for what each sum grew by."""
    charge: UUID = await driver.scalar("SELECT id FROM charges WHERE registration_id = :id", id=entry.id)
    async with driver.database.work() as work:
        for before, now in zip((0, *sums), sums, strict=False):
            booking = Entry(
                source=f"charge:{charge}:refund:{now:.2f}",
                kind=Kind.REFUND,
                debit=out_of,
                credit=Account.MIDTRANS,
                amount=Decimal(now - before),
                currency="IDR",
                occurred_at=work.now,
                registration_id=entry.id,
            )
            await record(work, booking)
    await driver.execute("UPDATE charges SET refunded = :sum WHERE id = :id", sum=Decimal(sums[-1]), id=charge)


async def made_there(gateway: Gateway, order: str, *amounts: int) -> None:
    for amount in amounts:
        await gateway.account.refund(order, RefundForm(refund_key=None, amount=amount, reason="by hand"))


async def is_in_order(driver: PaymentDriver) -> bool:
    channels = (await Books(driver).reconcile())["channels"]
    async with driver.database.read() as session:
        return await wrong_bookings(session) == [] and {each["difference"] for each in channels} == {"0.00"}


@pytest.mark.parametrize("sums", [(50_000, 80_000), (80_000,)], ids=["one by one", "two in one sum"])
async def test_refunds_of_a_payment_become_rows_and_are_booked_once(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, sums: tuple[int, ...]
) -> None:
    # given
    entry, payment, order = await refunds.paid()
    await made_there(gateway, order, 50_000, 30_000)
    await booked_by_sum(driver, entry, *sums)
    assert await gateway.balances() == {"midtrans": "70000.00", "runners": "-70000.00"}
    # when later reports list them by key
    for _ in range(3):
        await refunds.confirmed(order)
    # then
    assert await gateway.balances() == {"midtrans": "70000.00", "runners": "-70000.00"}
    rows = sorted((each["amount"], each["state"], each["origin"]) for each in await driver.refunds())
    assert rows == [("30000.00", "done", "gateway"), ("50000.00", "done", "gateway")]
    too_much = await refunds.desk.try_ask(payment, "70000.01")
    assert too_much.is_problem(409, "refund_exceeds_payment")
    assert await is_in_order(driver)
    report = await driver.call("GET", "/reports/financial", by=driver.finance)
    [total] = report.require(200)["totals"]
    assert (total["refund_count"], total["refunds"]) == (2, "80000.00")


@pytest.mark.parametrize("amount", [150_000, 50_000])
async def test_kept_money_that_went_back_then_is_booked_once(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney, amount: int
) -> None:
    # given
    entry, money, order = await kept.second_payment()
    await made_there(gateway, order, amount)
    await booked_by_sum(driver, entry, amount, out_of=Account.SURPLUS)
    balances = await gateway.balances()
    # when
    for _ in range(2):
        await kept.next_day()
    # then
    assert await gateway.balances() == balances
    shown = await kept.show(money)
    expected = ("refunded", "0.00") if amount == 150_000 else ("open", "50000.00")
    assert (shown["state"], shown["gone_back"]) == expected
    assert await is_in_order(driver)


async def test_a_sum_that_is_reported_without_keys_stays_as_it_was_booked(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    entry, _, _ = await refunds.paid()
    await booked_by_sum(driver, entry, 50_000)
    await refunds.ask(after=timedelta(days=1, minutes=1))
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}
    assert len(await Books(driver).movements(kind="refund")) == 1


async def test_what_a_sum_without_keys_grew_by_is_booked_beside_it(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    entry, _, order = await refunds.paid()
    await made_there(gateway, order, 50_000, 30_000)
    await booked_by_sum(driver, entry, 50_000)
    # when reports name no refunds
    monkeypatch.setattr(midtrans, "_refunds", lambda _: iter(()))
    for _ in range(2):
        await refunds.confirmed(order)
    # then
    assert await gateway.balances() == {"midtrans": "70000.00", "runners": "-70000.00"}
    assert [each["amount"] for each in await driver.refunds()] == ["30000.00"]
    assert await is_in_order(driver)


async def test_without_the_opposite_movements_they_would_be_booked_twice(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    async def nothing(*_: object) -> None: ...

    entry, _, order = await refunds.paid()
    await made_there(gateway, order, 50_000)
    await booked_by_sum(driver, entry, 50_000)
    monkeypatch.setattr(given_back, "_take_back_sums", nothing)
    await refunds.confirmed(order)
    assert await gateway.balances() == {"midtrans": "50000.00", "runners": "-50000.00"}
