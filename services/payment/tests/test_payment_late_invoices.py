"""An invoice that is opened late may be paid for as long as if it had been opened in time."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from chassis.database import UnitOfWork
from contracts import Payload, PaymentDeadlineMoved, PaymentUploaded, PaymentVerified
from payment.invoices.commands import open_invoice
from payment.review.republish import republish

from .payment_world import Entry, Office
from .test_payment_marks import answer

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def opened_late(office: Office, late: timedelta = 2 * HOUR, **how: Any) -> Entry:
    """A registration with an hour to pay, of which payment hears so late."""
    entry = office.entry(hours=1, **how)
    registered_at = office.clock()
    office.clock.advance(late)
    await office.service.deliver(entry.created(), subject=entry.id, occurred_at=registered_at)
    return entry


async def moves(office: Office) -> list[PaymentDeadlineMoved]:
    return [event.payload for event in await office.said(PaymentDeadlineMoved)]


async def deadline(office: Office, entry: Entry) -> datetime:
    return datetime.fromisoformat((await office.invoice(entry))["expires_at"])


async def test_the_lost_time_is_added_and_told(office: Office) -> None:
    entry = await opened_late(office)

    [moved] = await moves(office)
    assert abs(moved.expires_at - entry.expires_at - 2 * HOUR) < MINUTE
    assert (moved.registration_id, moved.sequence, moved.registration_revision) == (entry.id, 1, 1)
    assert await deadline(office, entry) == moved.expires_at
    assert (await office.upload(entry)).status == 201
    [proof] = [event.payload for event in await office.said(PaymentUploaded)]
    assert (proof.sequence, proof.due_at) == (2, moved.expires_at)


@pytest.mark.parametrize("minutes", [-10, 0, 2, 4])
async def test_what_comes_in_time_but_for_clocks_that_differ_moves_nothing(office: Office, minutes: int) -> None:
    entry = await opened_late(office, minutes * MINUTE)
    assert await moves(office) == []
    assert await deadline(office, entry) == entry.expires_at


async def test_the_registration_told_again_late_moves_nothing(office: Office) -> None:
    entry, registered_at = await office.registered(), office.clock()
    office.clock.advance(2 * HOUR)
    await office.service.deliver(entry.created(), subject=entry.id, occurred_at=registered_at)
    assert await moves(office) == []
    assert await deadline(office, entry) == entry.expires_at


async def test_what_costs_nothing_has_no_deadline_to_move(office: Office) -> None:
    await opened_late(office, amount=Decimal("0.00"))
    assert await moves(office) == []
    assert [event.payload.sequence for event in await office.said(PaymentVerified)] == [1]


async def test_of_a_registration_that_has_ended_no_deadline_is_moved(office: Office) -> None:
    entry = office.entry(hours=1)
    created = entry.created().model_copy(update={"awaits_payment": False})
    await office.service.deliver(created, subject=entry.id, occurred_at=office.clock() - 2 * HOUR)
    assert await moves(office) == []


async def test_an_expiry_that_did_not_know_of_the_late_invoice_leaves_it_open(office: Office) -> None:
    entry = await opened_late(office)
    await office.hear(entry.expired(heard=0))
    assert (await office.invoice(entry))["status"] == "open"
    await office.hear(entry.expired(heard=1))
    assert (await office.invoice(entry))["status"] == "expired"


async def test_without_the_number_that_expiry_closes_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the deadline as it was, and no event."""

    async def as_before(work: UnitOfWork, created: Any, *, registered_at: datetime) -> None:
        await open_invoice(work, created, registered_at=max(registered_at, work.now))

    monkeypatch.setattr("payment.invoices.commands.open_invoice", as_before)
    entry = await opened_late(office)
    assert (await office.upload(entry)).refused_with(409, "invoice_expired")
    await office.hear(entry.expired(heard=0))
    assert (await office.invoice(entry))["status"] == "expired"


async def test_published_again_it_says_the_same(office: Office) -> None:
    entry = await opened_late(office)
    [first] = await moves(office)
    in_time = await office.registered()
    await office.service.forget_published()

    async with office.database.work() as work:
        await republish(work, [entry.id, in_time.id])

    assert [event.payload for event in await office.said(Payload)] == [first]


async def test_while_a_moved_deadline_waits_to_be_sent_payment_cannot_say_which_have_passed(office: Office) -> None:
    entry = await opened_late(office)
    assert (await answer(office)).spoken_until < entry.expires_at - HOUR
    await office.said(Payload)
    told = await answer(office)
    assert told.spoken_until == told.sent_at
