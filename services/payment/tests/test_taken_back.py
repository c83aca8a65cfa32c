"""Money that a bank took back is not sent out again: kept money is settled, and a payment gives back less."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.migrations import downgrade, upgrade
from contracts import RefundDue
from payment.charges.taken_back import store_missing_taken_back
from payment.ledger.commands import record
from payment.ledger.consistency import wrong_bookings
from payment.ledger.rules import Account, Entry, Kind
from payment.refunds.commands import lock_payment
from testkit.polling import eventually

from .kept_driver import KeptMoney
from .midtrans_driver import Gateway
from .payment_driver import PaymentDriver
from .reconciling import Books
from .refund_driver import GatewayRefunds

BOTH = pytest.mark.parametrize("takes_back", ["reverse", "charge_back"])


async def is_in_order(driver: PaymentDriver) -> bool:
    """Return whether movements are as their facts say, and no channel differs from them."""
    channels = (await Books(driver).reconcile())["channels"]
    async with driver.database.read() as session:
        return await wrong_bookings(session) == [] and {each["difference"] for each in channels} == {"0.00"}


@BOTH
async def test_kept_money_is_settled(driver: PaymentDriver, gateway: Gateway, kept: KeptMoney, takes_back: str) -> None:
    # given
    entry, money, order = await kept.second_payment()
    # when
    await getattr(gateway.account, takes_back)(order)
    for _ in range(2):
        await kept.next_day()
    # then
    shown = await kept.show(money)
    assert (shown["state"], shown["way"], shown["left"]) == ("refunded", "gateway", "0.00")
    assert shown["reason"] == "The bank or the payment gateway took it back."
    for action, body in (("refund", {"reason": "x"}), ("assign", {"reason": "x", "registration_id": str(entry.id)})):
        assert (await kept.do(money, action, by=None, **body)).is_problem(409, "money_decided")
    balances = await gateway.balances()
    assert balances == {"bank": "150000.00", "midtrans": "0.00", "runners": "-150000.00", "surplus": "0.00"}
    assert await is_in_order(driver)


async def test_kept_money_that_is_to_go_back_is_settled_with_what_went_back_before(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    money, order = await kept.owed()
    await kept.made_there(order, 50_000)
    await kept.next_day()
    await gateway.account.charge_back(order)
    await kept.next_day()
    assert (await kept.do(money, "refunded", reference="BCA 7")).is_problem(409, "no_refund_due")
    shown = await kept.show(money)
    assert (shown["state"], shown["reason"], shown["left"]) == ("refunded", "paid twice", "0.00")
    assert await is_in_order(driver)


async def test_kept_money_that_a_person_had_sent_back_is_booked_as_gone_twice(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    money, order = await kept.owed()
    (await kept.do(money, "refunded", reference="BCA 7")).require(204)
    await gateway.account.charge_back(order)
    await kept.next_day()
    shown = await kept.show(money)
    assert (shown["state"], shown["refund_reference"]) == ("refunded", "BCA 7")
    balances = await gateway.balances()
    assert balances == {"bank": "0.00", "midtrans": "0.00", "runners": "-150000.00", "surplus": "150000.00"}


@BOTH
async def test_nothing_of_a_payment_is_left_to_give_back(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, takes_back: str
) -> None:
    # given
    entry, payment, order = await refunds.paid()
    await getattr(gateway.account, takes_back)(order)
    await refunds.confirmed(order)
    # when
    refused = await refunds.desk.try_ask(payment, "1000.00")
    # then
    assert refused.is_problem(409, "refund_exceeds_payment")
    assert refused.body["refundable"] == "0.00"
    # and a registration that is cancelled causes no refund
    event = await driver.deliver(entry.cancelled(refund=payment))
    await driver.redeliver(event)
    assert await driver.refunds() == []
    assert await driver.published(RefundDue) == []
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_a_refund_that_was_due_is_not_completed_and_can_be_cancelled(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    _, payment, order = await refunds.owed()
    await gateway.account.charge_back(order)
    await refunds.confirmed(order)
    # when
    for action, body in (("done", {"reference": "BCA 7"}), ("send", {})):
        refused = await refunds.desk.do(str(payment), action, by=None, **body)
        # then
        assert refused.is_problem(409, "refund_exceeds_payment")
        assert refused.body["refundable"] == "0.00"
    (await refunds.desk.do(str(payment), "cancel", reason="The bank took it back.")).require(204)
    assert (await refunds.desk.show(str(payment)))["state"] == "cancelled"


async def test_what_the_gateway_gave_back_before_is_not_counted_twice(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    entry, payment, order = await refunds.paid()
    part = await refunds.desk.ask(payment, "50000.00")
    (await refunds.desk.do(part, "send")).require(202)
    await gateway.account.charge_back(order)
    await refunds.confirmed(order)
    assert await driver.scalar("SELECT taken_back FROM payments") == 100_000
    assert [each["taken_back"] for each in (await driver.invoice(entry))["payments"]] == ["100000.00"]
    assert (await refunds.desk.show(part))["state"] == "done"
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_what_was_taken_back_before_is_known_after_the_migration(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, kept: KeptMoney
) -> None:
    # given one payment, one of kept money that was assigned, and one of which the money stayed
    _, payment, order = await refunds.paid()
    _, untouched, _ = await refunds.paid()
    _, money, second = await kept.second_payment()
    other = await driver.register()
    answer = await kept.do(money, "assign", registration_id=str(other.id), reason="for a friend")
    assigned = answer.require(200)["payment_id"]
    for each in (order, second):
        await gateway.account.charge_back(each)
    await kept.next_day()
    # when
    for step, to in ((downgrade, "0031"), (upgrade, "0032"), (upgrade, "head")):
        await driver.database.engine.dispose()
        await asyncio.to_thread(step, driver.settings.database_url, "payment", to)
    # then
    rows = {str(row["id"]): row["taken_back"] for row in await driver.rows("SELECT id, taken_back FROM payments")}
    taken = {str(payment): Decimal(150_000), assigned: Decimal(150_000), str(untouched): Decimal(0)}
    assert {each: rows[each] for each in taken} == taken


async def test_what_an_older_release_only_booked_is_stored_later(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, kept: KeptMoney
) -> None:
    # given a payment, and one of kept money that was assigned
    _, payment, order = await refunds.paid()
    _, money, second = await kept.second_payment()
    other = await driver.register()
    answer = await kept.do(money, "assign", registration_id=str(other.id), reason="for a friend")
    assigned = answer.require(200)["payment_id"]
    for each in (order, second):
        await gateway.account.charge_back(each)
    await kept.next_day()
    await driver.execute("UPDATE payments SET taken_back = 0")
    # when
    first, again = [await store_missing_taken_back(driver.database) for _ in range(2)]
    # then
    assert (first, again) == (2, 0)
    for payment_id in (payment, assigned):
        assert await driver.scalar("SELECT taken_back FROM payments WHERE id = :id", id=payment_id) == 150_000
    assert await is_in_order(driver)


async def test_what_is_booked_meanwhile_is_in_the_sum_that_is_stored(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given a process that books a second part after the sums were read
    entry, payment, _ = await refunds.paid()
    charge = await driver.scalar("SELECT id FROM charges")
    await book(driver, entry.id, charge, 50_000)
    async with driver.database.work() as work:
        held = await lock_payment(work, payment)
        assert held is not None
        storing = asyncio.create_task(store_missing_taken_back(driver.database))
        await eventually(lambda: waits_for_a_lock(driver))
        await book(driver, entry.id, charge, 20_000)
        held.taken_back = Decimal(70_000)
    assert await storing == 1
    assert await driver.scalar("SELECT taken_back FROM payments") == 70_000


async def waits_for_a_lock(driver: PaymentDriver) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(await driver.scalar(waiting))


async def book(driver: PaymentDriver, registration: UUID, charge: UUID, amount: int) -> None:
    """Book a part that was taken back, as a process of the release before did."""
    async with driver.database.work() as work:
        entry = Entry(
            source=f"charge:{charge}:chargeback:{amount}.00",
            kind=Kind.CHARGEBACK,
            debit=Account.RUNNERS,
            credit=Account.MIDTRANS,
            amount=Decimal(amount),
            currency="IDR",
            occurred_at=work.now,
            registration_id=registration,
        )
        await record(work, entry)


@pytest.mark.parametrize("change", ["SET taken_back = 0", "SET taken_back = taken_back + 1"])
async def test_the_doctor_compares_it_with_what_was_booked(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, change: str
) -> None:
    # given one that was taken back, and one of which nothing was
    _, payment, order = await refunds.paid()
    _, untouched, _ = await refunds.paid()
    await gateway.account.charge_back(order)
    await refunds.confirmed(order)
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER USER")
    await driver.execute("UPDATE movements SET recorded_at = now() - interval '16 minutes'")
    # when
    await driver.execute(f"UPDATE payments {change}")
    # then
    async with driver.database.read() as session:
        wrong = {(each.source, each.expected, each.booked) for each in await wrong_bookings(session)}
    rows = await driver.rows("SELECT id, source, taken_back FROM payments")
    found = {row["id"]: (row["source"], row["taken_back"]) for row in rows}
    expected: set[tuple[Any, ...]] = {(*found[payment], Decimal(150_000))}
    if found[untouched][1]:
        expected.add((*found[untouched], None))
    assert wrong == expected
