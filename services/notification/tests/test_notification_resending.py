"""Sending again: as often as staff ask, one copy at a time, and never a superseded message."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from notification.messages.rules import Channel
from notification.queue import resending
from notification.queue.tables import Notification
from simulators.testing import Stage

from .notification_driver import NotificationDriver
from .notification_events import runner

MAIL, TICKET = Channel.EMAIL, "registration.confirmed"


async def sent_ticket(driver: NotificationDriver) -> str:
    """Send an e-ticket by mail; return its id."""
    await driver.lift_limits()
    await driver.register_confirmed(runner("Ani", email="ani@example.com"))
    await driver.send_due(MAIL)
    (message,) = await driver.messages(channel="email", status="sent")
    return str(message["id"])


@pytest.mark.parametrize("route", ["resend", "retry"])
async def test_a_sent_ticket_is_sent_once_more_when_staff_ask(
    connected: NotificationDriver, stage: Stage, route: str
) -> None:
    # given
    first = await sent_ticket(connected)
    # when
    answer = await connected.call("POST", f"/notifications/{first}/{route}", by=connected.staff())
    assert answer.status == 202
    await connected.send_due(MAIL)
    # then
    mails = await stage.items("mail")
    assert [(each["to"], len(each["attachments"])) for each in mails] == [("ani@example.com", 2)] * 2
    original, copy = await connected.messages(channel="email", status="sent")
    assert (original["id"], original["resend_of"], len(original["attempts"])) == (first, None, 1)
    assert (copy["resend_of"], copy["event_type"], len(copy["attempts"])) == (first, TICKET, 1)
    assert answer.body == {"id": copy["id"]}
    assert [entry["action"] for entry in await connected.audit_log()] == ["settings.change", "notification.resend"]


async def test_a_message_is_sent_as_often_as_staff_ask_also_from_a_copy(
    connected: NotificationDriver, stage: Stage
) -> None:
    latest = await sent_ticket(connected)
    for _ in range(3):
        latest = (await connected.try_resend(latest)).body["id"]
        await connected.send_due(MAIL)
    assert len(await stage.items("mail")) == 4
    assert len({each["resend_of"] for each in await connected.messages(channel="email", status="sent")}) == 2


@pytest.mark.parametrize("bulk", [True, False])
async def test_tickets_skipped_while_their_channel_was_off_can_still_be_sent(
    connected: NotificationDriver, stage: Stage, bulk: bool
) -> None:
    # given
    await connected.register_confirmed(runner("Ani"))
    await connected.change_settings(email_enabled=False)
    await connected.send_due(MAIL)
    await connected.change_settings(email_enabled=True)
    skipped = [each for each in await connected.messages(channel="email") if each["event_type"] == TICKET]
    assert [each["status"] for each in skipped] == ["skipped"]
    # when
    if bulk:
        assert await connected.retry_failed() == {"retried": 0}
        assert await connected.retry_failed(include_skipped="true") == {"retried": 1}
    else:
        assert (await connected.try_resend(skipped[0]["id"])).body == {"id": skipped[0]["id"]}
    await connected.send_due(MAIL)
    # then
    assert [len(each["attachments"]) for each in await stage.items("mail")] == [2]


async def test_what_could_be_sent_again_is_counted_by_channel_and_reason(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given: two that failed, of which one is outdated, and others whose channel was off
    await connected.lift_limits()
    await stage.mode("whatsapp", "failing")
    await connected.register()
    cancelled = await connected.register()
    await connected.send_due(Channel.WHATSAPP)
    await connected.deliver(cancelled.cancelled())
    await connected.execute("UPDATE notifications SET status = 'skipped', failed_reason = 'x' WHERE status = 'pending'")
    await connected.execute("UPDATE notifications SET status = 'pending' WHERE channel = 'email'")
    await connected.change_settings(email_enabled=False)
    await connected.send_due(MAIL)
    # when
    counted = (await connected.call("GET", "/notifications/retry-failed", by=connected.staff())).require(200)
    # then
    by_channel = {each.pop("channel"): each for each in counted["items"]}
    assert by_channel["whatsapp"] == {"failed": 1, "unknown": 0, "skipped": 0}
    assert by_channel["email"]["failed"] == 0
    again = await connected.retry_failed(include_skipped="true", channel="email")
    assert again == {"retried": by_channel["email"]["skipped"]} != {"retried": 0}
    assert await connected.retry_failed() == {"retried": 1}


async def test_a_superseded_message_stays_skipped_when_its_channel_is_on_again(
    connected: NotificationDriver,
) -> None:
    await connected.change_settings(email_enabled=False)
    entry = await connected.register()
    await connected.send_due(MAIL)
    await connected.change_settings(email_enabled=True)
    await connected.deliver(entry.cancelled())
    (how_to_pay, _) = await connected.messages(channel="email")
    assert (await connected.try_resend(how_to_pay["id"])).code == "message_superseded"


async def test_while_a_copy_waits_there_is_no_second_one(connected: NotificationDriver) -> None:
    first = await sent_ticket(connected)
    copy = (await connected.try_resend(first)).body["id"]
    for message_id, about_a_copy in ((first, True), (copy, False)):
        answer = await connected.try_resend(message_id)
        assert (answer.status, answer.code, answer.body["status_now"]) == (409, "message_waiting", "pending")
        assert answer.body["detail"].startswith("A copy") is about_a_copy
    assert len(await connected.messages(channel="email", status="pending")) == 1


async def _at_once(driver: NotificationDriver, message_id: str) -> int:
    answers = await asyncio.gather(*(driver.try_resend(message_id) for _ in range(4)))
    assert {answer.status for answer in answers} <= {202, 409}
    return len(await driver.messages(channel="email", status="pending"))


async def test_clicks_at_once_make_one_copy(connected: NotificationDriver) -> None:
    assert await _at_once(connected, await sent_ticket(connected)) == 1


async def test_without_the_lock_clicks_at_once_make_several_copies(
    connected: NotificationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, repeat = await sent_ticket(connected), resending._queue_copy

    async def unlocked(work: UnitOfWork, notification_id: UUID) -> Notification:
        return await work.session.get_one(Notification, notification_id)

    async def slow(work: UnitOfWork, message: Notification, *, by: str) -> UUID:
        copy_id = await repeat(work, message, by=by)
        await asyncio.sleep(0.5)
        return copy_id

    monkeypatch.setattr(resending, "_lock", unlocked)
    monkeypatch.setattr(resending, "_queue_copy", slow)
    assert await _at_once(connected, first) > 1


async def test_a_sent_message_that_is_not_true_any_more_is_not_sent_again(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.lift_limits()
    entry = await connected.register()
    await connected.send_due(MAIL)
    (message,) = await connected.messages(channel="email", status="sent")
    await connected.deliver(entry.cancelled())

    answer = await connected.try_resend(message["id"])

    assert (answer.status, answer.code, answer.body["status_now"]) == (409, "message_superseded", "sent")
    await connected.send_due(MAIL)
    assert [each["subject"].split()[-1] for each in await stage.items("mail")][1:] == ["dibatalkan"]


async def test_a_copy_that_a_newer_event_supersedes_leaves_the_first_message_as_it_was(
    connected: NotificationDriver,
) -> None:
    first = await sent_ticket(connected)
    await connected.try_resend(first)
    (entry_id,) = {each["registration_id"] for each in await connected.messages()}
    await connected.execute("UPDATE contacts SET stage = 'cancelled', revision = 4")
    await connected.send_due(MAIL)
    statuses = {
        each["id"]: each["status"] for each in await connected.messages(registration_id=entry_id, channel="email")
    }
    assert statuses.pop(first) == "sent"
    assert "skipped" in statuses.values()


async def test_a_copy_on_its_way_does_not_make_a_ticket_count_as_not_sent(connected: NotificationDriver) -> None:
    first = await sent_ticket(connected)
    await connected.try_resend(first)
    assert (await connected.queue_state()).undelivered_tickets == 0


async def test_a_failed_message_gets_another_try_of_its_own(connected: NotificationDriver, stage: Stage) -> None:
    await connected.lift_limits()
    await stage.mode("mail", "failing")
    await connected.register()
    await connected.send_due(MAIL)
    await stage.mode("mail", "ok")
    (failed,) = await connected.messages(status="failed")
    answer = await connected.try_resend(failed["id"])
    assert (answer.status, answer.body) == (202, {"id": failed["id"]})
    connected.clock.advance(timedelta(minutes=1))
    await connected.send_due(MAIL)
    (message,) = await connected.messages(channel="email")
    assert [each["outcome"] for each in message["attempts"]] == ["permanent", "sent"]


async def test_a_message_that_does_not_exist_is_not_found(driver: NotificationDriver) -> None:
    answer = await driver.try_resend(str(uuid4()))
    assert (answer.status, answer.code) == (404, "unknown_notification")
    answer = await driver.try_resend("7")
    assert (answer.status, answer.wrong_fields) == (422, ["notification_id"])
