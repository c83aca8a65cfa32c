"""The ledger: each fact has its movements, written with it, and they are never changed."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role, Staff
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind
from payment.proofs.booking import book_missing_payments
from payment.refunds.booking import book_missing_refunds
from payment.review.commands import apply_held_decisions, verify_payment
from sqlalchemy.exc import IntegrityError

from .payment_driver import PRICE, PaymentDriver


async def balances(driver: PaymentDriver, **params: str) -> dict[str, str]:
    answer = await driver.call("GET", "/ledger/balances", by=driver.finance, params=params)
    return {each["account"]: each["balance"] for each in answer.require(200)["accounts"]}


async def movements(driver: PaymentDriver, **params: str) -> dict[str, Any]:
    answer = await driver.call("GET", "/ledger/movements", by=driver.finance, params=params)
    body: dict[str, Any] = answer.require(200)
    return body


async def test_a_verified_payment_and_its_refund_are_booked(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    assert await balances(driver) == {"bank": "150000.00", "runners": "-150000.00"}
    # when
    await driver.deliver(entry.cancelled(refund=payment))
    await driver.mark_refunded(payment, "BCA 7")
    # then
    assert await balances(driver) == {"bank": "0.00", "runners": "0.00"}
    items = (await movements(driver, registration_id=str(entry.id)))["items"]
    assert [(each["kind"], each["debit"], each["credit"]) for each in items] == [
        ("refund", "runners", "bank"),
        ("payment", "bank", "runners"),
    ]


async def test_a_payment_by_static_qris_is_at_the_acquirer(driver: PaymentDriver) -> None:
    entry = await driver.register()
    await driver.verify(await driver.upload_proof(entry, payment_method="qris"))
    assert await balances(driver) == {"qris": "150000.00", "runners": "-150000.00"}


async def test_a_held_decision_is_booked_when_it_takes_effect(driver: PaymentDriver) -> None:
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, undo_seconds=10)).require(204)
    assert await balances(driver) == {}
    driver.clock.advance(timedelta(seconds=11))
    await apply_held_decisions(driver.database)
    assert await balances(driver) == {"bank": "150000.00", "runners": "-150000.00"}


async def test_what_processes_of_an_older_release_verified_is_booked_once(driver: PaymentDriver) -> None:
    # given rows as the release before wrote them
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    await driver.mark_refunded(payment, "BCA 7")
    for _ in range(3):
        await driver.register_and_pay()
    await driver.execute("DELETE FROM movements")
    await driver.execute("UPDATE payments SET booked = false")
    await driver.execute("UPDATE refunds SET booked = false")
    # when two workers book them
    booked = await asyncio.gather(*(book_missing_payments(driver.database) for _ in range(2)))
    refunds = await asyncio.gather(*(book_missing_refunds(driver.database) for _ in range(2)))
    # then
    assert (sum(booked), sum(refunds)) == (4, 1)
    assert await balances(driver) == {"bank": "450000.00", "runners": "-450000.00"}


@pytest.mark.parametrize("change", ["UPDATE movements SET amount = 1", "DELETE FROM movements", "TRUNCATE movements"])
async def test_a_movement_is_never_changed(driver: PaymentDriver, change: str) -> None:
    await driver.register_and_pay()
    with pytest.raises(IntegrityError, match="never changed"):
        await driver.execute(change)


async def test_a_fact_is_recorded_once(driver: PaymentDriver) -> None:
    entry = Entry(
        source="payment:x",
        kind=Kind.PAYMENT,
        debit=Account.BANK,
        credit=Account.RUNNERS,
        amount=PRICE,
        currency="IDR",
        occurred_at=driver.clock(),
    )

    async def write() -> None:
        async with driver.database.work() as work:
            await record(work, entry)

    await asyncio.gather(*(write() for _ in range(8)))
    assert await balances(driver) == {"bank": "150000.00", "runners": "-150000.00"}


async def test_a_command_that_fails_leaves_no_movement(driver: PaymentDriver) -> None:
    _, payment = await driver.register_and_upload()

    async def verify_and_fail() -> None:
        async with driver.database.work() as work:
            await verify_payment(work, payment, by=Staff(uuid4(), Role.FINANCE, uuid4()))
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await verify_and_fail()
    assert await balances(driver) == {}


async def test_movements_are_paged_filtered_and_counted_at_a_time(driver: PaymentDriver) -> None:
    # given
    for _ in range(3):
        await driver.register_and_pay()
    before = driver.clock().isoformat()
    driver.clock.advance(timedelta(hours=1))
    await driver.register_and_pay()
    # then
    first = await movements(driver, limit="3")
    second = await movements(driver, limit="3", cursor=first["next_cursor"])
    ids = [each["id"] for each in [*first["items"], *second["items"]]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 4
    assert second["next_cursor"] is None
    assert len((await movements(driver, to=before))["items"]) == 3
    assert (await movements(driver, account="midtrans"))["items"] == []
    assert await balances(driver, at=before) == {"bank": "450000.00", "runners": "-450000.00"}
    wrong = await driver.call("GET", "/ledger/movements", by=driver.finance, params={"cursor": "x"})
    assert wrong.wrong_fields == ["cursor"]
