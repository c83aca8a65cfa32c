"""Histories whose events come in any order and twice: the contact ends as if they had come once and in order.

The clocks of payment and registration differ from notification's, and broker, database and worker are out for a while.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from contracts import Payload, PaymentRejected, PaymentUploaded, PaymentVerified
from hypothesis import given
from hypothesis import strategies as st
from notification.contacts import commands
from notification.contacts.tables import Contact
from notification.messages.rules import Channel
from testkit.histories import ACTS, SKEWS, PlainRegistration, Step, examples, plain_history, steps

from .notification_driver import NotificationDriver
from .notification_events import Entry, offered
from .test_notification_refunds import DONE, DUE, done, due
from .test_notification_sender_failures import Provider

STEPS = steps(*ACTS)
TROUBLES = st.lists(st.sampled_from(["none", "none", "database", "worker"]), min_size=1, max_size=8)
STAGES = {
    "pending_payment": "created",
    "payment_uploaded": "created",
    "payment_verified": "confirmed",
    "expired": "expired",
    "cancelled": "cancelled",
}


def facts(
    driver: NotificationDriver, entry: Entry, steps: Sequence[Step], skew: timedelta = timedelta()
) -> tuple[list[Payload], str, str]:
    """Return the events of a history in its order, the stage in the end, and the message that is pending then.

    Args:
        skew: how far payment's clock is ahead of notification's, and registration's behind it.
    """
    registration = PlainRegistration(entry.id, entry.number, entry.expires_at - skew)
    _, published = plain_history(registration, lambda: driver.clock() + skew, steps)
    events = [each for each in published if not isinstance(each, PaymentVerified)]
    stage = STAGES[registration.status]
    if stage == "confirmed":
        events.append(entry.confirmed(revision=registration.revision))
    of_payment = [each for each in events if isinstance(each, PaymentUploaded | PaymentRejected)]
    message = f"registration.{stage}"
    if stage == "created" and of_payment:
        message = of_payment[-1].TYPE
    return events, stage, message


async def deliver_with_troubles(driver: NotificationDriver, payloads: Sequence[Any], troubles: Sequence[str]) -> None:
    """Deliver events one by one: some after an hour without a worker, and again those whose effect was lost."""
    lost = []
    for number, each in enumerate(payloads):
        trouble = troubles[number % len(troubles)]
        if trouble == "worker":
            driver.clock.advance(timedelta(hours=1))
        if trouble == "database":
            lost.append(await driver.deliver_in_vain(each, subject=each.registration_id))
        else:
            await driver.deliver(each)
    for event in lost:
        await driver.redeliver(event)


CREATED, OFFERED = "registration.created", "waitlist.offered"
TRUE_AT = {
    "created": {CREATED, "payment.uploaded", "payment.rejected", "registration.reopened"},
    "confirmed": {"registration.confirmed"},
    "expired": {"registration.expired"},
    "cancelled": {"registration.cancelled"},
}
"""The messages that are true at a stage."""


async def deliver_and_send(
    driver: NotificationDriver, entry: Entry, payloads: Sequence[Any], sends: Sequence[int]
) -> list[str]:
    """Deliver events one by one, some of them after what is pending was sent. Return the types of what was sent.

    Args:
        sends: numbers of the events before which messages are sent.
    """
    mail = Provider(lambda _: None).behind(driver.senders[Channel.EMAIL])
    for number, each in enumerate(payloads):
        if number in sends:
            await mail.send_due()
        await driver.deliver(each)
    await mail.send_due()
    in_order = (
        "SELECT event_type FROM notifications"
        " WHERE registration_id = :id AND channel = 'email' AND status = 'sent' ORDER BY sent_at"
    )
    return [row["event_type"] for row in await driver.rows(in_order, id=entry.id)]


async def state_of(driver: NotificationDriver, entry: Entry) -> tuple[str, set[str]]:
    """Return the contact's stage, and the types of its pending messages."""
    [contact] = await driver.rows("SELECT stage FROM contacts WHERE registration_id = :id", id=entry.id)
    waiting = "SELECT DISTINCT event_type FROM notifications WHERE registration_id = :id AND status = 'pending'"
    return contact["stage"], {row["event_type"] for row in await driver.rows(waiting, id=entry.id)}


@given(steps=STEPS, order=st.randoms(use_true_random=False), skew=SKEWS, troubles=TROUBLES)
@examples(60)
async def test_the_contact_ends_as_if_all_events_had_come_once_and_in_order(
    driver: NotificationDriver, steps: Sequence[Step], order: random.Random, skew: timedelta, troubles: Sequence[str]
) -> None:
    entry = await driver.register()
    events, stage, message = facts(driver, entry, steps, skew)
    twice = [*events, *order.sample(events, len(events) // 2)]
    order.shuffle(twice)
    await deliver_with_troubles(driver, twice, troubles)
    assert await state_of(driver, entry) == (stage, {message}), twice


@given(steps=STEPS)
@examples(40)
async def test_events_at_the_same_moment_end_as_in_order(driver: NotificationDriver, steps: Sequence[Step]) -> None:
    entry = driver.new_entry()
    events, stage, message = facts(driver, entry, steps)
    await driver.deliver_together(entry.created(), *events, *events[::2])
    assert await state_of(driver, entry) == (stage, {message}), events


@given(
    steps=STEPS,
    order=st.randoms(use_true_random=False),
    sends=st.lists(st.integers(0, 40), max_size=12),
    refund=st.sampled_from(["none", "due", "done"]),
    offer=st.booleans(),
)
@examples(40)
async def test_what_was_sent_and_is_no_longer_true_is_taken_back_by_a_later_message(
    driver: NotificationDriver,
    steps: Sequence[Step],
    order: random.Random,
    sends: Sequence[int],
    refund: str,
    *,
    offer: bool,
) -> None:
    await driver.lift_limits()
    entry, payment = driver.new_entry(), uuid4()
    events, stage, _ = facts(driver, entry, steps)
    refunds = [due(entry, payment), done(entry, payment, at=driver.clock())][: ["none", "due", "done"].index(refund)]
    offers = [offered(entry)] if offer else []
    rest = [*events, *order.sample(events, len(events) // 2), *refunds, *refunds, *offers]
    order.shuffle(rest)

    sent = await deliver_and_send(driver, entry, [*offers, entry.created(), *rest], sends)

    about_money = [kind for kind in sent if kind in {DUE, DONE}]
    assert about_money in {"none": ([],), "due": ([DUE],), "done": ([DUE, DONE], [DONE])}[refund], sent
    told = [kind for kind in sent if kind not in {DUE, DONE}]
    assert told[-1] in TRUE_AT[stage], (told, stage)


@pytest.mark.parametrize("corrected", [True, False])
async def test_only_the_message_about_a_reopening_takes_an_expiry_back(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch, *, corrected: bool
) -> None:
    """The deadline was moved after the expiry: payment's proofs and rejections say nothing of it."""

    async def nothing(*_: Any) -> None:
        return None

    if not corrected:
        monkeypatch.setattr("notification.handlers.last_notified", nothing)
    await driver.lift_limits()
    entry = await driver.register()
    events = [entry.expired(revision=2, sequence=0), entry.reopened(revision=3, sequence=1, awaits=True)]

    sent = await deliver_and_send(driver, entry, events, [1])

    assert (sent[-1] in TRUE_AT["created"]) is corrected


# A proof that was in time arrives after the expiry that did not know of it.
CROSSING: Sequence[Step] = [("upload", 0), ("sweep", 0), ("to_registration", 1)]


@pytest.mark.parametrize("ordered", [True, False])
async def test_only_the_sequence_makes_the_order_of_arrival_indifferent(
    driver: NotificationDriver, monkeypatch: pytest.MonkeyPatch, *, ordered: bool
) -> None:
    record_payment_event = commands.record_payment_event

    def by_time(contact: Contact, *, at: Any, sequence: int) -> bool:
        return record_payment_event(contact, at=at)

    if not ordered:
        monkeypatch.setattr(commands, "record_payment_event", by_time)
    entry = await driver.register()
    events, stage, message = facts(driver, entry, CROSSING)
    uploaded, expired = events[:2]
    await driver.deliver_all(expired, uploaded)
    assert (await state_of(driver, entry) == (stage, {message})) is ordered
