"""Histories of facts whose news come in any order and twice: in the end the contact stands as if heard at once.

The clocks of payment and registration differ from notification's, and broker, database and worker are out for a while.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from contracts import Payload, PaymentRejected, PaymentUploaded, PaymentVerified
from hypothesis import given
from hypothesis import strategies as st
from notification.contacts import commands
from notification.contacts.tables import Contact
from testkit.histories import ACTS, SKEWS, PlainRegistration, Step, examples, plain_history, steps

from .notification_driver import NotificationDriver
from .notification_events import Entry

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
    """What notification hears of a history, in its order; the stage in the end, and the message that still holds.

    Args:
        skew: how far payment's clock is ahead of notification's, and registration's behind it.
    """
    registration = PlainRegistration(entry.id, entry.number, entry.expires_at - skew)
    _, said = plain_history(registration, lambda: driver.clock() + skew, steps)
    heard = [news for news in said if not isinstance(news, PaymentVerified)]
    stage = STAGES[registration.status]
    if stage == "confirmed":
        heard.append(entry.confirmed(revision=registration.revision))
    of_payment = [news for news in heard if isinstance(news, PaymentUploaded | PaymentRejected)]
    message = f"registration.{stage}"
    if stage == "created" and of_payment:
        message = of_payment[-1].TYPE
    return heard, stage, message


async def hears(driver: NotificationDriver, news: Sequence[Any], troubles: Sequence[str]) -> None:
    """One after the other; after an hour in which the worker was away, and once more where the effect was lost."""
    lost = []
    for number, each in enumerate(news):
        trouble = troubles[number % len(troubles)]
        if trouble == "worker":
            driver.clock.advance(timedelta(hours=1))
        if trouble == "database":
            lost.append(await driver.deliver_in_vain(each, subject=each.registration_id))
        else:
            await driver.deliver(each)
    for event in lost:
        await driver.redeliver(event)


async def stand(driver: NotificationDriver, entry: Entry) -> tuple[str, set[str]]:
    """The contact's stage, and the types of the messages that will be sent."""
    [contact] = await driver.rows("SELECT stage FROM contacts WHERE registration_id = :id", id=entry.id)
    waiting = "SELECT DISTINCT event_type FROM notifications WHERE registration_id = :id AND status = 'pending'"
    return contact["stage"], {row["event_type"] for row in await driver.rows(waiting, id=entry.id)}


@given(steps=STEPS, order=st.randoms(use_true_random=False), skew=SKEWS, troubles=TROUBLES)
@examples(60)
async def test_the_contact_ends_as_if_all_events_had_come_once_and_in_order(
    driver: NotificationDriver, steps: Sequence[Step], order: random.Random, skew: timedelta, troubles: Sequence[str]
) -> None:
    entry = await driver.register()
    heard, stage, message = facts(driver, entry, steps, skew)
    twice = [*heard, *order.sample(heard, len(heard) // 2)]
    order.shuffle(twice)
    await hears(driver, twice, troubles)
    assert await stand(driver, entry) == (stage, {message}), twice


# A proof that was in time is heard of after the expiry that did not know of it.
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
    heard, stage, message = facts(driver, entry, CROSSING)
    uploaded, expired = heard[:2]
    await driver.deliver_all(expired, uploaded)
    assert (await stand(driver, entry) == (stage, {message})) is ordered
