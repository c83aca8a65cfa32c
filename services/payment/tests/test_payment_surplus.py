"""A second payment for what is paid already is always due back."""

import asyncio
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import PaymentVerified, RefundCause, RefundDue
from payment.invoices.commands import mark_paid
from payment.review import commands as review

from .payment_driver import PaymentDriver
from .payment_events import Entry


async def register_with_two_payments(driver: PaymentDriver) -> tuple[Entry, UUID, UUID]:
    """Return a registration and two payments, which wait for review."""
    entry, first = await driver.register_and_upload()
    return entry, first, await driver.insert_second_payment(first)


async def test_a_surplus_is_due_back_once_and_can_be_marked_as_refunded(driver: PaymentDriver) -> None:
    # given
    entry, honoured, payment = await register_with_two_payments(driver)
    await driver.execute(
        "UPDATE payments SET status = 'verified', verified_at = now(), verified_by = gen_random_uuid()"
    )
    await driver.execute("UPDATE invoices SET status = 'paid'")
    # when
    event = await driver.deliver(entry.surplus(payment, honoured=honoured))
    await driver.redeliver(event)
    await asyncio.gather(*(driver.deliver(entry.surplus(payment, honoured=honoured)) for _ in range(3)))
    # then
    [task] = await driver.refunds(status="due")
    assert (task["payment_id"], task["registration_number"]) == (str(payment), entry.number)
    assert task["reason"].startswith("Surplus")
    [due] = await driver.published(RefundDue)
    assert due.payload.cause is RefundCause.SURPLUS
    assert (await driver.invoice(entry))["status"] == "paid"
    await driver.mark_refunded(payment, "BCA 9")
    assert await driver.refunds(status="due") == []


async def test_a_surplus_of_an_unverified_payment_is_retried(driver: PaymentDriver) -> None:
    entry, honoured = await driver.register_and_pay()
    waiting = await driver.insert_second_payment(honoured)
    for payment in (waiting, uuid4()):
        with pytest.raises(NotYet):
            await driver.deliver(entry.surplus(payment, honoured=honoured))
    assert await driver.refunds() == []


async def test_a_second_verified_payment_is_due_back_and_not_published_as_verified(driver: PaymentDriver) -> None:
    # given
    entry, first, second = await register_with_two_payments(driver)
    # when
    await driver.verify(first)
    await driver.verify(second)
    # then
    assert [event.payload.payment_id for event in await driver.published(PaymentVerified)] == [first]
    [task] = await driver.refunds()
    assert (task["payment_id"], task["done_at"]) == (str(second), None)
    assert task["reason"].startswith("Surplus")
    assert (await driver.invoice(entry))["status"] == "paid"
    # and what registration may say about it adds nothing
    await driver.deliver(entry.surplus(second, honoured=first))
    assert len(await driver.refunds()) == 1


async def test_rejecting_a_second_payment_leaves_a_paid_invoice_paid(driver: PaymentDriver) -> None:
    entry, first, second = await register_with_two_payments(driver)
    await driver.verify(first)
    await driver.reject(second)
    assert (await driver.invoice(entry))["status"] == "paid"
    assert (await driver.try_upload_proof(entry)).is_problem(409, "already_paid")
    assert await driver.refunds() == []


async def test_of_two_payments_verified_at_once_one_is_honoured_and_the_other_due_back(driver: PaymentDriver) -> None:
    for _ in range(5):
        # given
        entry, *payments = await register_with_two_payments(driver)
        await driver.forget_published()
        # when
        answers = await asyncio.gather(*(driver.try_verify(each) for each in payments))
        # then
        assert [answer.status for answer in answers] == [204, 204]
        [honoured] = await driver.published(PaymentVerified)
        [task] = [each for each in await driver.refunds() if each["registration_id"] == str(entry.id)]
        assert {honoured.payload.payment_id, UUID(task["payment_id"])} == set(payments)


async def test_of_verifying_one_and_rejecting_the_other_at_once_the_invoice_ends_paid(driver: PaymentDriver) -> None:
    for turn in range(6):
        entry, first, second = await register_with_two_payments(driver)
        calls = [driver.try_verify(first), driver.try_reject(second)]
        await asyncio.gather(*(reversed(calls) if turn % 2 else calls))
        assert (await driver.invoice(entry))["status"] == "paid"


async def test_without_the_guard_the_second_payment_is_not_due_back(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    _, *payments = await register_with_two_payments(driver)

    async def unguarded(work: UnitOfWork, registration_id: UUID) -> bool:
        await mark_paid(work, registration_id)
        return True

    monkeypatch.setattr(review, "mark_paid", unguarded)
    # when
    await asyncio.gather(*(driver.try_verify(each) for each in payments))
    # then
    assert len(await driver.published(PaymentVerified)) == 2
    assert await driver.refunds() == []
