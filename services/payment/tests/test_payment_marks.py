"""Payment answers a queue mark with how far it has spoken."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contracts import (
    Event,
    Payload,
    PaymentQueueMark,
    PaymentUploaded,
    QueueMark,
    RefundDue,
    RegistrationCreated,
    RegistrationReopened,
)
from testkit.harness import ManualClock

from .payment_world import Entry, Office

NO_VERIFIER = UUID(int=0)
MINUTE = timedelta(minutes=1)


async def answer(office: Office, *, sent_at: datetime | None = None) -> PaymentQueueMark:
    """What payment says to a mark, everything else that it has said being where it was."""
    mark = QueueMark(sent_at=sent_at or office.clock())
    await office.service.deliver(mark, subject=NO_VERIFIER)
    bodies = await office.rows("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1")
    told = Event[PaymentQueueMark].model_validate_json(bodies[0]["payload"])
    assert (told.subject, told.payload.sent_at) == (NO_VERIFIER, mark.sent_at)
    return told.payload


async def park(office: Office, payload: Payload, occurred_at: datetime) -> None:
    """An event that payment failed for waits for another try."""
    subject = getattr(payload, "registration_id", NO_VERIFIER)
    event = Event[Any].of(
        payload, source="registration", subject=subject, occurred_at=occurred_at, correlation_id="test"
    )
    await office.service.inbox.schedule_retry(event.to_bytes(), RuntimeError())


async def test_who_has_nothing_left_to_say_has_spoken_until_the_mark(office: Office) -> None:
    await office.waiting()
    await office.said(Payload)

    told = await answer(office)

    assert told.spoken_until == told.sent_at


async def test_an_event_in_the_outbox_was_not_spoken(office: Office, clock: ManualClock) -> None:
    await office.waiting()
    clock.advance(20 * MINUTE)
    [before] = await office.rows("SELECT payload FROM outbox")
    proof = Event[PaymentUploaded].model_validate_json(before["payload"])

    for _ in range(2):  # its own answers do not count
        assert (await answer(office)).spoken_until == proof.occurred_at


async def test_what_registration_does_not_hear_holds_nothing_up(office: Office) -> None:
    entry, payment = await office.paid()
    await office.service.forget_published()
    await office.hear(entry.cancelled(refund=payment))

    told = await answer(office)

    assert told.spoken_until == told.sent_at
    assert len(await office.said(RefundDue)) == 1


@pytest.mark.parametrize("kind", [RegistrationCreated, RegistrationReopened])
async def test_a_registration_that_waits_for_another_try_counts_from_when_it_was_made(
    office: Office, kind: type[Payload]
) -> None:
    entry = await office.registered()
    waiting: dict[type[Payload], Any] = {RegistrationCreated: entry.created(), RegistrationReopened: entry.reopened()}
    long_ago = office.clock() - timedelta(hours=2)

    await park(office, waiting[kind], long_ago)

    assert (await answer(office)).spoken_until == long_ago


async def test_other_events_that_wait_for_another_try_hold_nothing_up(office: Office) -> None:
    entry = office.entry()
    await park(office, entry.expired(), office.clock() - timedelta(hours=2))
    await office.service.inbox.schedule_retry(b"garbage", RuntimeError())

    told = await answer(office)

    assert told.spoken_until == told.sent_at


async def test_a_moment_that_nobody_can_read_does_not_fail_the_answer(office: Office) -> None:
    entry: Entry = office.entry()
    await park(office, entry.created(), office.clock() - timedelta(hours=2))
    readable = r"""'"occurred_at":"[^"]*"', '"occurred_at":"2027-02-30"'"""
    broken = f"convert_to(regexp_replace(convert_from(payload, 'UTF8'), {readable}), 'UTF8')"
    await office.execute(f"UPDATE event_retries SET payload = {broken}")
    [parked] = await office.rows("SELECT created_at FROM event_retries")

    assert (await answer(office, sent_at=datetime.now(UTC) + MINUTE)).spoken_until <= parked["created_at"]


async def test_who_is_behind_the_sender_of_the_mark_has_spoken_until_its_own_clock(
    office: Office, clock: ManualClock
) -> None:
    ahead = clock() + 10 * MINUTE

    told = await answer(office, sent_at=ahead)

    assert clock() - MINUTE < told.spoken_until <= clock()
