"""Payment numbers the events of an invoice; an end that did not know the newest of them does not close it."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from contracts import (
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RefundDone,
)
from contracts.payments import InvoicePayload
from testkit.clocks import ManualClock

from .payment_driver import PaymentDriver

DAY = timedelta(days=1)


async def test_each_event_of_an_invoice_has_the_next_number(driver: PaymentDriver) -> None:
    entry, first = await driver.register_and_upload()
    await driver.reject(first)
    second = await driver.upload_proof(entry)
    await driver.verify(second)
    other, _ = await driver.register_and_upload()

    published = await driver.published_payloads(InvoicePayload)

    assert [each.sequence for each in published if each.registration_id == entry.id] == [1, 2, 3, 4]
    assert [each.sequence for each in published if each.registration_id == other.id] == [1]


async def test_a_free_registration_has_one_event(driver: PaymentDriver) -> None:
    await driver.register(amount=Decimal("0.00"))
    [published] = await driver.published_payloads(InvoicePayload)
    assert isinstance(published, PaymentVerified)
    assert (published.sequence, published.registration_revision) == (1, 1)


async def test_proofs_and_decisions_at_once_are_numbered_without_a_gap(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await asyncio.gather(*(driver.try_verify(payment) if turn % 2 else driver.try_reject(payment) for turn in range(6)))
    await asyncio.gather(*(driver.try_upload_proof(entry) for _ in range(4)))
    published = await driver.published_payloads(InvoicePayload)
    assert [each.sequence for each in published] == list(range(1, len(published) + 1))


async def test_a_proof_names_the_deadline_it_was_judged_by(driver: PaymentDriver, clock: ManualClock) -> None:
    entry, payment = await driver.register_and_upload()
    clock.advance(timedelta(hours=20))
    await driver.reject(payment)
    [rejected] = await driver.published_payloads(PaymentRejected)
    await driver.upload_proof(entry)
    first, second = await driver.published_payloads(PaymentUploaded)
    assert (first.due_at, second.due_at) == (entry.expires_at, rejected.expires_at)


@pytest.mark.parametrize(("cancelled", "known"), [(True, 2), (False, 1)])
async def test_a_verification_publishes_the_newest_revision_that_payment_knew(
    driver: PaymentDriver, *, cancelled: bool, known: int
) -> None:
    entry, payment = await driver.register_and_upload()
    if cancelled:
        await driver.deliver(entry.cancelled())
    await driver.verify(payment)
    [verified] = await driver.published_payloads(PaymentVerified)
    assert verified.registration_revision == known


async def test_a_rejection_after_an_expiry_that_did_not_know_the_proof_sets_a_new_deadline(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    entry, payment = await driver.register_and_upload()
    clock.advance(timedelta(hours=24, minutes=20))
    # when
    await driver.deliver(entry.expired(known_sequence=0))
    assert (await driver.review_list())[0]["registration_ended"] is None
    await driver.reject(payment)
    # then
    [rejected] = await driver.published_payloads(PaymentRejected)
    assert rejected.expires_at == rejected.rejected_at + DAY
    assert (await driver.invoice(entry))["status"] == "open"
    await driver.upload_proof(entry)


async def test_an_expiry_that_did_not_know_the_rejection_leaves_the_invoice_open(driver: PaymentDriver) -> None:
    for known in (0, 1):
        entry, payment = await driver.register_and_upload()
        await driver.reject(payment)
        await driver.deliver(entry.expired(known_sequence=known))
        assert (await driver.invoice(entry))["status"] == "open"
        await driver.upload_proof(entry)


async def test_an_expiry_that_knew_all_events_closes_the_invoice(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.reject(payment)
    await driver.deliver(entry.expired(known_sequence=2))
    assert (await driver.invoice(entry))["status"] == "expired"
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")


async def test_a_rejection_after_an_expiry_that_knew_the_proof_closes_the_invoice(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.deliver(entry.expired(known_sequence=0))
    await driver.deliver(entry.expired(known_sequence=1))
    assert (await driver.review_list())[0]["registration_ended"] == "expired"
    await driver.reject(payment)
    [rejected] = await driver.published_payloads(PaymentRejected)
    assert rejected.expires_at == rejected.rejected_at
    assert (await driver.invoice(entry))["status"] == "expired"


async def test_a_cancellation_closes_the_invoice_whatever_it_knew(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.deliver(entry.cancelled())
    await driver.reject(payment)
    assert (await driver.invoice(entry))["status"] == "cancelled"


async def test_a_reopened_registration_may_be_paid_until_the_later_deadline(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    entry, payment = await driver.register_and_upload()
    await driver.deliver(entry.expired(known_sequence=1))
    await driver.reject(payment)
    clock.advance(timedelta(hours=30))
    # when
    until = driver.clock() + DAY
    await driver.deliver(entry.reopened(known_sequence=2, expires_at=until, awaits=True))
    # then
    invoice = await driver.invoice(entry)
    assert (invoice["status"], datetime.fromisoformat(invoice["expires_at"])) == ("open", until)
    await driver.upload_proof(entry)


async def test_a_reopened_registration_keeps_a_later_deadline_and_its_payment(driver: PaymentDriver) -> None:
    for verified, status in ((False, "proof_uploaded"), (True, "paid")):
        entry, payment = await driver.register_and_upload(hours=48)
        if verified:
            await driver.verify(payment)
        await driver.deliver(entry.expired(known_sequence=2 if verified else 1))
        await driver.deliver(entry.reopened(expires_at=entry.expires_at - DAY))
        invoice = await driver.invoice(entry)
        assert (invoice["status"], datetime.fromisoformat(invoice["expires_at"])) == (status, entry.expires_at)
        assert {each["registration_ended"] for each in await driver.review_list(q=entry.number)} == {None}


@pytest.mark.parametrize("late", ["expired", "reopened"])
async def test_of_an_expiry_and_a_reopening_the_newer_counts_in_any_order(driver: PaymentDriver, late: str) -> None:
    entry = await driver.register()
    expired = entry.expired(revision=2, known_sequence=0)
    reopened = entry.reopened(revision=3, known_sequence=0, awaits=True)
    again = entry.expired(revision=4, known_sequence=0)
    for event in (reopened, expired) if late == "expired" else (expired, reopened):
        await driver.deliver(event)
    assert (await driver.invoice(entry))["status"] == "open"
    await driver.deliver(again)
    await driver.deliver(reopened)
    assert (await driver.invoice(entry))["status"] == "expired"


async def test_a_finished_refund_is_published_once_with_its_reference(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    # when
    answers = [await driver.try_mark_refunded(payment, "BCA 77") for _ in range(2)]
    # then
    assert [answer.status for answer in answers] == [204, 409]
    [event] = await driver.published(RefundDone)
    assert event.subject == entry.id
    [task] = await driver.refunds()
    done = event.payload
    assert (done.payment_id, done.amount, done.reference) == (payment, entry.amount, "BCA 77")
    assert task["done_at"] == done.done_at.isoformat().replace("+00:00", "Z")


async def test_a_republished_event_keeps_its_number_after_later_ones(driver: PaymentDriver) -> None:
    entry, first = await driver.register_and_upload()
    await driver.reject(first)
    await driver.register_and_pay()
    [again] = await driver.republish(entry)
    assert isinstance(again, PaymentRejected)
    assert again.sequence == 2
