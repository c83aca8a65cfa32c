"""Events queue messages, in any order and however often they are delivered."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from notification.messages.rules import Channel, EventType
from notification.queue.rules import PRIORITIES

from .notification_driver import NotificationDriver
from .notification_events import runner

CREATED, UPLOADED, REJECTED = "registration.created", "payment.uploaded", "payment.rejected"
CONFIRMED, EXPIRED, CANCELLED = "registration.confirmed", "registration.expired", "registration.cancelled"


async def test_how_to_pay_is_queued_for_the_person_in_charge_on_both_channels(driver: NotificationDriver) -> None:
    pic, friend = runner("Ani"), runner("Bima", is_pic=False)
    entry = await driver.register(friend, pic)

    found = await driver.messages(registration_id=str(entry.id))

    reached = {(each["channel"], each["recipient"]) for each in found}
    assert reached == {("whatsapp", pic.whatsapp), ("email", pic.email)}
    assert {(each["event_type"], each["status"]) for each in found} == {(CREATED, "pending")}


async def test_a_free_registration_gets_no_request_to_pay_and_a_ticket(driver: NotificationDriver) -> None:
    entry = await driver.register(amount="0.00")
    assert await driver.statuses_of(entry) == []
    await driver.deliver(entry.confirmed())
    assert await driver.statuses_of(entry) == [(CONFIRMED, "pending")]


async def test_every_runner_of_a_group_gets_a_ticket_of_their_own_on_both_channels(driver: NotificationDriver) -> None:
    family = [runner(f"Runner {place}", is_pic=place == 0, email="same@example.com") for place in range(5)]
    entry = await driver.register_confirmed(*family)

    found = [each for each in await driver.messages(registration_id=str(entry.id)) if each["event_type"] == CONFIRMED]

    expected = {(str(each.participant_id), channel) for each in family for channel in ("whatsapp", "email")}
    assert {(each["participant_id"], each["channel"]) for each in found} == expected
    assert len(found) == 10


async def test_the_same_event_again_queues_no_message(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    upload = entry.uploaded(at=driver.clock())
    for payload in (entry.created(), upload, entry.confirmed()):
        event = await driver.deliver(payload)
        before = await driver.messages()
        await driver.redeliver(event)
        await driver.deliver(payload)  # under an id of its own, as if it had been published twice
        assert await driver.messages() == before


@pytest.mark.parametrize("payment", [{}, {"payment_id": uuid4()}])
@pytest.mark.parametrize("newer", [0, 1])
async def test_a_confirmation_published_again_sends_no_second_ticket(
    driver: NotificationDriver, newer: int, payment: dict[str, Any]
) -> None:
    entry = await driver.register()
    confirmed = entry.confirmed()
    await driver.deliver(confirmed)

    await driver.deliver(confirmed.model_copy(update={"revision": confirmed.revision + newer, **payment}))

    assert [event for event, _ in await driver.statuses_of(entry)].count(CONFIRMED) == 1


async def test_a_creation_published_again_that_awaits_no_payment_queues_no_request_to_pay(
    driver: NotificationDriver,
) -> None:
    entry = driver.new_entry()
    await driver.deliver(entry.created(awaits_payment=False))
    assert await driver.statuses_of(entry) == []

    await driver.deliver(entry.confirmed())
    assert await driver.statuses_of(entry) == [(CONFIRMED, "pending")]


async def test_an_upload_with_a_payment_method_of_a_newer_release_is_queued_like_any_other(
    driver: NotificationDriver,
) -> None:
    entry = await driver.register()

    await driver.deliver(entry.uploaded(at=driver.clock()).model_copy(update={"payment_method": "gopay"}))

    assert (UPLOADED, "pending") in await driver.statuses_of(entry)


async def test_the_same_event_on_several_connections_at_once_queues_one_message(driver: NotificationDriver) -> None:
    entry = await driver.register()
    confirmed = entry.confirmed()
    await asyncio.gather(*(driver.deliver(confirmed) for _ in range(4)))

    assert await driver.statuses_of(entry) == [(CREATED, "skipped"), (CONFIRMED, "pending")]


@pytest.mark.parametrize("kind", ["uploaded", "rejected", "confirmed", "expired", "cancelled"])
async def test_an_event_of_an_unknown_registration_waits(driver: NotificationDriver, kind: str) -> None:
    entry = driver.new_entry()
    moment = {"at": driver.clock()} if kind in {"uploaded", "rejected"} else {}
    with pytest.raises(NotYet):
        await driver.deliver(getattr(entry, kind)(**moment))
    assert await driver.messages() == []


async def test_each_proof_and_each_refusal_queues_a_message(driver: NotificationDriver) -> None:
    entry = await driver.register()
    first, second, now = uuid4(), uuid4(), driver.clock()
    await driver.deliver_all(
        entry.uploaded(at=now, payment_id=first),
        entry.rejected(at=now + timedelta(minutes=1), payment_id=first),
        entry.uploaded(at=now + timedelta(minutes=2), payment_id=second),
    )
    # Nothing was sent yet, so only the newest message is pending.
    assert await driver.statuses_of(entry) == [
        (CREATED, "skipped"),
        (UPLOADED, "skipped"),
        (REJECTED, "skipped"),
        (UPLOADED, "pending"),
    ]


@pytest.mark.parametrize(
    ("later", "survives"),
    [("confirmed", CONFIRMED), ("expired", EXPIRED), ("cancelled", CANCELLED)],
)
async def test_a_pending_message_is_skipped_when_a_newer_event_supersedes_it(
    driver: NotificationDriver, later: str, survives: str
) -> None:
    entry = await driver.register()
    await driver.deliver(getattr(entry, later)())

    assert await driver.statuses_of(entry) == [(CREATED, "skipped"), (survives, "pending")]


async def test_a_cancellation_takes_back_tickets_that_have_not_left(driver: NotificationDriver) -> None:
    entry = await driver.register_confirmed()
    await driver.deliver(entry.cancelled(revision=4))

    assert await driver.statuses_of(entry) == [(CREATED, "skipped"), (CONFIRMED, "skipped"), (CANCELLED, "pending")]


async def test_older_events_that_arrive_late_are_logged_and_not_sent(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver_all(entry.confirmed(revision=3), entry.expired(revision=2), entry.uploaded(at=driver.clock()))

    assert await driver.statuses_of(entry) == [
        (CREATED, "skipped"),
        (CONFIRMED, "pending"),
        (EXPIRED, "skipped"),
        (UPLOADED, "skipped"),
    ]


async def test_a_refusal_that_comes_after_the_next_proof_is_not_sent(driver: NotificationDriver) -> None:
    entry = await driver.register()
    now = driver.clock()
    await driver.deliver_all(entry.uploaded(at=now + timedelta(minutes=5)), entry.rejected(at=now))

    assert await driver.statuses_of(entry) == [(CREATED, "skipped"), (UPLOADED, "pending"), (REJECTED, "skipped")]


async def test_in_any_order_the_newest_revision_decides_the_pending_message(driver: NotificationDriver) -> None:
    one, other = await driver.register(), await driver.register()
    await driver.deliver_all(one.expired(revision=2), one.confirmed(revision=3), one.cancelled(revision=4))
    await driver.deliver_all(other.cancelled(revision=4), other.confirmed(revision=3), other.expired(revision=2))

    for entry in (one, other):
        statuses = dict(await driver.statuses_of(entry))
        assert statuses == {CREATED: "skipped", EXPIRED: "skipped", CONFIRMED: "skipped", CANCELLED: "pending"}


async def test_an_expiry_is_queued_once_even_if_a_late_payment_publishes_it_again(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver_all(entry.expired(revision=2), entry.expired(revision=3, refund=uuid4()))

    assert (await driver.statuses_of(entry)).count((EXPIRED, "pending")) == 1


async def test_a_cancellation_is_queued_once_even_if_a_late_payment_publishes_it_again(
    driver: NotificationDriver,
) -> None:
    entry = await driver.register()
    await driver.deliver_all(entry.cancelled(revision=2), entry.cancelled(revision=3, refund=uuid4()))

    assert [event for event, _ in await driver.statuses_of(entry)] == [CREATED, CANCELLED]


async def test_cancelled_confirmed_and_cancelled_again_are_three_messages(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver_all(entry.cancelled(revision=2), entry.confirmed(revision=3), entry.cancelled(revision=4))

    assert await driver.statuses_of(entry) == [
        (CREATED, "skipped"),
        (CANCELLED, "skipped"),
        (CONFIRMED, "skipped"),
        (CANCELLED, "pending"),
    ]


async def test_events_of_one_registration_on_many_connections_leave_one_pending_message(
    driver: NotificationDriver,
) -> None:
    entry = await driver.register()
    payloads = [entry.expired(revision=2), entry.confirmed(revision=3), entry.cancelled(revision=4)] * 3
    await asyncio.gather(*(driver.deliver(each) for each in payloads))

    pending = [event for event, status in await driver.statuses_of(entry, Channel.EMAIL) if status == "pending"]
    assert pending == [CANCELLED]


async def test_a_confirmation_of_an_unknown_participant_waits_and_queues_no_message(driver: NotificationDriver) -> None:
    entry = await driver.register()
    stranger = driver.new_entry().confirmed().participants
    with pytest.raises(NotYet):
        await driver.deliver(entry.confirmed().model_copy(update={"participants": stranger}))
    assert await driver.statuses_of(entry) == [(CREATED, "pending")]


def test_every_type_of_message_has_a_priority() -> None:
    assert set(PRIORITIES) == set(EventType)
