"""The log, retries, and the state of the queue."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from contracts import NotificationFailed
from notification.messages.rules import Channel
from simulators.testing import Stage
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver
from .notification_events import RACE, requested, runner

WHATSAPP, EMAIL = Channel.WHATSAPP, Channel.EMAIL


async def pages(driver: NotificationDriver, **query: str) -> list[list[dict[str, Any]]]:
    found, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await driver.call("GET", "/notifications", by=driver.staff(), params={**query, **more})
        assert answer.status == 200, answer
        found.append(answer.body["items"])
        cursor = answer.body["next_cursor"]
        if not cursor:
            return found


async def test_the_log_pages_through_everything_once_newest_first(driver: NotificationDriver) -> None:
    entries = [await driver.register() for _ in range(5)]
    found = await pages(driver, limit="3")
    assert [len(page) for page in found] == [3, 3, 3, 1]
    flat = [each for page in found for each in page]
    assert len({each["id"] for each in flat}) == 10
    assert [each["created_at"] for each in flat] == sorted((each["created_at"] for each in flat), reverse=True)
    assert flat[0]["registration_number"] == entries[-1].number


async def test_the_log_is_narrowed_by_channel_status_and_registration(driver: NotificationDriver) -> None:
    one, _ = await driver.register(), await driver.register_confirmed()
    assert {each["channel"] for each in await driver.messages(channel="email")} == {"email"}
    assert {each["status"] for each in await driver.messages(status="skipped")} == {"skipped"}
    assert {each["registration_id"] for each in await driver.messages(registration_id=str(one.id))} == {str(one.id)}
    assert len(await driver.messages(channel="email", status="pending", registration_id=str(one.id))) == 1
    assert await driver.messages(registration_id=str(uuid4())) == []


async def test_the_log_of_a_race_holds_its_messages_alone(driver: NotificationDriver) -> None:
    # given registrations of two races, and requested links, which are of none
    one, other = await driver.register(), driver.new_entry()
    race = RACE.model_copy(update={"event_id": uuid4()})
    await driver.deliver(other.created(event=race))
    await driver.deliver(requested(one, contact="budi@example.com"))

    # then each race has the messages of its own
    for event_id, entry in ((RACE.event_id, one), (race.event_id, other)):
        found = await driver.messages(event_id=str(event_id))
        assert [each["registration_id"] for each in found] == [str(entry.id)] * 2
    assert len(await driver.messages()) == 5


async def test_addresses_are_shown_to_admins_and_masked_for_others(driver: NotificationDriver) -> None:
    await driver.register(runner(email="budi.santoso@example.com", whatsapp="6281234567890"))
    expected = {
        Role.OWNER: {"budi.santoso@example.com", "6281234567890"},
        Role.ADMIN: {"budi.santoso@example.com", "6281234567890"},
        Role.FINANCE: {"b***@example.com", "6281****90"},
        Role.CHECKIN: {"b***@example.com", "6281****90"},
        Role.VIEWER: {"b***@example.com", "6281****90"},
    }
    for role, shown in expected.items():
        answer = await driver.call("GET", "/notifications", by=driver.staff(role))
        assert {each["recipient"] for each in answer.body["items"]} == shown, role


BAD_QUERIES = [
    ({"channel": "pigeon"}, "channel"),
    ({"status": "lost"}, "status"),
    ({"registration_id": "7"}, "registration_id"),
    ({"limit": "0"}, "limit"),
    ({"limit": "201"}, "limit"),
    ({"cursor": "x"}, "cursor"),
    ({"cursor": "WzEsMl0"}, "cursor"),
    ({"cursor": "WyIyMDI3LTAxLTAxIiwieCJd"}, "cursor"),
    ({"cursor": "WyIyMDI3LTAxLTAxVDAwOjAwOjAwIiwiNWYwYmI5NTQtNTJhYi00ZjBiLWFhYWQtMWMxNzQ0ZTI5ZmQ0Il0"}, "cursor"),
]


async def test_a_bad_query_is_refused_by_name(driver: NotificationDriver) -> None:
    for query, field in BAD_QUERIES:
        answer = await driver.call("GET", "/notifications", by=driver.staff(), params=query)
        assert (answer.status, answer.wrong_fields) == (422, [field]), (query, answer)


async def failed_message(driver: NotificationDriver, stage: Stage) -> str:
    await stage.mode("whatsapp", "failing")
    await driver.register()
    await driver.send_due(WHATSAPP)
    await stage.mode("whatsapp", "ok")
    (message,) = await driver.messages(status="failed")
    return str(message["id"])


async def test_a_failed_message_is_sent_again_when_staff_say_so(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    failed = await failed_message(connected, stage)
    assert (await connected.try_retry(failed)).status == 202
    clock.advance(timedelta(minutes=1))
    await connected.send_due(WHATSAPP)

    (message,) = await connected.messages(channel="whatsapp")
    assert (message["status"], [each["outcome"] for each in message["attempts"]]) == ("sent", ["permanent", "sent"])
    assert [entry["action"] for entry in await connected.audit_log()] == ["notification.retry"]


async def test_what_waits_or_is_superseded_is_not_sent_again(connected: NotificationDriver) -> None:
    entry = await connected.register_confirmed()
    statuses = {each["status"]: each["id"] for each in await connected.messages(registration_id=str(entry.id))}
    expected = {"skipped": "message_superseded", "pending": "message_waiting"}
    assert set(statuses) == set(expected)
    for status, message_id in statuses.items():
        for route in ("retry", "resend"):
            answer = await connected.call("POST", f"/notifications/{message_id}/{route}", by=connected.staff())
            assert (answer.status, answer.code, answer.body["status_now"]) == (409, expected[status], status)
    assert [entry["action"] for entry in await connected.audit_log()] == []


async def test_retry_of_an_unknown_message_is_refused(driver: NotificationDriver) -> None:
    answer = await driver.try_retry(uuid4())
    assert (answer.status, answer.code) == (404, "unknown_notification")
    answer = await driver.call("POST", "/notifications/7/retry", by=driver.staff())
    assert (answer.status, answer.wrong_fields) == (422, ["notification_id"])


async def test_all_that_failed_is_sent_again_at_once(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given: three that failed, on both channels
    await connected.change_settings(whatsapp_delay_seconds=0, email_delay_seconds=0)
    for inbox in ("whatsapp", "mail"):
        await stage.mode(inbox, "failing")
    for _ in range(3):
        await connected.register()
    await connected.send_due()
    assert len(await connected.messages(status="failed")) == 6
    for inbox in ("whatsapp", "mail"):
        await stage.mode(inbox, "ok")
    # when
    one_channel = await connected.retry_failed(channel="email")
    rest = await connected.retry_failed()
    # then
    assert (one_channel, rest) == ({"retried": 3}, {"retried": 3})
    clock.advance(timedelta(minutes=1))
    await connected.send_due()
    assert {each["status"] for each in await connected.messages()} == {"sent"}
    path = "/notifications/retry-failed"
    bad = await connected.call("POST", path, by=connected.staff(), params={"channel": "pigeon"})
    assert (bad.status, bad.wrong_fields) == (422, ["channel"])


@pytest.mark.parametrize("ending", ["confirmed", "expired", "cancelled"])
async def test_what_is_not_true_any_more_is_not_sent_again(
    connected: NotificationDriver, stage: Stage, ending: str
) -> None:
    await stage.mode("whatsapp", "failing")
    entry = await connected.register()
    await connected.send_due(WHATSAPP)
    await connected.deliver(getattr(entry, ending)())

    assert await connected.retry_failed() == {"retried": 0}


async def test_one_that_is_not_true_any_more_is_not_sent_even_if_staff_ask_for_it(
    connected: NotificationDriver, stage: Stage
) -> None:
    await stage.mode("whatsapp", "failing")
    entry = await connected.register()
    await connected.send_due(WHATSAPP)
    await stage.mode("whatsapp", "ok")
    await connected.deliver(entry.confirmed())
    (message,) = await connected.messages(status="failed")
    answer = await connected.try_retry(message["id"])
    assert (answer.status, answer.code, answer.body["status_now"]) == (409, "message_superseded", "failed")
    await connected.send_due(WHATSAPP, rounds=3)

    assert await connected.statuses_of(entry) == [
        ("registration.created", "failed"),
        ("registration.confirmed", "sent"),
    ]
    assert len(await stage.items("whatsapp")) == 1


async def test_messages_of_unknown_outcome_are_not_retried_with_the_failed_ones(
    connected: NotificationDriver, stage: Stage
) -> None:
    await stage.mode("whatsapp", "timeout")
    await connected.register()
    await connected.send_due(WHATSAPP)
    assert await connected.retry_failed() == {"retried": 0}
    assert len(await connected.messages(status="unknown")) == 1


async def test_a_message_that_fails_twice_publishes_two_events(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    failed = await failed_message(connected, stage)
    await stage.mode("whatsapp", "failing")
    await connected.try_retry(failed)
    clock.advance(timedelta(minutes=1))
    await connected.send_due(WHATSAPP)
    assert len(await connected.published(NotificationFailed)) == 2


async def test_the_snapshot_counts_by_status_and_tickets_that_have_not_left(
    connected: NotificationDriver, stage: Stage
) -> None:
    await connected.register_confirmed(runner("Ani"), runner("Bima", is_pic=False))
    await connected.register()
    found = await connected.queue_state()
    assert (found.by_status["pending"], found.by_status["skipped"], found.by_status["sent"]) == (6, 2, 0)
    assert (found.undelivered_tickets, found.stuck) == (2, 0)

    await connected.send_due(EMAIL)
    assert (await connected.queue_state()).undelivered_tickets == 1
    await connected.send_due(WHATSAPP, rounds=2)
    assert (await connected.queue_state()).undelivered_tickets == 0


async def test_a_line_that_moves_is_long_and_one_that_does_not_is_stuck(connected: NotificationDriver) -> None:
    await connected.register()
    assert (await connected.queue_state()).stuck == 0
    await connected.execute("UPDATE notifications SET next_attempt_at = now() - interval '3 hours'")
    assert (await connected.queue_state()).stuck == 2

    await connected.execute("UPDATE senders SET last_sent_at = now() WHERE channel = 'whatsapp'")
    assert (await connected.queue_state()).stuck == 1
    await connected.change_settings(email_enabled=False)
    await connected.send_due(EMAIL)
    assert (await connected.queue_state()).stuck == 0
    await connected.change_settings(email_enabled=None)
    await connected.send_due(EMAIL)
    assert (await connected.rows("SELECT enabled FROM senders WHERE channel = 'email'")) == [{"enabled": True}]


async def test_what_waits_for_a_sender_that_fails_again_and_again_is_stuck(driver: NotificationDriver) -> None:
    driver.clock.advance(timedelta(hours=-2))
    await driver.register()
    await driver.execute("DELETE FROM notifications WHERE channel = 'whatsapp'")
    for _ in range(8):
        await driver.send_due(EMAIL)  # no server answers there
        driver.clock.advance(timedelta(minutes=15))
    assert (await driver.queue_state()).stuck == 1


async def test_a_send_whose_lease_is_over_is_stuck(driver: NotificationDriver) -> None:
    await driver.register()
    await driver.execute(
        "UPDATE notifications SET status = 'sending', lease = gen_random_uuid(), leased_until = now() - interval '1 s'"
    )
    assert (await driver.queue_state()).stuck == 2
