"""What registration says, in any order and any number of times."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from contracts import Event, Payload, PaymentRejected, PaymentVerified, RefundDue
from testkit.harness import ManualClock

from .payment_world import Entry, Office


async def test_a_registration_opens_one_invoice_in_the_name_of_its_contact(office: Office) -> None:
    entry = await office.registered(payer="Siti Aminah", amount=Decimal("725000.50"))
    [row] = await office.rows("SELECT * FROM invoices")
    assert (row["registration_id"], row["registration_number"]) == (entry.id, entry.number)
    assert (row["payer_name"], row["amount"], row["currency"]) == ("Siti Aminah", Decimal("725000.50"), "IDR")
    assert (row["status"], row["revision"], row["expires_at"]) == ("open", 1, entry.expires_at)


async def test_an_end_that_comes_before_the_beginning_waits_for_it(office: Office) -> None:
    entry = office.entry()
    for early in (entry.expired(), entry.cancelled(), entry.cancelled(refund=uuid4())):
        with pytest.raises(NotYet):
            await office.hear(early)
    await office.hear(entry.created())
    await office.hear(entry.cancelled())
    assert (await office.invoice(entry))["status"] == "cancelled"


async def test_ends_close_an_open_invoice_and_the_newest_wins_whatever_comes_first(office: Office) -> None:
    forwards, backwards = await office.registered(), await office.registered()
    # when
    await office.hear(forwards.expired(revision=2))
    await office.hear(forwards.cancelled(revision=3))
    await office.hear(backwards.cancelled(revision=3))
    await office.hear(backwards.expired(revision=2))
    # then
    assert (await office.invoice(forwards))["status"] == "cancelled"
    assert (await office.invoice(backwards))["status"] == "cancelled"


async def test_the_beginning_said_again_later_undoes_nothing(office: Office) -> None:
    entry, _ = await office.waiting()
    await office.hear(entry.created())
    assert (await office.invoice(entry))["status"] == "proof_uploaded"
    await office.hear(entry.cancelled())
    await office.hear(entry.created())
    [row] = await office.rows("SELECT revision, registration_ended FROM invoices")
    assert (row["revision"], row["registration_ended"]) == (2, "cancelled")


async def test_a_proof_that_was_in_time_outlives_the_deadline_and_may_be_verified(
    office: Office, clock: ManualClock
) -> None:
    # given
    entry, payment = await office.waiting(hours=1)
    clock.advance(timedelta(hours=2))
    # when
    await office.hear(entry.expired())
    # then
    assert (await office.invoice(entry))["status"] == "proof_uploaded"
    assert (await office.review_list())[0]["registration_ended"] == "expired"
    assert (await office.verify(payment)).status == 204
    assert (await office.invoice(entry))["status"] == "paid"
    assert len(await office.said(PaymentVerified)) == 1
    assert await office.said(RefundDue) == []


async def test_rejecting_the_proof_of_an_ended_registration_closes_the_invoice_without_a_new_deadline(
    office: Office, clock: ManualClock
) -> None:
    for end in ("expired", "cancelled"):
        # given
        entry, payment = await office.waiting()
        await office.hear(entry.expired() if end == "expired" else entry.cancelled())
        clock.advance(timedelta(minutes=5))
        await office.service.forget_published()
        # when
        assert (await office.reject(payment)).status == 204
        # then
        assert (await office.invoice(entry))["status"] == end
        [event] = await office.said(PaymentRejected)
        assert event.payload.expires_at == event.payload.rejected_at
        assert (await office.upload(entry)).refused_with(409, f"invoice_{end}")


async def test_an_end_after_the_rejection_closes_the_reopened_invoice(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.reject(payment)
    await office.hear(entry.expired())
    assert (await office.invoice(entry))["status"] == "expired"


async def test_a_paid_invoice_stays_paid_when_nothing_has_to_go_back(office: Office) -> None:
    entry, _ = await office.paid()
    await office.hear(entry.cancelled())
    assert (await office.invoice(entry))["status"] == "paid"
    assert await office.said(RefundDue) == []
    assert (await office.call("GET", "/refunds")).body["items"] == []


async def test_money_that_came_too_late_is_due_back_once_however_often_it_is_said(office: Office) -> None:
    # given
    entry, payment = await office.paid()
    # when
    event = await office.hear(entry.expired(refund=payment))
    await office.service.redeliver(event)
    await office.hear(entry.expired(revision=2, refund=payment))
    await office.hear(entry.cancelled(refund=payment))
    # then
    [due] = await office.said(RefundDue)
    assert due.subject == entry.id
    assert (due.payload.payment_id, due.payload.amount, due.payload.currency) == (payment, entry.amount, "IDR")
    assert "too late" in due.payload.reason
    assert (await office.invoice(entry))["status"] == "paid"
    [task] = (await office.call("GET", "/refunds")).body["items"]
    assert (task["payment_id"], task["done_at"]) == (str(payment), None)


async def test_an_older_event_still_tells_about_money_to_give_back(office: Office) -> None:
    entry, payment = await office.paid()
    await office.hear(entry.cancelled(revision=5))
    await office.hear(entry.expired(revision=4, refund=payment))
    assert len(await office.said(RefundDue)) == 1


async def test_a_refund_of_money_we_never_saw_is_not_passed_over_in_silence(office: Office) -> None:
    # given
    entry, waiting = await office.waiting()
    _, of_another = await office.paid()
    # then
    for payment in (uuid4(), waiting, of_another):
        with pytest.raises(NotYet):
            await office.hear(entry.cancelled(refund=payment))
    assert (await office.invoice(entry))["status"] == "proof_uploaded"
    assert await office.said(RefundDue) == []


async def handle_on_two_connections(office: Office, event: Event[Any]) -> None:
    await asyncio.gather(office.service.redeliver(event), office.service.redeliver(event))


def event_of(office: Office, entry: Entry, payload: Payload) -> Event[Any]:
    return Event[Any].of(
        payload, source="registration", subject=entry.id, occurred_at=office.clock(), correlation_id="test"
    )


async def test_the_same_event_on_two_connections_at_once_has_one_effect(office: Office) -> None:
    # given
    entry = office.entry()
    # when
    await handle_on_two_connections(office, event_of(office, entry, entry.created()))
    payment = await office.uploaded(entry)
    await office.verify(payment)
    await handle_on_two_connections(office, event_of(office, entry, entry.cancelled(refund=payment)))
    # then
    assert len(await office.rows("SELECT 1 FROM invoices")) == 1
    assert len(await office.rows("SELECT 1 FROM refunds")) == 1
    assert len(await office.said(RefundDue)) == 1


async def test_two_different_events_at_once_that_name_the_same_payment_owe_it_once(office: Office) -> None:
    entry, payment = await office.paid()
    await asyncio.gather(
        office.hear(entry.expired(revision=2, refund=payment)), office.hear(entry.cancelled(revision=3, refund=payment))
    )
    assert len(await office.said(RefundDue)) == 1


async def test_a_refund_is_done_once_with_its_reference_and_audited(office: Office) -> None:
    # given
    entry, payment = await office.paid()
    other, _ = await office.paid()
    path = f"/refunds/{payment}/done"
    assert (await office.call("POST", path, json={"reference": "BCA 77"})).refused_with(404, "unknown_refund")
    await office.hear(entry.cancelled(refund=payment))
    # when
    done = await office.call("POST", path, json={"reference": "BCA 77"})
    # then
    assert done.status == 204
    assert (await office.call("POST", path, json={"reference": "BCA 78"})).refused_with(409, "already_refunded")
    [task] = (await office.call("GET", "/refunds", status="done")).body["items"]
    assert (task["reference"], task["reason"], task["amount"]) == ("BCA 77", "asked for by phone", "150000.00")
    assert (await office.call("GET", "/refunds", status="due")).body["items"] == []
    [note] = await office.rows("SELECT * FROM audit_log WHERE action = 'refund.done'")
    assert (note["subject"], note["details"]) == (str(payment), {"reference": "BCA 77"})
    assert (await office.invoice(other))["status"] == "paid"


async def test_refunds_come_in_pages_with_those_still_due_first(office: Office, clock: ManualClock) -> None:
    # given
    payments = []
    for _ in range(3):
        entry, payment = await office.paid()
        await office.hear(entry.cancelled(refund=payment))
        clock.advance(timedelta(minutes=1))
        payments.append(str(payment))
    await office.call("POST", f"/refunds/{payments[0]}/done", json={"reference": "x"})
    # when
    first = (await office.call("GET", "/refunds", limit=2)).body
    second = (await office.call("GET", "/refunds", limit=2, cursor=first["next_cursor"])).body
    # then
    found = [each["payment_id"] for each in (*first["items"], *second["items"])]
    assert found == [payments[1], payments[2], payments[0]]
    assert second["next_cursor"] is None


_WRONG_REFERENCES: list[object] = [
    {},
    {"reference": ""},
    {"reference": "a\0b"},
    {"reference": "r" * 256},
    {"reference": 1},
    {"reference": "x", "amount": "1.00"},
]


async def test_a_refund_needs_a_sensible_reference(office: Office) -> None:
    entry, payment = await office.paid()
    await office.hear(entry.cancelled(refund=payment))
    for body in _WRONG_REFERENCES:
        answer = await office.call("POST", f"/refunds/{payment}/done", json=body)
        assert answer.refused_with(422, "invalid_fields"), body


async def test_what_costs_nothing_is_paid_at_once_and_said_once(office: Office) -> None:
    entry = await office.registered(amount=Decimal("0.00"))
    await office.hear(entry.created())
    assert (await office.invoice(entry))["status"] == "paid"
    [event] = await office.said(PaymentVerified)
    assert (event.payload.registration_id, event.payload.amount) == (entry.id, Decimal("0.00"))


async def test_a_rejection_never_shortens_a_deadline(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.execute("UPDATE invoices SET expires_at = expires_at + interval '10 days'")
    await office.reject(payment)
    [event] = await office.said(PaymentRejected)
    assert event.payload.expires_at == entry.expires_at + timedelta(days=10)
