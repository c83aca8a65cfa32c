"""Expiries that payment events undo: a pending message is skipped, a sent one is put right, in any order of events."""

from datetime import timedelta
from itertools import permutations
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from notification.messages.rules import Channel, EventType, Locale
from notification.templates.commands import check_template
from notification.templates.defaults import Variant, default_template
from simulators.testing import Stage
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver

CREATED, UPLOADED, REJECTED = "registration.created", "payment.uploaded", "payment.rejected"
EXPIRED, CONFIRMED, CANCELLED = "registration.expired", "registration.confirmed", "registration.cancelled"
REOPENED = "registration.reopened"
MINUTE = timedelta(minutes=1)


async def waiting_to_be_sent(driver: NotificationDriver, entry_id: object) -> list[str]:
    found = await driver.messages(registration_id=str(entry_id), channel="email")
    return [each["event_type"] for each in found if each["status"] == "pending"]


async def stage_of(driver: NotificationDriver, entry_id: object) -> str:
    [row] = await driver.rows("SELECT stage FROM contacts WHERE registration_id = :id", id=entry_id)
    return str(row["stage"])


@pytest.mark.parametrize("first", [UPLOADED, EXPIRED])
async def test_an_expiry_that_did_not_know_of_the_proof_is_skipped_and_the_refusal_is_queued(
    driver: NotificationDriver, first: str
) -> None:
    # given
    entry, now, payment = await driver.register(), driver.clock(), uuid4()
    uploaded = entry.uploaded(at=now, payment_id=payment, sequence=1)
    expired = entry.expired(revision=2, sequence=0)
    # when
    await driver.deliver_all(*((uploaded, expired) if first == UPLOADED else (expired, uploaded)))
    # then
    assert await waiting_to_be_sent(driver, entry.id) == [UPLOADED]
    assert (EXPIRED, "skipped") in await driver.statuses_of(entry)
    await driver.deliver(entry.rejected(at=now + MINUTE, payment_id=payment, sequence=2))
    assert await waiting_to_be_sent(driver, entry.id) == [REJECTED]
    assert await stage_of(driver, entry.id) == "created"


async def test_the_same_events_in_any_order_leave_the_same_message_pending(driver: NotificationDriver) -> None:
    outcomes = set()
    for order in permutations(range(4)):
        entry, now, first, second = await driver.register(), driver.clock(), uuid4(), uuid4()
        payloads = [
            entry.uploaded(at=now + 100 * MINUTE, payment_id=first, sequence=1),  # a clock that is ahead
            entry.rejected(at=now + 90 * MINUTE, payment_id=first, sequence=2),
            entry.uploaded(at=now + MINUTE, payment_id=second, sequence=3),
            entry.expired(revision=2, sequence=0),
        ]
        await driver.deliver_all(*(payloads[index] for index in order))
        outcomes.add((tuple(await waiting_to_be_sent(driver, entry.id)), await stage_of(driver, entry.id)))
    assert outcomes == {((UPLOADED,), "created")}


async def test_registrations_last_expiry_is_queued_though_an_earlier_one_was_skipped(
    driver: NotificationDriver,
) -> None:
    entry = await driver.register()
    await driver.deliver_all(
        entry.expired(revision=2, sequence=0),
        entry.uploaded(at=driver.clock(), sequence=1),
        entry.expired(revision=3, sequence=1),
    )
    assert await waiting_to_be_sent(driver, entry.id) == [EXPIRED]
    assert await stage_of(driver, entry.id) == "expired"


async def test_a_proof_that_arrives_after_an_expiry_that_knew_of_it_is_not_queued(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver_all(entry.expired(revision=3, sequence=1), entry.uploaded(at=driver.clock(), sequence=1))
    assert await waiting_to_be_sent(driver, entry.id) == [EXPIRED]


async def test_a_refusal_after_which_no_other_proof_is_accepted_is_not_queued(
    driver: NotificationDriver,
) -> None:
    for late in (False, True):
        entry, now = await driver.register(), driver.clock()
        expired = entry.expired(revision=3, sequence=1)
        refused = entry.rejected(at=now + MINUTE, sequence=2, hours=0)
        await driver.deliver_all(
            entry.uploaded(at=now, sequence=1), *((refused, expired) if late else (expired, refused))
        )
        assert await waiting_to_be_sent(driver, entry.id) == [EXPIRED]
        assert await stage_of(driver, entry.id) == "expired"


async def test_an_expiry_of_an_older_release_holds_against_newer_payment_events(
    driver: NotificationDriver,
) -> None:
    entry = await driver.register()
    await driver.deliver_all(entry.expired(revision=2), entry.uploaded(at=driver.clock(), sequence=1))
    assert await waiting_to_be_sent(driver, entry.id) == [EXPIRED]


async def test_an_expiry_that_was_not_sent_is_skipped_when_the_place_is_held_again(driver: NotificationDriver) -> None:
    entry = await driver.register()
    until = driver.clock() + timedelta(hours=30)
    await driver.deliver_all(entry.expired(revision=2, sequence=0), entry.reopened(revision=3, expires_at=until))
    assert await driver.statuses_of(entry) == [(CREATED, "skipped"), (EXPIRED, "skipped")]
    [contact] = await driver.rows("SELECT stage, revision, expires_at FROM contacts")
    assert contact == {"stage": "created", "revision": 3, "expires_at": until}


async def test_after_an_expiry_was_sent_the_place_held_again_is_sent_too(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    await connected.lift_limits()
    entry = await connected.register()
    await connected.deliver(entry.expired(revision=2, sequence=0))
    await connected.send_due()
    # when
    again = entry.reopened(revision=3)
    await connected.deliver_all(again, again, entry.uploaded(at=connected.clock(), sequence=1))
    await connected.send_due()
    # then
    assert (REOPENED, "sent") in await connected.statuses_of(entry)
    texts = [item["text"] for item in await stage.items("whatsapp")]
    [sent] = [text for text in texts if "tetap berlaku" in text]
    assert "Abaikan pesan sebelumnya" in sent
    [mail] = [item for item in await stage.items("mail") if "tetap berlaku" in item["subject"]]
    assert entry.number in mail["subject"]


SENT = "UPDATE notifications SET status = 'sent', sent_at = now() WHERE status = 'pending'"


async def test_each_expiry_that_was_sent_is_put_right_once(driver: NotificationDriver) -> None:
    entry = await driver.register()
    for revision in (2, 4):
        await driver.deliver(entry.expired(revision=revision, sequence=revision // 2 - 1))
        await driver.execute(SENT)
        await driver.deliver(entry.reopened(revision=revision + 1, sequence=revision // 2))
        await driver.execute(SENT)
    await driver.deliver(entry.reopened(revision=6, sequence=3))
    sent = [event for event, status in await driver.statuses_of(entry) if status != "skipped"]
    assert sent == [EXPIRED, REOPENED, EXPIRED, REOPENED]


@pytest.mark.parametrize(
    ("end", "type_of_end"), [("expired", EXPIRED), ("cancelled", CANCELLED), ("confirmed", CONFIRMED)]
)
async def test_a_pending_message_about_held_places_is_skipped_when_a_newer_event_came(
    driver: NotificationDriver, end: str, type_of_end: str
) -> None:
    entry = await driver.register()
    await driver.deliver(entry.expired(revision=2, sequence=0))
    await driver.execute(SENT)
    await driver.deliver_all(entry.reopened(revision=3), getattr(entry, end)(revision=4))
    assert await waiting_to_be_sent(driver, entry.id) == [type_of_end]
    await driver.deliver(entry.reopened(revision=3))
    assert await waiting_to_be_sent(driver, entry.id) == [type_of_end]


async def test_a_failed_expiry_is_not_sent_again_once_the_place_is_held_again(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver(entry.expired(revision=2, sequence=0))
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE status = 'pending'")
    await driver.deliver(entry.reopened(revision=3))
    await driver.retry_failed()
    assert await waiting_to_be_sent(driver, entry.id) == []


@pytest.mark.parametrize("late", [False, True])
async def test_how_to_pay_leaves_until_the_deadline_that_was_moved_and_names_it(
    connected: NotificationDriver, stage: Stage, clock: ManualClock, *, late: bool
) -> None:
    """Invoice and messages were late: the first deadline may have passed before its message was sent."""
    # given
    await connected.lift_limits()
    entry = connected.new_entry()
    until = entry.expires_at + timedelta(days=3)
    clock.advance(entry.expires_at - clock() + (MINUTE if late else -MINUTE))
    await connected.deliver(entry.created())
    assert {status for _, status in await connected.statuses_of(entry)} == {"skipped" if late else "pending"}
    # when
    await connected.deliver(entry.reopened(revision=2, expires_at=until, awaits=True))
    clock.advance(2 * MINUTE)
    await connected.send_due()
    # then
    assert await connected.statuses_of(entry) == [(CREATED, "sent")]
    [text] = [item["text"] for item in await stage.items("whatsapp")]
    assert f" {until.astimezone(ZoneInfo('Asia/Jakarta')):%-d} " in text


async def test_a_later_deadline_queues_no_message_that_a_newer_event_superseded(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver(entry.uploaded(at=driver.clock(), sequence=1))
    await driver.deliver(entry.reopened(revision=2, expires_at=driver.clock() + timedelta(days=9)))
    assert await waiting_to_be_sent(driver, entry.id) == [UPLOADED]


@pytest.mark.parametrize(("awaits", "has_proof"), [(True, False), (False, True)])
async def test_only_a_proof_that_was_sent_is_called_in_time(
    connected: NotificationDriver, stage: Stage, awaits: bool, has_proof: bool
) -> None:
    await connected.lift_limits()
    entry = await connected.register()
    until = connected.clock() + timedelta(hours=30)
    await connected.deliver(entry.expired(revision=2, sequence=0))
    await connected.send_due()
    await connected.deliver(entry.reopened(revision=3, sequence=1, expires_at=until, awaits=awaits))
    await connected.send_due(Channel.WHATSAPP)
    text = (await stage.items("whatsapp"))[-1]["text"]
    assert ("tepat waktu" in text) is has_proof
    assert ("diperpanjang" in text) is awaits


@pytest.mark.parametrize("locale", list(Locale))
def test_the_text_for_an_unpaid_registration_names_the_deadline(locale: Locale) -> None:
    text = default_template(EventType.REGISTRATION_REOPENED, Channel.EMAIL, locale, Variant.UNPAID)
    assert "{payment_deadline}" in text.body
    check_template(text, (EventType.REGISTRATION_REOPENED, Channel.EMAIL, locale))


async def test_a_text_of_staffs_own_holds_for_both(connected: NotificationDriver, stage: Stage) -> None:
    path = f"/templates/{REOPENED}/whatsapp/id"
    assert (
        await connected.call("PUT", path, by=connected.staff(), json={"body": "Masih berlaku: {status_url}"})
    ).status == 200
    await connected.lift_limits()
    entry = await connected.register()
    await connected.deliver(entry.expired(revision=2, sequence=0))
    await connected.send_due()
    await connected.deliver(entry.reopened(revision=3, sequence=1, awaits=True))
    await connected.send_due(Channel.WHATSAPP)
    assert (await stage.items("whatsapp"))[-1]["text"].startswith("Masih berlaku:")
