"""Messages are sent once, and every failure on the way has an end."""

from datetime import timedelta

import pytest
from contracts import NotificationFailed
from notification.channels.port import OutboundMessage
from notification.messages.rules import Channel
from simulators.testing import Stage
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver
from .notification_events import runner

WHATSAPP, EMAIL = Channel.WHATSAPP, Channel.EMAIL


async def test_a_registration_is_announced_by_whatsapp_and_by_mail(connected: NotificationDriver, stage: Stage) -> None:
    pic = runner("Budi Santoso", whatsapp="6281234567890", email="budi@example.com")
    entry = await connected.register(pic)

    await connected.send_due()

    (chat,) = await stage.items("whatsapp")
    assert chat["to"] == "6281234567890"
    assert all(words in chat["text"] for words in ("Halo Budi Santoso", entry.number, "Rp150.000", "WIB"))
    (mail,) = await stage.items("mail")
    assert (mail["to"], entry.number in mail["subject"]) == ("budi@example.com", True)
    for message in await connected.messages():
        assert (message["status"], message["retry_count"], message["failed_reason"]) == ("sent", 0, None)
        assert [attempt["outcome"] for attempt in message["attempts"]] == ["sent"]
        assert message["sent_at"] is not None


async def test_what_was_sent_is_not_sent_again(connected: NotificationDriver, stage: Stage) -> None:
    entry = connected.new_entry()
    event = await connected.deliver(entry.created())
    await connected.send_due(WHATSAPP, rounds=2)
    await connected.redeliver(event)
    await connected.deliver(entry.created())
    await connected.send_due(WHATSAPP, rounds=2)

    assert len(await stage.items("whatsapp")) == 1


async def test_tickets_go_before_receipts_and_receipts_before_reminders(
    connected: NotificationDriver, stage: Stage
) -> None:
    reminder, receipt, ticket = (runner(name) for name in ("Reminder", "Receipt", "Ticket"))
    await connected.register(reminder)
    entry = await connected.register(receipt)
    await connected.deliver(entry.uploaded(at=connected.clock()))
    await connected.register_confirmed(ticket)

    await connected.send_due(WHATSAPP, rounds=3)

    greeted = [item["text"].splitlines()[0] for item in await stage.items("whatsapp")]
    assert greeted == ["Halo Ticket,", "Halo Receipt,", "Halo Reminder,"]


async def test_among_equals_first_come_first_served(connected: NotificationDriver, stage: Stage) -> None:
    names = ["Ani", "Bima", "Citra", "Dewi"]
    for name in names:
        await connected.register_confirmed(runner(name))
    await connected.send_due(WHATSAPP, rounds=4)
    assert [item["text"].split()[1] for item in await stage.items("whatsapp")] == [f"{name}," for name in names]


async def test_a_target_that_is_refused_fails_at_once_with_the_reason(
    connected: NotificationDriver, stage: Stage
) -> None:
    await stage.mode("whatsapp", "failing")
    entry = await connected.register()
    await connected.send_due(WHATSAPP)

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], message["failed_reason"]) == ("failed", "whatsapp_target_invalid")
    (event,) = await connected.published(NotificationFailed)
    assert (event.subject, event.payload.reason) == (entry.id, "whatsapp_target_invalid")
    assert (event.payload.channel, event.payload.template) == ("whatsapp", "registration.created")


async def test_a_number_that_is_none_fails_without_asking_fonnte(connected: NotificationDriver, stage: Stage) -> None:
    await connected.register(runner(whatsapp="1111111111"))
    await connected.send_due(WHATSAPP)

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], message["failed_reason"]) == ("failed", "whatsapp_number_invalid")
    assert await stage.items("whatsapp") == []


async def test_a_temporary_refusal_is_retried_for_hours_at_growing_intervals(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given
    await stage.mode("mail", "deferred")
    await connected.register()
    # when
    for wait in (30, 120, 480, 1920, 3600, 3600, 3600, 3600):
        await connected.send_due(EMAIL)
        clock.advance(timedelta(seconds=wait - 5))
        await connected.send_due(EMAIL)  # too early
        clock.advance(timedelta(seconds=6))
    await connected.send_due(EMAIL)
    # then
    (message,) = await connected.messages(channel="email")
    assert (message["status"], message["retry_count"]) == ("failed", 8)
    assert [attempt["outcome"] for attempt in message["attempts"]] == ["temporary"] * 9
    assert message["failed_reason"] == "mail_refused_451"
    assert len(await connected.published(NotificationFailed)) == 1


async def test_a_temporary_refusal_that_passes_ends_well(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await stage.mode("mail", "deferred")
    await connected.register()
    await connected.send_due(EMAIL)
    await stage.mode("mail", "ok")
    clock.advance(timedelta(seconds=31))
    await connected.send_due(EMAIL)

    (message,) = await connected.messages(channel="email")
    assert (message["status"], message["retry_count"], message["failed_reason"]) == ("sent", 1, None)
    assert len(await stage.items("mail")) == 1


async def test_between_two_tries_a_newer_event_supersedes_the_message(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    """The registration was confirmed while its first message was on its way and was then put off."""
    await stage.mode("mail", "deferred")
    entry = await connected.register()
    await connected.send_due(EMAIL)
    await connected.execute("UPDATE contacts SET stage = 'confirmed'")  # as if the event had come during the call
    await stage.mode("mail", "ok")
    clock.advance(timedelta(seconds=31))
    await connected.send_due(EMAIL)

    assert await connected.statuses_of(entry, EMAIL) == [("registration.created", "skipped")]
    assert await stage.items("mail") == []


@pytest.mark.parametrize(("limit", "status"), [(0, "failed"), (8, "failed"), (9, "pending")])
async def test_the_retry_limit_of_the_moment_holds_after_four_hours(
    connected: NotificationDriver, stage: Stage, limit: int, status: str
) -> None:
    await stage.mode("mail", "deferred")
    await connected.register()
    await connected.execute("UPDATE notifications SET retry_count = 8 WHERE channel = 'email'")
    await connected.change_settings(email_retry_limit=limit)
    await connected.send_due(EMAIL)
    (message,) = await connected.messages(channel="email")
    assert message["status"] == status


async def test_with_whatsapp_disconnected_mail_goes_and_whatsapp_follows_later(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given
    await stage.mode("whatsapp", "disconnected")
    for name in ("Ani", "Bima", "Citra"):
        await connected.register_confirmed(runner(name))
    # when
    await connected.send_due(EMAIL, rounds=3)
    await connected.send_due(WHATSAPP, rounds=6)
    # then
    assert len(await stage.items("mail")) == 3
    waiting = [
        each for each in await connected.messages(channel="whatsapp") if each["event_type"] != "registration.created"
    ]
    assert {(each["status"], each["retry_count"]) for each in waiting} == {("pending", 0)}
    senders = await connected.sender_states()
    assert senders[0]["trouble"] == "whatsapp_device"
    assert senders[1]["trouble"] is None

    # when
    await stage.mode("whatsapp", "ok")
    clock.advance(timedelta(minutes=16))
    await connected.send_due(WHATSAPP, rounds=4)
    # then
    assert len(await stage.items("whatsapp")) == 3
    assert (await connected.sender_states())[0]["trouble"] is None


async def test_a_sender_in_trouble_pauses_ever_longer(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await stage.mode("whatsapp", "disconnected")
    await connected.register()
    for _ in range(60):
        await connected.send_due(WHATSAPP)
        clock.advance(timedelta(minutes=1))

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], message["retry_count"]) == ("pending", 0)
    assert 5 <= len(message["attempts"]) <= 10  # 0.5, 1, 2, 4, 8, 15, 15, … minutes apart


@pytest.mark.parametrize(("mode", "channel"), [("down", EMAIL), ("disconnected", WHATSAPP)])
async def test_an_outage_of_hours_costs_no_message(
    connected: NotificationDriver, stage: Stage, clock: ManualClock, mode: str, channel: Channel
) -> None:
    inbox = "mail" if channel is EMAIL else "whatsapp"
    await stage.mode(inbox, mode)
    await connected.register_confirmed()
    for _ in range(20):
        await connected.send_due(channel)
        clock.advance(timedelta(minutes=16))
    await stage.mode(inbox, "ok")
    await connected.send_due(channel)

    assert len(await stage.items(inbox)) == 1
    assert await connected.published(NotificationFailed) == []


async def test_a_provider_that_cannot_be_reached_is_the_senders_trouble(driver: NotificationDriver) -> None:
    await driver.register()
    await driver.send_due()
    for message in await driver.messages():
        assert (message["status"], message["retry_count"]) == ("pending", 0)
        assert message["attempts"][0]["outcome"] == "sender_trouble"


async def test_after_a_timeout_the_status_is_unknown_and_nothing_is_sent_again(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given
    await stage.mode("whatsapp", "timeout")
    await connected.register()
    # when
    await connected.send_due(WHATSAPP)
    await stage.mode("whatsapp", "ok")
    await connected.send_due(WHATSAPP, rounds=20)
    # then
    (message,) = await connected.messages(channel="whatsapp")
    assert message["status"] == "unknown"
    assert message["failed_reason"] == "whatsapp_silent"
    assert len(await stage.items("whatsapp")) == 1

    # when staff looked into it
    assert (await connected.try_retry(message["id"])).status == 202
    await connected.send_due(WHATSAPP)
    # then
    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], len(message["attempts"])) == ("sent", 2)


async def test_a_message_that_cannot_be_made_fails_alone(
    connected: NotificationDriver, stage: Stage, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = await connected.register(runner("Poison"))
    await connected.register(runner("Ani"))
    renderer = type(connected.senders[WHATSAPP].renderer)
    text = renderer.text

    def picky(self: object, template: object, facts: object, locale: object) -> object:
        if getattr(facts, "name", "") == "Poison":
            raise LookupError
        return text(self, template, facts, locale)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(renderer, "text", picky)
    for _ in range(10):
        await connected.send_due(WHATSAPP)
        clock.advance(timedelta(hours=1))

    assert [item["text"].splitlines()[0] for item in await stage.items("whatsapp")] == ["Halo Ani,"]
    (message,) = await connected.messages(channel="whatsapp", registration_id=str(poisoned.id))
    assert (message["status"], message["failed_reason"]) == ("failed", "could not be composed: LookupError")


async def test_an_unforeseen_failure_while_calling_counts_as_unknown(
    connected: NotificationDriver, stage: Stage
) -> None:
    class Broken:
        async def send(self, message: OutboundMessage) -> str | None:
            raise ZeroDivisionError

    await connected.register()
    sender = connected.sender_with(WHATSAPP)
    object.__setattr__(sender, "connect", lambda _: Broken())
    await sender.send_due()

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], message["failed_reason"]) == ("unknown", "unforeseen: ZeroDivisionError")


async def test_a_channel_that_is_off_collects_nothing_for_the_day_it_is_switched_on(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.change_settings(whatsapp_enabled=False)
    await connected.register()
    await connected.send_due(rounds=2)
    assert (len(await stage.items("whatsapp")), len(await stage.items("mail"))) == (0, 1)
    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], message["failed_reason"]) == ("skipped", "the channel was switched off")

    await connected.change_settings(whatsapp_enabled=True)
    await connected.register()
    await connected.send_due(WHATSAPP, rounds=2)
    assert len(await stage.items("whatsapp")) == 1
