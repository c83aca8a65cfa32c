"""Payment handles registration's events in any order and any number of times."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from contracts import Event, Payload, PaymentRejected, PaymentVerified, RefundCause, RefundDue
from payment.invoices import commands
from testkit.clocks import ManualClock

from .payment_driver import PaymentDriver
from .payment_events import Entry


async def test_a_registration_opens_one_invoice_in_the_name_of_its_contact(driver: PaymentDriver) -> None:
    entry = await driver.register(payer="Siti Aminah", amount=Decimal("725000.50"))
    [row] = await driver.rows("SELECT * FROM invoices")
    assert (row["registration_id"], row["registration_number"]) == (entry.id, entry.number)
    assert (row["payer_name"], row["amount"], row["currency"]) == ("Siti Aminah", Decimal("725000.50"), "IDR")
    assert (row["status"], row["revision"], row["expires_at"]) == ("open", 1, entry.expires_at)


async def test_an_end_that_comes_before_the_registration_is_retried(driver: PaymentDriver) -> None:
    entry = driver.new_entry()
    for early in (entry.expired(), entry.cancelled(), entry.cancelled(refund=uuid4())):
        with pytest.raises(NotYet):
            await driver.deliver(early)
    await driver.deliver(entry.created())
    await driver.deliver(entry.cancelled())
    assert (await driver.invoice(entry))["status"] == "cancelled"


@pytest.mark.parametrize("word", ["cancelled", "corrected"])
async def test_what_crosses_the_registration_is_retried(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """The invoice appears between the statement that does not find it and the look at whether it is there."""
    entry = driver.new_entry()
    later = entry.cancelled() if word == "cancelled" else entry.corrected("Budi Corrected")
    look = commands._require_newer

    async def created_meanwhile(*arguments: Any) -> None:
        await driver.another_process().deliver(entry.created())
        await look(*arguments)

    monkeypatch.setattr(commands, "_require_newer", created_meanwhile)
    with pytest.raises(NotYet):
        await driver.deliver(later)
    monkeypatch.undo()
    await driver.deliver(later)

    [invoice] = await driver.rows("SELECT status, payer_name FROM invoices")
    assert (invoice["status"], invoice["payer_name"]) == (
        ("cancelled", "Budi Santoso") if word == "cancelled" else ("open", "Budi Corrected")
    )


async def test_ends_close_an_open_invoice_and_the_newest_wins_in_any_order(driver: PaymentDriver) -> None:
    forwards, backwards = await driver.register(), await driver.register()
    # when
    await driver.deliver(forwards.expired(revision=2))
    await driver.deliver(forwards.cancelled(revision=3))
    await driver.deliver(backwards.cancelled(revision=3))
    await driver.deliver(backwards.expired(revision=2))
    # then
    assert (await driver.invoice(forwards))["status"] == "cancelled"
    assert (await driver.invoice(backwards))["status"] == "cancelled"


async def test_a_repeated_registration_event_changes_nothing(driver: PaymentDriver) -> None:
    entry, _ = await driver.register_and_upload()
    await driver.deliver(entry.created())
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    await driver.deliver(entry.cancelled())
    await driver.deliver(entry.created())
    [row] = await driver.rows("SELECT revision, registration_ended FROM invoices")
    assert row == {"revision": 2, "registration_ended": "cancelled"}


async def test_a_proof_in_time_stays_after_the_deadline_and_may_be_verified(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    entry, payment = await driver.register_and_upload(hours=1)
    clock.advance(timedelta(hours=2))
    # when
    await driver.deliver(entry.expired())
    # then
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    assert (await driver.review_list())[0]["registration_ended"] == "expired"
    await driver.verify(payment)
    assert (await driver.invoice(entry))["status"] == "paid"
    assert len(await driver.published(PaymentVerified)) == 1
    assert await driver.published(RefundDue) == []


async def test_rejecting_the_proof_of_an_ended_registration_closes_the_invoice_without_a_new_deadline(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    for end in ("expired", "cancelled"):
        # given
        entry, payment = await driver.register_and_upload()
        await driver.deliver(entry.expired() if end == "expired" else entry.cancelled())
        clock.advance(timedelta(minutes=5))
        await driver.forget_published()
        # when
        await driver.reject(payment)
        # then
        assert (await driver.invoice(entry))["status"] == end
        [event] = await driver.published(PaymentRejected)
        assert event.payload.expires_at == event.payload.rejected_at
        assert (await driver.try_upload_proof(entry)).is_problem(409, f"invoice_{end}")


async def test_an_end_after_the_rejection_closes_the_reopened_invoice(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.reject(payment)
    await driver.deliver(entry.expired())
    assert (await driver.invoice(entry))["status"] == "expired"


async def test_a_paid_invoice_stays_paid_after_a_cancellation_without_refund(driver: PaymentDriver) -> None:
    entry, _ = await driver.register_and_pay()
    await driver.deliver(entry.cancelled())
    assert (await driver.invoice(entry))["status"] == "paid"
    assert await driver.published(RefundDue) == []
    assert await driver.refunds() == []


async def test_a_late_payment_is_due_back_once_despite_repeated_events(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    # when
    event = await driver.deliver(entry.expired(refund=payment))
    await driver.redeliver(event)
    await driver.deliver(entry.expired(revision=2, refund=payment))
    await driver.deliver(entry.cancelled(refund=payment))
    # then
    [due] = await driver.published(RefundDue)
    assert due.subject == entry.id
    assert (due.payload.payment_id, due.payload.amount, due.payload.currency) == (payment, entry.amount, "IDR")
    assert "too late" in due.payload.reason
    assert due.payload.cause is RefundCause.TOO_LATE
    assert (await driver.invoice(entry))["status"] == "paid"
    [task] = await driver.refunds()
    assert (task["payment_id"], task["done_at"]) == (str(payment), None)


async def test_an_older_event_still_makes_a_payment_due_back(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(revision=5))
    await driver.deliver(entry.expired(revision=4, refund=payment))
    assert len(await driver.published(RefundDue)) == 1


async def test_a_refund_after_a_cancellation_names_it_as_its_cause(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    [due] = await driver.published(RefundDue)
    assert due.payload.cause is RefundCause.CANCELLED


async def test_a_refund_of_an_unknown_or_unverified_payment_is_retried(driver: PaymentDriver) -> None:
    # given
    entry, waiting = await driver.register_and_upload()
    _, of_another = await driver.register_and_pay()
    # then
    for payment in (uuid4(), waiting, of_another):
        with pytest.raises(NotYet):
            await driver.deliver(entry.cancelled(refund=payment))
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    assert await driver.published(RefundDue) == []


async def deliver_twice_at_once(driver: PaymentDriver, entry: Entry, payload: Payload) -> None:
    event = Event[Any].of(
        payload, source="registration", subject=entry.id, occurred_at=driver.clock(), correlation_id="test"
    )
    await asyncio.gather(driver.redeliver(event), driver.redeliver(event))


async def test_the_same_event_on_two_connections_at_once_has_one_effect(driver: PaymentDriver) -> None:
    # given
    entry = driver.new_entry()
    # when
    await deliver_twice_at_once(driver, entry, entry.created())
    payment = await driver.upload_proof(entry)
    await driver.verify(payment)
    await deliver_twice_at_once(driver, entry, entry.cancelled(refund=payment))
    # then
    assert len(await driver.rows("SELECT 1 FROM invoices")) == 1
    assert len(await driver.rows("SELECT 1 FROM refunds")) == 1
    assert len(await driver.published(RefundDue)) == 1


async def test_two_different_events_at_once_make_a_payment_due_back_once(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_pay()
    await asyncio.gather(
        driver.deliver(entry.expired(revision=2, refund=payment)),
        driver.deliver(entry.cancelled(revision=3, refund=payment)),
    )
    assert len(await driver.published(RefundDue)) == 1


async def test_a_refund_is_done_once_with_its_reference_and_audited(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    other, _ = await driver.register_and_pay()
    assert (await driver.try_mark_refunded(payment, "BCA 77")).is_problem(404, "unknown_refund")
    await driver.deliver(entry.cancelled(refund=payment))
    # when
    await driver.mark_refunded(payment, "BCA 77")
    # then
    assert (await driver.try_mark_refunded(payment, "BCA 78")).is_problem(409, "already_refunded")
    [task] = await driver.refunds(status="done")
    assert (task["reference"], task["reason"], task["amount"]) == ("BCA 77", "asked for by phone", "150000.00")
    assert await driver.refunds(status="due") == []
    [note] = await driver.audit_log("refund.done")
    assert (note["subject"], note["details"]["reference"]) == (str(payment), "BCA 77")
    assert (note["details"]["before"], note["details"]["after"]) == ({"status": "due"}, {"status": "done"})
    assert (await driver.invoice(other))["status"] == "paid"


async def test_refunds_come_in_pages_with_those_still_due_first(driver: PaymentDriver, clock: ManualClock) -> None:
    # given
    payments = []
    for _ in range(3):
        entry, payment = await driver.register_and_pay()
        await driver.deliver(entry.cancelled(refund=payment))
        clock.advance(timedelta(minutes=1))
        payments.append(payment)
    await driver.mark_refunded(payments[0], "x")
    # when
    first = (await driver.call("GET", "/refunds", by=driver.finance, params={"limit": 2})).require(200)
    after = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await driver.call("GET", "/refunds", by=driver.finance, params=after)).require(200)
    # then
    found = [each["payment_id"] for each in (*first["items"], *second["items"])]
    assert found == [str(payments[number]) for number in (1, 2, 0)]
    assert second["next_cursor"] is None


_WRONG_REFERENCES: list[object] = [
    {},
    {"reference": ""},
    {"reference": "a\0b"},
    {"reference": "r" * 256},
    {"reference": 1},
    {"reference": "x", "amount": "1.00"},
]


async def test_an_invalid_reference_of_a_refund_is_refused(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    for body in _WRONG_REFERENCES:
        answer = await driver.call("POST", f"/refunds/{payment}/done", by=driver.finance, json=body)
        assert answer.is_problem(422, "invalid_fields"), body


async def test_a_free_registration_is_paid_at_once_and_published_once(driver: PaymentDriver) -> None:
    entry = await driver.register(amount=Decimal("0.00"))
    await driver.deliver(entry.created())
    assert (await driver.invoice(entry))["status"] == "paid"
    [event] = await driver.published(PaymentVerified)
    assert (event.payload.registration_id, event.payload.amount) == (entry.id, Decimal("0.00"))


async def test_a_rejection_never_shortens_a_deadline(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.execute("UPDATE invoices SET expires_at = expires_at + interval '10 days'")
    await driver.reject(payment)
    [event] = await driver.published(PaymentRejected)
    assert event.payload.expires_at == entry.expires_at + timedelta(days=10)
