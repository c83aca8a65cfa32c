"""Entries of the waiting list: their contact learns once of the place in line, unless an offer was faster."""

import asyncio
from itertools import permutations
from typing import Any

import pytest
from chassis.errors import NotYet
from chassis.migrations import downgrade, drift, upgrade
from contracts import WaitlistJoined, WaitlistOffered
from notification.consistency import open_offers
from notification.messages.rules import Channel
from notification.tables import Base
from simulators.testing import Stage
from testkit.clocks import ManualClock
from testkit.golden import golden
from testkit.plugin import FreshDatabase

from .notification_driver import NotificationDriver, settings_for
from .notification_events import Entry, joined, offered, runner
from .test_notification_ended_offers import ended

JOINED, OFFERED, CREATED = "waitlist.joined", "waitlist.offered", "registration.created"
WRONG, RIGHT = "ani@gmial.example", "ani@gmail.example"


def offer_to(entry: Entry, email: str, *, revision: int) -> WaitlistOffered:
    """Return the event of an offer with this address."""
    contact = entry.pic.model_copy(update={"email": email})
    return offered(entry).model_copy(update={"contact": contact, "revision": revision})


@pytest.mark.parametrize(
    ("locale", "subject", "words"),
    [
        ("id", "Anda masuk daftar tunggu Lari Pagi Jakarta", "Urutan Anda saat masuk: 3."),
        ("en", "You are on the waiting list of Lari Pagi Jakarta", "Your place in line on joining: 3."),
    ],
)
async def test_the_contact_gets_the_place_in_line_and_the_link_on_both_channels(
    connected: NotificationDriver, stage: Stage, locale: str, subject: str, words: str
) -> None:
    # given
    await connected.change_settings(default_locale=locale)
    entry = connected.new_entry(runner("Ani"))
    # when
    await connected.deliver(joined(entry, position=3))
    await connected.send_due()
    # then
    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    assert (chat["to"], mail["to"], mail["subject"]) == (entry.pic.whatsapp, entry.pic.email, subject)
    for text in (chat["text"], mail["text"]):
        assert "Ani" in text
        assert "Lari Pagi Jakarta (10K)" in text
        assert words in text
        assert f"https://lari.example/r/{entry.id}/{entry.code().code}" in text
    assert await connected.statuses_of(entry) == [(JOINED, "sent")]


async def test_the_golden_entry_is_handled_and_has_no_number(driver: NotificationDriver) -> None:
    event = golden(WaitlistJoined)
    await driver.inbox.handle(event.to_bytes())

    (first, second) = await driver.messages(registration_id=str(event.subject))
    assert {first["channel"], second["channel"]} == {"whatsapp", "email"}
    assert (first["event_type"], first["registration_number"]) == (JOINED, None)


async def test_it_is_queued_once_however_often_its_event_comes(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    event = await driver.deliver(joined(entry))
    await driver.redeliver(event)
    await asyncio.gather(*(driver.deliver(joined(entry, position=place)) for place in range(1, 5)))

    assert await driver.statuses_of(entry) == [(JOINED, "pending")]
    assert await driver.statuses_of(entry, Channel.EMAIL) == [(JOINED, "pending")]


async def test_before_an_offer_there_is_neither_an_amount_nor_a_deadline(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    path, text = f"/templates/{JOINED}/whatsapp/id", "{position} {amount} {payment_deadline} {offer_deadline}"
    (await connected.call("PUT", path, by=connected.staff(), json={"body": text})).require(200)
    # when
    await connected.deliver(joined(connected.new_entry(), position=12))
    await connected.send_due(Channel.WHATSAPP)
    # then
    (message,) = await stage.items("whatsapp")
    assert message["text"].startswith("12 - - -\n")


@pytest.mark.parametrize("order", list(permutations(["joined", "offered", "created"])))
async def test_an_offer_and_the_registration_outdate_it_in_any_order(
    driver: NotificationDriver, order: tuple[str, ...]
) -> None:
    # given
    entry = driver.new_entry()
    events = {"joined": joined(entry), "offered": offered(entry), "created": entry.created(revision=2)}
    # when
    await driver.deliver_all(*(events[each] for each in order))
    # then
    assert sorted(await driver.statuses_of(entry)) == [(CREATED, "pending"), (JOINED, "skipped"), (OFFERED, "skipped")]
    assert await driver.rows("SELECT stage, revision FROM contacts") == [{"stage": "created", "revision": 2}]


@pytest.mark.parametrize("first", ["joined", "offered"])
async def test_an_offer_outdates_it_and_is_itself_sent(driver: NotificationDriver, first: str) -> None:
    entry = driver.new_entry()
    events = [joined(entry), offered(entry)]
    await driver.deliver_all(*(events if first == "joined" else events[::-1]))

    assert sorted(await driver.statuses_of(entry)) == [(JOINED, "skipped"), (OFFERED, "pending")]
    [contact] = await driver.rows("SELECT total_amount, expires_at, revision FROM contacts")
    offer = offered(entry)
    assert contact == {"total_amount": offer.total_amount, "expires_at": offer.offer_expires_at, "revision": 0}


async def test_entries_and_offers_on_many_connections_leave_one_pending_message(driver: NotificationDriver) -> None:
    entries = [driver.new_entry() for _ in range(6)]
    payloads = [each for entry in entries for each in (joined(entry), offered(entry))] * 2
    await asyncio.gather(*(driver.deliver(each) for each in payloads))
    for entry in entries:
        assert sorted(await driver.statuses_of(entry)) == [(JOINED, "skipped"), (OFFERED, "pending")]


async def test_a_failed_one_is_retried_only_until_there_is_an_offer(driver: NotificationDriver) -> None:
    waiting, lucky = driver.new_entry(), driver.new_entry()
    await driver.deliver_all(joined(waiting), joined(lucky))
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'no answer'")
    await driver.deliver(offered(lucky))
    await driver.retry_failed()

    assert await driver.statuses_of(waiting) == [(JOINED, "pending")]
    assert sorted(await driver.statuses_of(lucky)) == [(JOINED, "failed"), (OFFERED, "pending")]


async def test_a_contact_corrected_while_it_waits_gets_it_at_the_new_address_too_and_then_the_offer(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    await connected.lift_limits()
    entry = connected.new_entry(runner("Ani", email=WRONG))
    await connected.deliver(joined(entry))
    await connected.send_due()
    # when
    await connected.deliver_all(joined(entry, revision=1, email=RIGHT), joined(entry))
    await connected.send_due()
    await connected.deliver(offer_to(entry, RIGHT, revision=1))
    await connected.send_due()
    # then
    assert [each["to"] for each in await stage.items("mail")] == [WRONG, RIGHT, RIGHT]
    assert len(await stage.items("whatsapp")) == 2, "the number is as it was"


@pytest.mark.parametrize("revision", [0, 1])
async def test_an_offer_has_the_newest_contact_also_when_no_correction_came_before(
    connected: NotificationDriver, stage: Stage, revision: int
) -> None:
    entry = connected.new_entry(runner("Ani", email=WRONG))
    await connected.deliver_all(joined(entry), offer_to(entry, RIGHT, revision=revision))
    await connected.send_due(Channel.EMAIL)

    assert [each["to"] for each in await stage.items("mail")] == [RIGHT]


async def test_an_end_waits_for_its_offer_though_the_entry_is_known(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    await driver.deliver(joined(entry))
    with pytest.raises(NotYet):
        await driver.deliver(ended(entry))
    await driver.deliver_all(offered(entry), ended(entry))
    assert await driver.rows("SELECT stage FROM contacts") == [{"stage": "offer_ended"}]


@pytest.mark.parametrize("kind", ["confirmed", "expired", "cancelled"])
async def test_events_of_a_registration_wait_for_it_though_its_entry_is_known(
    driver: NotificationDriver, kind: str
) -> None:
    entry = driver.new_entry()
    await driver.deliver(joined(entry))
    with pytest.raises(NotYet):
        await driver.deliver(getattr(entry, kind)())


async def test_an_entry_without_an_offer_is_no_open_offer(driver: NotificationDriver) -> None:
    waiting, lucky = driver.new_entry(), driver.new_entry()
    await driver.deliver_all(joined(waiting), joined(lucky), offered(lucky))
    async with driver.database.read() as session:
        assert await open_offers(session) == [lucky.id]


async def test_migrating_down_deletes_entries_without_an_offer_and_keeps_offers(
    fresh_database: FreshDatabase, clock: ManualClock
) -> None:
    # given
    url = await fresh_database("notification")
    driver = NotificationDriver(settings_for(url), clock=clock)
    waiting, lucky = driver.new_entry(), driver.new_entry()
    await driver.deliver_all(joined(waiting), joined(lucky), offered(lucky))
    # when
    await _migrate(driver, "0019", down=True)
    # then
    assert await driver.rows("SELECT registration_id FROM contacts") == [{"registration_id": lucky.id}]
    assert await driver.rows("SELECT DISTINCT event_type FROM notifications") == [{"event_type": OFFERED}]
    # and up again
    await _migrate(driver, "head")
    assert list(await asyncio.to_thread(drift, url, Base.metadata)) == []
    await driver.deliver(joined(driver.new_entry()))
    await driver.close()


async def _migrate(driver: NotificationDriver, to: str, *, down: bool = False) -> None:
    await driver.database.engine.dispose()
    step: Any = downgrade if down else upgrade
    await asyncio.to_thread(step, driver.settings.database_url, "notification", to)
    await driver.database.engine.dispose()
