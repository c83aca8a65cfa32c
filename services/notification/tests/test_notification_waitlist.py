"""Offers from the waiting list: sent once, in time or not at all, in any order of events."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from chassis.errors import NotYet
from chassis.migrations import downgrade, drift, upgrade
from contracts import OfferReceived, WaitlistOffered
from notification.messages.rules import Channel
from notification.tables import Base
from simulators.testing import Stage
from testkit.clocks import ManualClock
from testkit.golden import golden
from testkit.plugin import FreshDatabase

from .notification_driver import NotificationDriver, settings_for
from .notification_events import offered, runner

OFFERED, CREATED, CONFIRMED = "waitlist.offered", "registration.created", "registration.confirmed"


async def test_an_offer_is_sent_to_the_person_in_charge_on_both_channels(
    connected: NotificationDriver, stage: Stage
) -> None:
    entry = connected.new_entry(runner("Ani"))
    await connected.deliver(offered(entry))
    await connected.send_due()

    (chat,), (mail,) = await stage.items("whatsapp"), await stage.items("mail")
    assert chat["to"].endswith(entry.pic.whatsapp.lstrip("0"))
    assert mail["to"] == entry.pic.email
    for text in (chat["text"], mail["text"]):
        assert "Halo Ani" in text
        assert "Lari Pagi Jakarta (10K)" in text
        assert "WIB" in text
        assert "https://lari.example" in text
    assert mail["subject"].startswith("Ada tempat untuk Anda di Lari Pagi Jakarta")
    assert await connected.statuses_of(entry) == [(OFFERED, "sent")]


async def test_the_golden_offer_is_handled_and_has_no_number_yet(driver: NotificationDriver) -> None:
    event = golden(WaitlistOffered)
    await driver.inbox.handle(event.to_bytes())

    (first, second) = await driver.messages(registration_id=str(event.subject))
    assert {first["channel"], second["channel"]} == {"whatsapp", "email"}
    assert (first["event_type"], first["registration_number"]) == (OFFERED, None)


async def test_an_offer_is_queued_once_however_often_its_event_comes(driver: NotificationDriver) -> None:
    entry = driver.new_entry()
    payload = offered(entry)
    event = await driver.deliver(payload)
    await driver.redeliver(event)
    await asyncio.gather(*(driver.deliver(payload) for _ in range(4)))

    assert await driver.statuses_of(entry) == [(OFFERED, "pending")]
    assert await driver.statuses_of(entry, Channel.EMAIL) == [(OFFERED, "pending")]


async def test_an_accepted_offer_becomes_a_registration_like_any_other(driver: NotificationDriver) -> None:
    entry = driver.new_entry(runner("Ani"), runner("Bima", is_pic=False))
    await driver.deliver_all(offered(entry), entry.created(), entry.confirmed())

    assert await driver.statuses_of(entry) == [
        (OFFERED, "skipped"),
        (CREATED, "skipped"),
        (CONFIRMED, "pending"),
        (CONFIRMED, "pending"),
    ]
    (contact,) = await driver.rows("SELECT registration_number, stage, revision, expires_at FROM contacts")
    assert contact == {
        "registration_number": entry.number,
        "stage": "confirmed",
        "revision": 3,
        "expires_at": entry.expires_at,
    }


async def test_an_offer_of_a_free_race_is_skipped_after_it_was_accepted(driver: NotificationDriver) -> None:
    entry = driver.new_entry(amount="0.00")
    await driver.deliver_all(offered(entry), entry.created())
    assert await driver.statuses_of(entry) == [(OFFERED, "skipped")]


async def test_an_offer_that_arrives_after_it_was_accepted_is_skipped(driver: NotificationDriver) -> None:
    entry = await driver.register()
    await driver.deliver(offered(entry))
    assert await driver.statuses_of(entry) == [(CREATED, "pending"), (OFFERED, "skipped")]


async def test_offer_and_acceptance_on_many_connections_leave_one_pending_message(driver: NotificationDriver) -> None:
    entries = [driver.new_entry() for _ in range(6)]
    payloads = [each for entry in entries for each in (offered(entry), entry.created())] * 2
    await asyncio.gather(*(driver.deliver(each) for each in payloads))
    for entry in entries:
        assert sorted(await driver.statuses_of(entry)) == [(CREATED, "pending"), (OFFERED, "skipped")]


@pytest.mark.parametrize("kind", ["confirmed", "expired", "cancelled", "uploaded", "rejected"])
async def test_events_of_a_registration_wait_for_it_though_its_offer_is_known(
    driver: NotificationDriver, kind: str
) -> None:
    entry = driver.new_entry()
    await driver.deliver(offered(entry))
    moment: dict[str, Any] = {"at": driver.clock()} if kind in {"uploaded", "rejected"} else {}
    with pytest.raises(NotYet):
        await driver.deliver(getattr(entry, kind)(**moment))
    await driver.deliver_all(entry.created(), getattr(entry, kind)(**moment))
    assert (await driver.statuses_of(entry))[:2] == [(OFFERED, "skipped"), (CREATED, "skipped")]


async def test_an_offer_that_could_not_be_sent_in_time_is_skipped(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await connected.change_settings(whatsapp_enabled=False)
    entry = connected.new_entry()
    await connected.deliver(offered(entry, hours=2))
    await connected.send_due(Channel.EMAIL)
    clock.advance(timedelta(hours=2))
    await connected.change_settings(whatsapp_enabled=True)
    await connected.send_due(Channel.WHATSAPP)

    assert (len(await stage.items("mail")), len(await stage.items("whatsapp"))) == (1, 0)
    assert await connected.statuses_of(entry) == [(OFFERED, "skipped")]


async def test_offers_leave_after_tickets_and_before_everything_else(
    connected: NotificationDriver, stage: Stage
) -> None:
    reminded, paying, confirmed = [await connected.register(runner(name)) for name in ("Ani", "Bima", "Citra")]
    lucky = connected.new_entry(runner("Dewi"))
    await connected.deliver_all(paying.uploaded(at=connected.clock()), offered(lucky), confirmed.confirmed())
    await connected.send_due(Channel.WHATSAPP, rounds=4)

    greeted = [item["text"].split(",")[0] for item in await stage.items("whatsapp")]
    assert greeted == ["Halo Citra", "Halo Dewi", "Halo Bima", "Halo Ani"]
    assert await connected.statuses_of(reminded) == [(CREATED, "sent")]


async def test_an_offer_publishes_when_it_arrived(driver: NotificationDriver, clock: ManualClock) -> None:
    entry = driver.new_entry()
    await driver.deliver(offered(entry).model_copy(update={"revision": 4}))
    [event] = await driver.published(OfferReceived)
    assert (event.payload.registration_id, event.payload.revision) == (entry.id, 4)
    assert abs(event.payload.received_at - clock()) < timedelta(minutes=1)


async def test_an_offer_that_was_renewed_before_it_was_sent_is_sent_once_with_its_new_end(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    entry = connected.new_entry()
    first = offered(entry, hours=2)
    clock.advance(timedelta(hours=1))
    renewed = offered(entry, hours=13).model_copy(update={"revision": 1})
    await connected.deliver_all(first, renewed)
    await connected.deliver(first)
    await connected.send_due()

    assert await connected.statuses_of(entry) == [(OFFERED, "skipped"), (OFFERED, "sent")]
    assert len(await stage.items("mail")) == 1


async def test_an_offer_that_was_over_when_it_arrived_is_sent_with_its_new_end(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    entry = connected.new_entry()
    over = offered(entry, hours=2)
    clock.advance(timedelta(hours=3))
    await connected.deliver(over)
    await connected.send_due()
    await connected.deliver(offered(entry, hours=15).model_copy(update={"revision": 1}))
    await connected.send_due()

    assert await connected.statuses_of(entry) == [(OFFERED, "skipped"), (OFFERED, "sent")]
    assert len(await stage.items("mail")) == 1


async def test_a_failed_offer_is_sent_again_while_it_still_stands(driver: NotificationDriver) -> None:
    waiting, taken = driver.new_entry(), driver.new_entry()
    await driver.deliver_all(offered(waiting), offered(taken))
    await driver.execute("UPDATE notifications SET status = 'failed', failed_reason = 'nobody there'")
    await driver.deliver(taken.created())
    await driver.retry_failed()

    assert await driver.statuses_of(waiting) == [(OFFERED, "pending")]
    assert (OFFERED, "failed") in await driver.statuses_of(taken)


async def test_staff_may_write_their_own_text_for_offers(connected: NotificationDriver, stage: Stage) -> None:
    path = f"/templates/{OFFERED}/whatsapp/id"
    text = {"body": "{name}: {event_name} {category_name} sampai {offer_deadline}, {registration_number}"}
    assert (await connected.call("PUT", path, by=connected.staff(), json=text)).status == 200
    await connected.deliver(offered(connected.new_entry(runner("Ani"))))
    await connected.send_due(Channel.WHATSAPP)

    (message,) = await stage.items("whatsapp")
    assert message["text"].startswith("Ani: Lari Pagi Jakarta 10K sampai ")
    assert message["text"].endswith("WIB, -")
    preview = await connected.call("POST", f"/templates/{OFFERED}/email/en/preview", by=connected.staff())
    assert "waiting list" in preview.body["body"]
    assert "accept before -" not in preview.body["subject"]


async def test_migrating_down_deletes_offers_and_keeps_registrations(
    fresh_database: FreshDatabase, clock: ManualClock
) -> None:
    url = await fresh_database("notification")
    driver = NotificationDriver(settings_for(url), clock=clock)
    entry = await driver.register()
    await driver.deliver(offered(driver.new_entry()))
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "notification", "0001")
    assert await driver.rows("SELECT DISTINCT event_type FROM notifications") == [{"event_type": CREATED}]
    assert await driver.rows("SELECT registration_id FROM contacts") == [{"registration_id": entry.id}]
    await driver.database.engine.dispose()
    await asyncio.to_thread(upgrade, url, "notification")
    assert list(await asyncio.to_thread(drift, url, Base.metadata)) == []
    await driver.database.engine.dispose()
    await driver.deliver(offered(driver.new_entry()))
    await driver.close()
