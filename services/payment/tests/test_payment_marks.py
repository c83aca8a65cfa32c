"""Payment answers a queue mark: all events up to that time have left the outbox."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contracts import (
    Event,
    Payload,
    PaymentUploaded,
    RefundDue,
    RegistrationCreated,
    RegistrationReopened,
)
from testkit.clocks import ManualClock

from .payment_driver import NO_VERIFIER, PaymentDriver

MINUTE = timedelta(minutes=1)


async def schedule_retry(driver: PaymentDriver, payload: Payload, occurred_at: datetime) -> None:
    """Have an event wait for a retry, as after a failure."""
    subject = getattr(payload, "registration_id", NO_VERIFIER)
    event = Event[Any].of(
        payload, source="registration", subject=subject, occurred_at=occurred_at, correlation_id="test"
    )
    await driver.inbox.schedule_retry(event.to_bytes(), RuntimeError())


async def test_with_an_empty_outbox_a_mark_is_answered_with_its_own_time(driver: PaymentDriver) -> None:
    await driver.register_and_upload()
    await driver.published(Payload)

    answer = await driver.answer_mark()

    assert answer.spoken_until == answer.sent_at


async def test_an_event_in_the_outbox_holds_the_answer_back(driver: PaymentDriver, clock: ManualClock) -> None:
    await driver.register_and_upload()
    clock.advance(20 * MINUTE)
    proof = Event[PaymentUploaded].model_validate_json(await driver.scalar("SELECT payload FROM outbox"))

    for _ in range(2):  # its own answers do not count
        assert (await driver.answer_mark()).spoken_until == proof.occurred_at


async def test_an_event_without_subscription_of_registration_holds_no_answer_back(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.forget_published()
    await driver.deliver(entry.cancelled(refund=payment))

    answer = await driver.answer_mark()

    assert answer.spoken_until == answer.sent_at
    assert len(await driver.published(RefundDue)) == 1


@pytest.mark.parametrize("kind", [RegistrationCreated, RegistrationReopened])
async def test_a_registration_event_that_waits_for_a_retry_counts_from_when_it_occurred(
    driver: PaymentDriver, kind: type[Payload]
) -> None:
    entry = await driver.register()
    waiting: dict[type[Payload], Any] = {RegistrationCreated: entry.created(), RegistrationReopened: entry.reopened()}
    long_ago = driver.clock() - timedelta(hours=2)

    await schedule_retry(driver, waiting[kind], long_ago)

    assert (await driver.answer_mark()).spoken_until == long_ago


async def test_other_events_that_wait_for_a_retry_hold_no_answer_back(driver: PaymentDriver) -> None:
    entry = driver.new_entry()
    await schedule_retry(driver, entry.expired(), driver.clock() - timedelta(hours=2))
    await driver.inbox.schedule_retry(b"garbage", RuntimeError())

    answer = await driver.answer_mark()

    assert answer.spoken_until == answer.sent_at


async def test_an_unreadable_time_of_an_event_does_not_fail_the_answer(driver: PaymentDriver) -> None:
    entry = driver.new_entry()
    await schedule_retry(driver, entry.created(), driver.clock() - timedelta(hours=2))
    readable = r"""'"occurred_at":"[^"]*"', '"occurred_at":"2027-02-30"'"""
    broken = f"convert_to(regexp_replace(convert_from(payload, 'UTF8'), {readable}), 'UTF8')"
    await driver.execute(f"UPDATE event_retries SET payload = {broken}")
    created_at = await driver.scalar("SELECT created_at FROM event_retries")

    assert (await driver.answer_mark(sent_at=datetime.now(UTC) + MINUTE)).spoken_until <= created_at


async def test_a_mark_from_a_clock_ahead_is_answered_with_payments_own_time(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    ahead = clock() + 10 * MINUTE

    answer = await driver.answer_mark(sent_at=ahead)

    assert clock() - MINUTE < answer.spoken_until <= clock()
