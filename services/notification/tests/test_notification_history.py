"""Histories of facts whose news come in any order and twice: in the end the contact stands as if heard at once."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from contracts import Payload, PaymentRejected, PaymentUploaded, PaymentVerified
from hypothesis import given
from hypothesis import strategies as st
from notification.contacts import commands
from notification.contacts.tables import Contact
from testkit.histories import ACTS, CARRIED, PlainRegistration, Step, examples, plain_history

from .notification_world import Entry, PostOffice

STEPS = st.lists(st.tuples(st.sampled_from((*ACTS, *CARRIED, *CARRIED)), st.integers(0, 8)), max_size=24)
STAGES = {
    "pending_payment": "created",
    "payment_uploaded": "created",
    "payment_verified": "confirmed",
    "expired": "expired",
    "cancelled": "cancelled",
}


def facts(office: PostOffice, entry: Entry, steps: Sequence[Step]) -> tuple[list[Payload], str, str]:
    """What notification hears of a history, in its order; the stage in the end, and the message that still holds."""
    registration = PlainRegistration(entry.id, entry.number, entry.expires_at)
    _, said = plain_history(registration, office.clock, steps)
    heard = [news for news in said if not isinstance(news, PaymentVerified)]
    stage = STAGES[registration.status]
    if stage == "confirmed":
        heard.append(entry.confirmed(revision=registration.revision))
    of_payment = [news for news in heard if isinstance(news, PaymentUploaded | PaymentRejected)]
    message = f"registration.{stage}"
    if stage == "created" and of_payment:
        message = of_payment[-1].TYPE
    return heard, stage, message


async def stand(office: PostOffice, entry: Entry) -> tuple[str, set[str]]:
    """The contact's stage, and the types of the messages that will be sent."""
    [contact] = await office.rows("SELECT stage FROM contacts WHERE registration_id = :id", id=entry.id)
    waiting = "SELECT DISTINCT event_type FROM notifications WHERE registration_id = :id AND status = 'pending'"
    return contact["stage"], {row["event_type"] for row in await office.rows(waiting, id=entry.id)}


@given(steps=STEPS, order=st.randoms(use_true_random=False))
@examples(60)
async def test_in_the_end_the_contact_stands_as_if_everything_had_been_heard_at_once(
    office: PostOffice, steps: Sequence[Step], order: random.Random
) -> None:
    entry = await office.registered()
    heard, stage, message = facts(office, entry, steps)
    twice = [*heard, *order.sample(heard, len(heard) // 2)]
    order.shuffle(twice)
    await office.hear(*twice)
    assert await stand(office, entry) == (stage, {message}), twice


# A proof that was in time is heard of after the expiry that did not know of it.
CROSSING: Sequence[Step] = [("upload", 0), ("sweep", 0), ("to_registration", 1)]


@pytest.mark.parametrize("ordered", [True, False])
async def test_only_the_sequence_makes_the_order_of_arrival_indifferent(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, *, ordered: bool
) -> None:
    note_payment_news = commands.note_payment_news

    def by_time(contact: Contact, *, at: Any, sequence: int) -> bool:
        return note_payment_news(contact, at=at)

    if not ordered:
        monkeypatch.setattr(commands, "note_payment_news", by_time)
    entry = await office.registered()
    heard, stage, message = facts(office, entry, CROSSING)
    uploaded, expired = heard[:2]
    await office.hear(expired, uploaded)
    assert (await stand(office, entry) == (stage, {message})) is ordered
