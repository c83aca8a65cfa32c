"""An expiry that payment's news undo: what was not sent is not, what was sent is put right, whatever comes first."""

from datetime import timedelta
from itertools import permutations
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from notification.messages.rules import Channel, EventType, Locale
from notification.templates.commands import check_template
from notification.templates.defaults import default_template
from simulators.testing import Stage
from testkit.harness import ManualClock

from .notification_world import PostOffice

CREATED, UPLOADED, REJECTED = "registration.created", "payment.uploaded", "payment.rejected"
EXPIRED, CONFIRMED, CANCELLED = "registration.expired", "registration.confirmed", "registration.cancelled"
REOPENED = "registration.reopened"
MINUTE = timedelta(minutes=1)


async def waiting_to_be_sent(office: PostOffice, entry_id: object) -> list[str]:
    found = await office.log(registration_id=str(entry_id), channel="email")
    return [each["event_type"] for each in found if each["status"] == "pending"]


async def stage_of(office: PostOffice, entry_id: object) -> str:
    [row] = await office.rows("SELECT stage FROM contacts WHERE registration_id = :id", id=entry_id)
    return str(row["stage"])


@pytest.mark.parametrize("first", [UPLOADED, EXPIRED])
async def test_an_expiry_that_did_not_know_of_the_proof_is_not_told_and_the_refusal_is(
    office: PostOffice, first: str
) -> None:
    # given
    entry, now, payment = await office.registered(), office.clock(), uuid4()
    uploaded = entry.uploaded(at=now, payment_id=payment, sequence=1)
    expired = entry.expired(revision=2, heard=0)
    # when
    await office.hear(*((uploaded, expired) if first == UPLOADED else (expired, uploaded)))
    # then
    assert await waiting_to_be_sent(office, entry.id) == [UPLOADED]
    assert (EXPIRED, "skipped") in await office.told(entry)
    await office.hear(entry.rejected(at=now + MINUTE, payment_id=payment, sequence=2))
    assert await waiting_to_be_sent(office, entry.id) == [REJECTED]
    assert await stage_of(office, entry.id) == "created"


async def test_the_same_news_in_any_order_leave_the_same_to_be_told(office: PostOffice) -> None:
    outcomes = set()
    for order in permutations(range(4)):
        entry, now, first, second = await office.registered(), office.clock(), uuid4(), uuid4()
        news = [
            entry.uploaded(at=now + 100 * MINUTE, payment_id=first, sequence=1),  # a clock that is ahead
            entry.rejected(at=now + 90 * MINUTE, payment_id=first, sequence=2),
            entry.uploaded(at=now + MINUTE, payment_id=second, sequence=3),
            entry.expired(revision=2, heard=0),
        ]
        await office.hear(*(news[index] for index in order))
        outcomes.add((tuple(await waiting_to_be_sent(office, entry.id)), await stage_of(office, entry.id)))
    assert outcomes == {((UPLOADED,), "created")}


async def test_registrations_final_word_is_told_though_an_earlier_expiry_was_not(office: PostOffice) -> None:
    entry = await office.registered()
    await office.hear(
        entry.expired(revision=2, heard=0),
        entry.uploaded(at=office.clock(), sequence=1),
        entry.expired(revision=3, heard=1),
    )
    assert await waiting_to_be_sent(office, entry.id) == [EXPIRED]
    assert await stage_of(office, entry.id) == "expired"


async def test_a_proof_that_is_heard_of_after_an_expiry_that_knew_of_it_is_not_told(office: PostOffice) -> None:
    entry = await office.registered()
    await office.hear(entry.expired(revision=3, heard=1), entry.uploaded(at=office.clock(), sequence=1))
    assert await waiting_to_be_sent(office, entry.id) == [EXPIRED]


async def test_a_refusal_after_which_no_other_proof_is_welcome_is_not_told_as_if_one_were(office: PostOffice) -> None:
    for late in (False, True):
        entry, now = await office.registered(), office.clock()
        expired = entry.expired(revision=3, heard=1)
        refused = entry.rejected(at=now + MINUTE, sequence=2, hours=0)
        await office.hear(entry.uploaded(at=now, sequence=1), *((refused, expired) if late else (expired, refused)))
        assert await waiting_to_be_sent(office, entry.id) == [EXPIRED]
        assert await stage_of(office, entry.id) == "expired"


async def test_an_expiry_of_an_older_release_stands_against_newer_news_of_the_payment(office: PostOffice) -> None:
    entry = await office.registered()
    await office.hear(entry.expired(revision=2), entry.uploaded(at=office.clock(), sequence=1))
    assert await waiting_to_be_sent(office, entry.id) == [EXPIRED]


async def test_an_expiry_that_was_not_sent_is_skipped_when_the_place_is_held_again(office: PostOffice) -> None:
    entry = await office.registered()
    until = office.clock() + timedelta(hours=30)
    await office.hear(entry.expired(revision=2, heard=0), entry.reopened(revision=3, expires_at=until))
    assert await office.told(entry) == [(CREATED, "skipped"), (EXPIRED, "skipped")]
    [contact] = await office.rows("SELECT stage, revision, expires_at FROM contacts")
    assert contact == {"stage": "created", "revision": 3, "expires_at": until}


async def test_who_was_told_of_the_expiry_hears_that_the_place_is_held_again(
    connected: PostOffice, stage: Stage
) -> None:
    # given
    await connected.in_a_hurry()
    entry = await connected.registered()
    await connected.hear(entry.expired(revision=2, heard=0))
    await connected.send_all()
    # when
    again = entry.reopened(revision=3)
    await connected.hear(again, again, entry.uploaded(at=connected.clock(), sequence=1))
    await connected.send_all()
    # then
    assert (REOPENED, "sent") in await connected.told(entry)
    texts = [item["text"] for item in await stage.items("whatsapp")]
    [told] = [text for text in texts if "tetap berlaku" in text]
    assert "Abaikan pesan sebelumnya" in told
    [mail] = [item for item in await stage.items("mail") if "tetap berlaku" in item["subject"]]
    assert entry.number in mail["subject"]


SENT = "UPDATE notifications SET status = 'sent', sent_at = now() WHERE status = 'pending'"


async def test_each_expiry_that_was_told_is_put_right_once(office: PostOffice) -> None:
    entry = await office.registered()
    for revision in (2, 4):
        await office.hear(entry.expired(revision=revision, heard=revision // 2 - 1))
        await office.execute(SENT)
        await office.hear(entry.reopened(revision=revision + 1, heard=revision // 2))
        await office.execute(SENT)
    await office.hear(entry.reopened(revision=6, heard=3))
    told = [event for event, status in await office.told(entry) if status != "skipped"]
    assert told == [EXPIRED, REOPENED, EXPIRED, REOPENED]


@pytest.mark.parametrize(
    ("end", "type_of_end"), [("expired", EXPIRED), ("cancelled", CANCELLED), ("confirmed", CONFIRMED)]
)
async def test_a_return_that_has_not_been_told_is_skipped_when_something_newer_came(
    office: PostOffice, end: str, type_of_end: str
) -> None:
    entry = await office.registered()
    await office.hear(entry.expired(revision=2, heard=0))
    await office.execute(SENT)
    await office.hear(entry.reopened(revision=3), getattr(entry, end)(revision=4))
    assert await waiting_to_be_sent(office, entry.id) == [type_of_end]
    await office.hear(entry.reopened(revision=3))
    assert await waiting_to_be_sent(office, entry.id) == [type_of_end]


async def test_a_failed_expiry_is_not_sent_again_once_the_place_is_held_again(office: PostOffice) -> None:
    entry = await office.registered()
    await office.hear(entry.expired(revision=2, heard=0))
    await office.execute("UPDATE notifications SET status = 'failed', failed_reason = 'x' WHERE status = 'pending'")
    await office.hear(entry.reopened(revision=3))
    await office.call("POST", "/notifications/retry-failed", office.admin)
    assert await waiting_to_be_sent(office, entry.id) == []


@pytest.mark.parametrize("late", [False, True])
async def test_how_to_pay_leaves_until_the_deadline_that_was_moved_and_names_it(
    connected: PostOffice, stage: Stage, clock: ManualClock, *, late: bool
) -> None:
    """Invoice and messages were late: the first deadline may have passed before anybody heard of it."""
    # given
    await connected.in_a_hurry()
    entry = connected.an_entry()
    until = entry.expires_at + timedelta(days=3)
    clock.advance(entry.expires_at - clock() + (MINUTE if late else -MINUTE))
    await connected.hear(entry.created())
    assert {status for _, status in await connected.told(entry)} == {"skipped" if late else "pending"}
    # when
    await connected.hear(entry.reopened(revision=2, expires_at=until, awaits=True))
    clock.advance(2 * MINUTE)
    await connected.send_all()
    # then
    assert await connected.told(entry) == [(CREATED, "sent")]
    [text] = [item["text"] for item in await stage.items("whatsapp")]
    assert f" {until.astimezone(ZoneInfo('Asia/Jakarta')):%-d} " in text


async def test_a_later_deadline_brings_back_nothing_that_newer_news_made_untrue(office: PostOffice) -> None:
    entry = await office.registered()
    await office.hear(entry.uploaded(at=office.clock(), sequence=1))
    await office.hear(entry.reopened(revision=2, expires_at=office.clock() + timedelta(days=9)))
    assert await waiting_to_be_sent(office, entry.id) == [UPLOADED]


@pytest.mark.parametrize(("awaits", "has_proof"), [(True, False), (False, True)])
async def test_only_a_proof_that_was_sent_is_called_in_time(
    connected: PostOffice, stage: Stage, awaits: bool, has_proof: bool
) -> None:
    await connected.in_a_hurry()
    entry = await connected.registered()
    until = connected.clock() + timedelta(hours=30)
    await connected.hear(entry.expired(revision=2, heard=0))
    await connected.send_all()
    await connected.hear(entry.reopened(revision=3, heard=1, expires_at=until, awaits=awaits))
    await connected.send(Channel.WHATSAPP)
    text = (await stage.items("whatsapp"))[-1]["text"]
    assert ("tepat waktu" in text) is has_proof
    assert ("diperpanjang" in text) is awaits


@pytest.mark.parametrize("locale", list(Locale))
def test_the_text_for_who_still_has_to_pay_says_until_when(locale: Locale) -> None:
    text = default_template(EventType.REGISTRATION_REOPENED, Channel.EMAIL, locale, unpaid=True)
    assert "{payment_deadline}" in text.body
    check_template(text, (EventType.REGISTRATION_REOPENED, Channel.EMAIL, locale))


async def test_a_text_of_staff_s_own_holds_for_both(connected: PostOffice, stage: Stage) -> None:
    path = f"/templates/{REOPENED}/whatsapp/id"
    assert (await connected.call("PUT", path, connected.admin, {"body": "Masih berlaku: {status_url}"})).status == 200
    await connected.in_a_hurry()
    entry = await connected.registered()
    await connected.hear(entry.expired(revision=2, heard=0))
    await connected.send_all()
    await connected.hear(entry.reopened(revision=3, heard=1, awaits=True))
    await connected.send(Channel.WHATSAPP)
    assert (await stage.items("whatsapp"))[-1]["text"].startswith("Masih berlaku:")
