"""A second payment for what is paid already: never lost, always a task for finance."""

import asyncio
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import PaymentVerified, RefundDue
from payment.invoices.commands import mark_paid
from payment.review import commands as review

from .payment_world import Entry, Office


async def paid_twice(office: Office) -> tuple[Entry, UUID, UUID]:
    """A registration with two payments that wait for staff."""
    entry, first = await office.waiting()
    return entry, first, await office.another_payment(first)


async def test_what_registration_calls_a_surplus_becomes_one_task_and_can_be_closed(office: Office) -> None:
    # given
    entry, honoured, payment = await paid_twice(office)
    await office.execute(
        "UPDATE payments SET status = 'verified', verified_at = now(), verified_by = gen_random_uuid()"
    )
    await office.execute("UPDATE invoices SET status = 'paid'")
    # when
    event = await office.hear(entry.surplus(payment, honoured=honoured))
    await office.service.redeliver(event)
    await asyncio.gather(*(office.hear(entry.surplus(payment, honoured=honoured)) for _ in range(3)))
    # then
    [task] = await office.refunds(status="due")
    assert (task["payment_id"], task["registration_number"]) == (str(payment), entry.number)
    assert task["reason"].startswith("Surplus")
    assert len(await office.said(RefundDue)) == 1
    assert (await office.invoice(entry))["status"] == "paid"
    assert (await office.call("POST", f"/refunds/{payment}/done", json={"reference": "BCA 9"})).status == 204
    assert await office.refunds(status="due") == []


async def test_a_surplus_that_was_not_verified_here_waits_for_the_payment(office: Office) -> None:
    entry, honoured = await office.paid()
    waiting = await office.another_payment(honoured)
    for payment in (waiting, uuid4()):
        with pytest.raises(NotYet):
            await office.hear(entry.surplus(payment, honoured=honoured))
    assert await office.refunds() == []


async def test_a_second_payment_that_staff_verify_is_a_task_and_no_news_for_registration(office: Office) -> None:
    # given
    entry, first, second = await paid_twice(office)
    # when
    assert (await office.verify(first)).status == 204
    assert (await office.verify(second)).status == 204
    # then
    assert [event.payload.payment_id for event in await office.said(PaymentVerified)] == [first]
    [task] = await office.refunds()
    assert (task["payment_id"], task["done_at"]) == (str(second), None)
    assert task["reason"].startswith("Surplus")
    assert (await office.invoice(entry))["status"] == "paid"
    # and what registration may say about it adds nothing
    await office.hear(entry.surplus(second, honoured=first))
    assert len(await office.refunds()) == 1


async def test_rejecting_a_second_payment_leaves_a_paid_invoice_paid(office: Office) -> None:
    entry, first, second = await paid_twice(office)
    await office.verify(first)
    assert (await office.reject(second)).status == 204
    assert (await office.invoice(entry))["status"] == "paid"
    assert (await office.upload(entry)).refused_with(409, "already_paid")
    assert await office.refunds() == []


async def test_of_two_payments_verified_at_once_one_is_honoured_and_the_other_a_task(office: Office) -> None:
    for _ in range(5):
        # given
        entry, *payments = await paid_twice(office)
        await office.service.forget_published()
        # when
        answers = await asyncio.gather(*(office.verify(each) for each in payments))
        # then
        assert [answer.status for answer in answers] == [204, 204]
        [honoured] = await office.said(PaymentVerified)
        [task] = [each for each in await office.refunds() if each["registration_id"] == str(entry.id)]
        assert {honoured.payload.payment_id, UUID(task["payment_id"])} == set(payments)


async def test_of_verifying_one_and_rejecting_the_other_at_once_the_invoice_ends_paid(office: Office) -> None:
    for turn in range(6):
        entry, first, second = await paid_twice(office)
        calls = [office.verify(first), office.reject(second)]
        await asyncio.gather(*(reversed(calls) if turn % 2 else calls))
        assert (await office.invoice(entry))["status"] == "paid"


async def test_without_the_guard_the_money_of_the_second_is_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    _, *payments = await paid_twice(office)

    async def unguarded(work: UnitOfWork, registration_id: UUID) -> bool:
        await mark_paid(work, registration_id)
        return True

    monkeypatch.setattr(review, "mark_paid", unguarded)
    # when
    await asyncio.gather(*(office.verify(each) for each in payments))
    # then
    assert len(await office.said(PaymentVerified)) == 2
    assert await office.refunds() == []
