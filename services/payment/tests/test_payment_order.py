"""Payment numbers its news; an end that did not know the newest of them is not the last word."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from contracts import (
    Payload,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RefundDone,
)
from contracts.payments import InvoicePayload
from payment.review.republish import republish
from testkit.harness import ManualClock

from .payment_world import Entry, Office

DAY = timedelta(days=1)


async def news(office: Office, kind: type[Payload] = InvoicePayload) -> list[Any]:
    return [event.payload for event in await office.said(kind)]


async def test_each_event_of_an_invoice_has_the_next_number(office: Office) -> None:
    entry, first = await office.waiting()
    await office.reject(first)
    second = await office.uploaded(entry)
    await office.verify(second)
    other, _ = await office.waiting()

    told = await news(office)

    assert [each.sequence for each in told if each.registration_id == entry.id] == [1, 2, 3, 4]
    assert [each.sequence for each in told if each.registration_id == other.id] == [1]


async def test_what_costs_nothing_has_one_event(office: Office) -> None:
    await office.registered(amount=Decimal("0.00"))
    [told] = await news(office)
    assert (told.sequence, told.registration_revision) == (1, 1)


async def test_proofs_and_decisions_at_once_are_numbered_without_a_gap(office: Office) -> None:
    entry, payment = await office.waiting()
    await asyncio.gather(*(office.verify(payment) if turn % 2 else office.reject(payment) for turn in range(6)))
    await asyncio.gather(*(office.upload(entry) for _ in range(4)))
    told = await news(office)
    assert [each.sequence for each in told] == list(range(1, len(told) + 1))


async def test_a_proof_names_the_deadline_it_was_judged_by(office: Office, clock: ManualClock) -> None:
    entry, payment = await office.waiting()
    clock.advance(timedelta(hours=20))
    await office.reject(payment)
    [refused] = await news(office, PaymentRejected)
    await office.uploaded(entry)
    first, second = await news(office, PaymentUploaded)
    assert (first.due_at, second.due_at) == (entry.expires_at, refused.expires_at)


@pytest.mark.parametrize(("cancelled", "known"), [(True, 2), (False, 1)])
async def test_a_verification_tells_whether_payment_knew_of_the_cancellation(
    office: Office, *, cancelled: bool, known: int
) -> None:
    entry, payment = await office.waiting()
    if cancelled:
        await office.hear(entry.cancelled())
    await office.verify(payment)
    [verified] = await news(office, PaymentVerified)
    assert verified.registration_revision == known


async def test_an_expiry_that_did_not_know_of_the_proof_leaves_the_refused_runner_another_try(
    office: Office, clock: ManualClock
) -> None:
    # given
    entry, payment = await office.waiting()
    clock.advance(timedelta(hours=24, minutes=20))
    # when
    await office.hear(entry.expired(heard=0))
    assert (await office.review_list())[0]["registration_ended"] is None
    await office.reject(payment)
    # then
    [refused] = await news(office, PaymentRejected)
    assert refused.expires_at == refused.rejected_at + DAY
    assert (await office.invoice(entry))["status"] == "open"
    assert (await office.upload(entry)).status == 201


async def test_an_expiry_that_did_not_know_of_the_refusal_leaves_the_invoice_open(office: Office) -> None:
    for heard in (0, 1):
        entry, payment = await office.waiting()
        await office.reject(payment)
        await office.hear(entry.expired(heard=heard))
        assert (await office.invoice(entry))["status"] == "open"
        assert (await office.upload(entry)).status == 201


async def test_an_expiry_that_knew_everything_closes_the_invoice(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.reject(payment)
    await office.hear(entry.expired(heard=2))
    assert (await office.invoice(entry))["status"] == "expired"
    assert (await office.upload(entry)).refused_with(409, "invoice_expired")


async def test_an_expiry_that_knew_of_the_proof_leaves_nothing_to_send_another_for(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.hear(entry.expired(heard=0))
    await office.hear(entry.expired(heard=1))
    assert (await office.review_list())[0]["registration_ended"] == "expired"
    await office.reject(payment)
    [refused] = await news(office, PaymentRejected)
    assert refused.expires_at == refused.rejected_at
    assert (await office.invoice(entry))["status"] == "expired"


async def test_a_cancellation_ends_the_invoice_whatever_it_knew(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.hear(entry.cancelled())
    await office.reject(payment)
    assert (await office.invoice(entry))["status"] == "cancelled"


async def test_a_registration_that_lives_again_may_be_paid_until_the_later_deadline(
    office: Office, clock: ManualClock
) -> None:
    # given
    entry, payment = await office.waiting()
    await office.hear(entry.expired(heard=1))
    await office.reject(payment)
    clock.advance(timedelta(hours=30))
    # when
    until = office.clock() + DAY
    await office.hear(entry.reopened(heard=2, expires_at=until, awaits=True))
    # then
    invoice = await office.invoice(entry)
    assert (invoice["status"], invoice["expires_at"]) == ("open", until.isoformat().replace("+00:00", "Z"))
    assert (await office.upload(entry)).status == 201


async def test_a_registration_that_lives_again_keeps_a_later_deadline_and_its_proof_or_money(office: Office) -> None:
    for record_decision, status in ((None, "proof_uploaded"), (office.verify, "paid")):
        entry, payment = await office.waiting(hours=48)
        if record_decision is not None:
            await record_decision(payment)
        await office.hear(entry.expired(heard=1 if record_decision is None else 2))
        await office.hear(entry.reopened(expires_at=entry.expires_at - DAY))
        invoice = await office.invoice(entry)
        assert (invoice["status"], invoice["expires_at"]) == (
            status,
            entry.expires_at.isoformat().replace("+00:00", "Z"),
        )
        assert {each["registration_ended"] for each in await office.review_list(q=entry.number)} == {None}


@pytest.mark.parametrize("late", ["expired", "reopened"])
async def test_of_an_end_and_a_return_the_newer_counts_whatever_comes_first(office: Office, late: str) -> None:
    entry = await office.registered()
    expired, reopened = entry.expired(revision=2, heard=0), entry.reopened(revision=3, heard=0, awaits=True)
    again = entry.expired(revision=4, heard=0)
    for word in (reopened, expired) if late == "expired" else (expired, reopened):
        await office.hear(word)
    assert (await office.invoice(entry))["status"] == "open"
    await office.hear(again)
    await office.hear(reopened)
    assert (await office.invoice(entry))["status"] == "expired"


async def test_money_that_went_back_is_told_with_its_reference(office: Office) -> None:
    # given
    entry, payment = await office.paid()
    await office.hear(entry.cancelled(refund=payment))
    path = f"/refunds/{payment}/done"
    # when
    answers = [await office.call("POST", path, json={"reference": "BCA 77"}) for _ in range(2)]
    # then
    assert [answer.status for answer in answers] == [204, 409]
    [event] = await office.said(RefundDone)
    assert event.subject == entry.id
    [task] = await office.refunds()
    done = event.payload
    assert (done.payment_id, done.amount, done.reference) == (payment, entry.amount, "BCA 77")
    assert task["done_at"] == done.done_at.isoformat().replace("+00:00", "Z")


async def republished(office: Office, entry: Entry) -> list[Any]:
    await office.service.forget_published()
    async with office.database.work() as work:
        await republish(work, [entry.id])
    return await news(office)


async def test_news_published_again_keep_their_number_after_later_ones(office: Office) -> None:
    entry, first = await office.waiting()
    await office.reject(first)
    await office.paid()
    [again] = await republished(office, entry)
    assert (again.sequence, type(again)) == (2, PaymentRejected)
