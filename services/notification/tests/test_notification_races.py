"""Races that change: messages name the race as it is now, in its own time zone; changes are sent if staff ask."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from chassis.errors import NotYet
from contracts import AccessCode, AccessReplaced, RaceChanged
from notification.contacts.linking import link_batch
from notification.messages.rules import Channel, Locale
from notification.queue.commands import claim_next
from notification.templates.formatting import moment, zone_named
from notification.worker import in_portions, release
from simulators.testing import Stage
from sqlalchemy.event import listen
from testkit.clocks import ManualClock
from testkit.golden import golden

from .notification_driver import NotificationDriver
from .notification_events import MOVED, RACE, TEN_K, Entry, changed, offered, revised, runner

CHANGED, CONFIRMED, CREATED = "race.changed", "registration.confirmed", "registration.created"
MAIL = Channel.EMAIL


async def test_a_message_that_waits_names_the_race_as_it_is_when_it_leaves(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.register_confirmed()
    await connected.deliver(changed(MOVED, category="10K Umum"))
    await connected.send_due()
    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    for text in (chat["text"], mail["text"], mail["html"]):
        assert "Lari Malam Jakarta" in text
        assert "Minggu, 4 April 2027" in text
        assert "Istora" in text
        assert "10K Umum" in text
        assert "Lari Pagi" not in text


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_newest_revision_holds_whatever_the_order(driver: NotificationDriver, order: tuple[int, ...]) -> None:
    payloads = [changed(revised(n, location=f"Place {n}"), category=f"10K v{n}") for n in (2, 3, 4)]
    await driver.deliver_all(*(payloads[place] for place in order))
    await driver.register()
    assert await driver.rows("SELECT location, revision FROM races") == [{"location": "Place 4", "revision": 4}]
    assert await driver.rows("SELECT name, revision FROM race_categories") == [{"name": "10K v4", "revision": 4}]


async def test_events_of_registrations_store_the_race_too(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    await driver.deliver_all(entry.created(), entry.confirmed(event=MOVED, category_name="10K Umum"))
    await driver.deliver(offered(driver.new_entry()))
    assert await driver.rows("SELECT name FROM races") == [{"name": MOVED.name}]
    assert await driver.rows("SELECT name FROM race_categories") == [{"name": "10K Umum"}]


async def test_events_of_older_releases_store_no_race(connected: NotificationDriver, stage: Stage) -> None:
    entry = connected.new_entry()
    old = RACE.model_copy(update={"timezone": None, "revision": 0})
    await connected.deliver_all(
        entry.created(event=old), entry.confirmed(event=old.model_copy(update={"name": "Lari Baru"}))
    )
    assert await connected.rows("SELECT 1 FROM races") == []
    await connected.send_due(MAIL)
    (mail,) = await stage.items("mail")
    assert mail["subject"] == "E-tiket Lari Baru: BIB 1000"


async def test_many_registrations_at_once_store_one_race(driver: NotificationDriver) -> None:
    payloads = [driver.new_entry().created(event=revised(n % 3 + 1, location=f"Place {n % 3 + 1}")) for n in range(12)]
    await asyncio.gather(
        *(driver.deliver(each) for each in payloads), driver.deliver(changed(revised(9, location="Place 9")))
    )
    assert await driver.rows("SELECT location FROM races") == [{"location": "Place 9"}]


async def test_only_confirmed_runners_get_a_change_once_on_both_channels(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    await connected.lift_limits()
    group = await connected.register_confirmed(runner("Ani"), runner("Bima", is_pic=False))
    unpaid, cancelled = await connected.register(), await connected.register_confirmed()
    await connected.deliver(cancelled.cancelled(revision=4))
    elsewhere = connected.new_entry()
    other = RACE.model_copy(update={"event_id": uuid4()})
    await connected.deliver_all(elsewhere.created(event=other), elsewhere.confirmed(event=other))
    await connected.send_due()
    before = len(await stage.items("mail"))
    # when
    event = changed(MOVED, notify=True)
    await asyncio.gather(*(connected.deliver(event) for _ in range(3)))
    await connected.send_due()
    # then
    mails, chats = (await stage.items("mail"))[before:], (await stage.items("whatsapp"))[before:]
    assert sorted(each["to"] for each in mails) == sorted(each.email for each in group.runners)
    assert sorted(each["to"] for each in chats) == sorted(each.whatsapp for each in group.runners)
    for item in (*mails, *chats):
        assert "Minggu, 4 April 2027" in item["text"]
        assert "Istora" in item["text"]
    assert {each["subject"] for each in mails} == {"Perubahan Lari Malam Jakarta: Minggu, 4 April 2027, Istora"}
    for entry in (unpaid, cancelled, elsewhere):
        assert CHANGED not in [event for event, _ in await connected.statuses_of(entry)]


async def test_a_change_is_in_english_when_english_is_chosen(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    await connected.change_settings(default_locale="en")
    await connected.register_confirmed()
    await connected.send_due(MAIL)
    await connected.deliver(changed(MOVED, notify=True))
    await connected.send_due(MAIL)
    assert (await stage.items("mail"))[-1]["subject"] == "Lari Malam Jakarta has changed: Sunday, 4 April 2027, Istora"


async def changes_of(driver: NotificationDriver, entry: Entry) -> list[str]:
    return [status for event, status in await driver.statuses_of(entry) if event == CHANGED]


async def test_a_later_change_takes_the_place_of_a_message_that_waits(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    entry = await connected.register_confirmed()
    await connected.send_due()
    await connected.deliver_all(changed(MOVED, notify=True), changed(revised(3, location="Ancol"), notify=True))
    await connected.send_due()
    assert await changes_of(connected, entry) == ["skipped", "sent"]
    assert ["Ancol" in each["text"] for each in await stage.items("mail")] == [False, True]


async def test_an_earlier_change_between_two_tries_is_not_sent_after_a_later_one(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await connected.lift_limits()
    entry = await connected.register_confirmed()
    await connected.send_due()
    await connected.deliver(changed(MOVED, notify=True))
    async with connected.database.work() as work:
        assert await claim_next(work, Channel.WHATSAPP, lease_for=timedelta(seconds=60))
    await connected.deliver(changed(revised(3), notify=True))
    clock.advance(timedelta(seconds=61))
    await release(connected.database)
    await connected.send_due()
    assert await changes_of(connected, entry) == ["skipped", "sent"]


@pytest.mark.parametrize("path", ["/notifications/{id}/retry", "/notifications/retry-failed"])
async def test_an_earlier_change_that_failed_is_not_tried_again_after_a_later_one(
    driver: NotificationDriver, path: str
) -> None:
    entry = await driver.register_confirmed()
    await driver.deliver(changed(MOVED, notify=True))
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'no'")
    await driver.deliver(changed(revised(3), notify=True))
    earlier = next(each for each in await driver.messages(channel="whatsapp") if each["event_type"] == CHANGED)
    await driver.call("POST", path.format(id=earlier["id"]), by=driver.staff())
    assert await changes_of(driver, entry) == ["failed", "pending"]


async def test_an_earlier_change_that_arrives_late_is_not_queued_after_a_later_one(driver: NotificationDriver) -> None:
    entry = await driver.register_confirmed()
    await driver.deliver_all(changed(revised(3), notify=True), changed(MOVED, notify=True))
    assert await changes_of(driver, entry) == ["pending"]


async def test_a_change_is_sent_even_if_a_later_one_without_message_came_first(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    entry = await connected.register_confirmed()
    await connected.send_due(MAIL)
    await connected.deliver_all(changed(revised(3, location="Ancol")), changed(MOVED, notify=True))
    assert await changes_of(connected, entry) == ["pending"]
    await connected.send_due(MAIL)
    assert "Lokasi: Ancol" in (await stage.items("mail"))[-1]["text"]


async def test_a_change_is_queued_though_its_facts_were_known_from_a_registration(driver: NotificationDriver) -> None:
    entry = await driver.register_confirmed()
    await driver.deliver(driver.new_entry().created(event=MOVED))
    await driver.deliver(changed(MOVED, notify=True))
    assert await changes_of(driver, entry) == ["pending"]


async def test_a_cancellation_takes_back_a_change_that_waits(driver: NotificationDriver) -> None:
    entry = await driver.register_confirmed()
    await driver.deliver(changed(MOVED, notify=True))
    await driver.deliver(entry.cancelled(revision=4))
    assert await changes_of(driver, entry) == ["skipped"]


async def test_a_change_that_is_handled_while_a_cancellation_is_stored_is_not_sent(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = await connected.register_confirmed()
    await connected.deliver(changed(MOVED, notify=True))
    await connected.execute("UPDATE contacts SET stage = 'cancelled', revision = 4")
    await connected.send_due(MAIL)
    assert await stage.items("mail") == []
    assert (CHANGED, "skipped") in await connected.statuses_of(entry, MAIL)


async def test_staff_may_write_their_own_text_for_changes(connected: NotificationDriver, stage: Stage) -> None:
    path = f"/templates/{CHANGED}/whatsapp/id"
    body = "{name}: {event_name}, {event_date}, {event_location}"
    assert (await connected.call("PUT", path, by=connected.staff(), json={"body": body})).status == 200
    await connected.lift_limits()
    await connected.register_confirmed(runner("Ani"))
    await connected.deliver(changed(MOVED, notify=True))
    await connected.send_due(Channel.WHATSAPP)
    texts = [item["text"] for item in await stage.items("whatsapp")]
    assert "Ani: Lari Malam Jakarta, Minggu, 4 April 2027, Istora" in texts
    preview = await connected.call("POST", f"/templates/{CHANGED}/email/en/preview", by=connected.staff())
    assert preview.body["subject"].startswith("Jakarta Fun Run has changed")


async def test_the_golden_change_is_handled(driver: NotificationDriver) -> None:
    event = golden(RaceChanged)
    await driver.inbox.handle(event.to_bytes())
    assert await driver.rows("SELECT location, timezone, notified_revision FROM races") == [
        {"location": "Istora Senayan, Jakarta", "timezone": "Asia/Jakarta", "notified_revision": 2}
    ]


async def from_older_release(driver: NotificationDriver, entry: Entry) -> None:
    """Make the contact as it was stored before contacts knew their race."""
    await driver.execute(
        "UPDATE contacts SET event_id = NULL, category_id = NULL WHERE registration_id = :id", id=entry.id
    )


async def links_of(driver: NotificationDriver, entry: Entry) -> tuple[UUID | None, UUID | None]:
    (row,) = await driver.rows("SELECT event_id, category_id FROM contacts WHERE registration_id = :id", id=entry.id)
    return row["event_id"], row["category_id"]


async def test_contacts_of_older_releases_are_linked_to_the_race_they_describe(driver: NotificationDriver) -> None:
    olds = [await driver.register_confirmed() for _ in range(3)]
    for entry in olds:
        await from_older_release(driver, entry)
    stranger = driver.new_entry()
    await driver.deliver(stranger.created(event=RACE.model_copy(update={"name": "Lari Lain", "timezone": None})))
    await from_older_release(driver, stranger)

    assert await driver.messages(event_id=str(RACE.event_id)) == []

    await asyncio.gather(*(in_portions(driver.database, link_batch) for _ in range(2)))

    assert [await links_of(driver, entry) for entry in olds] == [(RACE.event_id, TEN_K)] * 3
    assert len(await driver.messages(event_id=str(RACE.event_id))) == 12
    assert await links_of(driver, stranger) == (None, None)


async def test_contacts_of_older_releases_are_linked_before_the_facts_change(driver: NotificationDriver) -> None:
    old = await driver.register_confirmed()
    await from_older_release(driver, old)
    await driver.deliver(changed(MOVED, notify=True))
    assert await links_of(driver, old) == (RACE.event_id, TEN_K)
    assert await changes_of(driver, old) == ["pending"]


async def test_a_contact_that_two_races_fit_is_left_alone(driver: NotificationDriver) -> None:
    old = await driver.register_confirmed()
    await from_older_release(driver, old)
    twin = RACE.model_copy(update={"event_id": uuid4()})
    await driver.deliver(driver.new_entry().created(event=twin, category_id=uuid4()))
    await in_portions(driver.database, link_batch)
    assert await links_of(driver, old) == (None, None)


async def test_registration_names_the_race_of_a_contact_whose_copies_fit_none(driver: NotificationDriver) -> None:
    old = await driver.register_confirmed()
    await from_older_release(driver, old)
    await driver.execute("UPDATE contacts SET event_name = 'Lari Lama'")
    code = AccessCode(version=1, code="code")
    named = AccessReplaced(registration_id=old.id, access=code, event_id=RACE.event_id, category_id=TEN_K)

    await driver.deliver(named)
    await driver.deliver(changed(MOVED, notify=True))

    assert await links_of(driver, old) == (RACE.event_id, TEN_K)
    assert await changes_of(driver, old) == ["pending"]


async def test_a_confirmation_links_a_contact_of_an_older_release(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await from_older_release(driver, entry)
    await driver.deliver(entry.confirmed())
    assert await links_of(driver, entry) == (RACE.event_id, TEN_K)


async def test_the_deadline_of_a_race_in_jayapura_is_in_its_own_time_zone(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = connected.new_entry()
    await connected.deliver(entry.created(event=RACE.model_copy(update={"timezone": "Asia/Jayapura"})))
    await connected.send_due(MAIL)
    (mail,) = await stage.items("mail")
    local = entry.expires_at.astimezone(ZoneInfo("Asia/Jayapura"))
    assert f"{local:%H.%M} WIT" in mail["subject"]


async def test_an_offer_names_its_deadline_in_the_zone_that_the_race_has_now(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = connected.new_entry()
    await connected.deliver(offered(entry))
    await connected.deliver(changed(revised(2, timezone="Asia/Makassar")))
    await connected.send_due(MAIL)
    (mail,) = await stage.items("mail")
    assert mail["subject"].endswith("WITA")


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Asia/Jakarta", "31 January 2027, 15:30 WIB"),
        ("Asia/Pontianak", "31 January 2027, 15:30 WIB"),
        ("Asia/Makassar", "31 January 2027, 16:30 WITA"),
        ("Asia/Jayapura", "31 January 2027, 17:30 WIT"),
        ("Asia/Tokyo", "31 January 2027, 17:30 JST"),
        ("Asia/Singapore", "31 January 2027, 16:30 UTC+08"),
        ("Asia/Kathmandu", "31 January 2027, 14:15 UTC+05:45"),
        ("America/Sao_Paulo", "31 January 2027, 05:30 UTC-03"),
        ("UTC", "31 January 2027, 08:30 UTC"),
        (None, "31 January 2027, 15:30 WIB"),
        ("Asia/Nowhere", "31 January 2027, 15:30 WIB"),
        ("../etc/passwd", "31 January 2027, 15:30 WIB"),
        ("", "31 January 2027, 15:30 WIB"),
    ],
)
def test_a_time_names_the_zone_of_the_race(zone: str | None, written: str) -> None:
    at = datetime(2027, 1, 31, 8, 30, tzinfo=UTC)
    assert moment(at, zone_named(zone, ZoneInfo("Asia/Jakarta")), Locale.ENGLISH) == written


async def test_a_change_needs_no_other_event_first(driver: NotificationDriver) -> None:
    await driver.deliver(changed(MOVED, notify=True))
    with pytest.raises(NotYet):
        await driver.deliver(driver.new_entry().confirmed())
    entry = await driver.register_confirmed()
    assert await driver.statuses_of(entry) == [(CREATED, "skipped"), (CONFIRMED, "pending")]


async def test_a_change_for_thousands_is_queued_with_one_statement(driver: NotificationDriver) -> None:
    entry = await driver.register_confirmed()
    await driver.execute(
        "INSERT INTO contact_participants (participant_id, registration_id, full_name, email, whatsapp, is_pic)"
        " SELECT gen_random_uuid(), :entry, 'Runner', 'r@example.com', '6281200001111', false"
        " FROM generate_series(1, 2999)",
        entry=entry.id,
    )
    sent: list[tuple[str, bool]] = []
    engine = driver.database.engine.sync_engine
    listen(engine, "before_cursor_execute", lambda *given: sent.append((given[2], given[5])))

    await driver.deliver(changed(MOVED, notify=True))

    writing = [many for statement, many in sent if "notifications" in statement]
    assert writing == [False], "one statement, executed once"
    assert len(sent) < 20
    (counted,) = await driver.rows("SELECT count(*) AS number FROM notifications WHERE event_type = 'race.changed'")
    assert counted["number"] == 6000
