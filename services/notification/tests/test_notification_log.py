"""The log, sending again, and how the queue is doing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from contracts import NotificationFailed
from notification.consistency import QueueState, queue_state
from notification.messages.rules import Channel
from simulators.testing import Stage
from testkit.harness import ManualClock

from .notification_world import PostOffice, runner

WHATSAPP, EMAIL = Channel.WHATSAPP, Channel.EMAIL


async def pages(office: PostOffice, **query: str) -> list[list[dict[str, Any]]]:
    found, cursor = [], ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await office.call("GET", "/notifications", office.admin, params={**query, **more})
        assert answer.status == 200, answer
        found.append(answer.body["items"])
        cursor = answer.body["next_cursor"]
        if not cursor:
            return found


async def test_the_log_pages_through_everything_once_newest_first(office: PostOffice) -> None:
    entries = [await office.registered() for _ in range(5)]
    found = await pages(office, limit="3")
    assert [len(page) for page in found] == [3, 3, 3, 1]
    flat = [each for page in found for each in page]
    assert len({each["id"] for each in flat}) == 10
    assert [each["created_at"] for each in flat] == sorted((each["created_at"] for each in flat), reverse=True)
    assert flat[0]["registration_number"] == entries[-1].number


async def test_the_log_is_narrowed_by_channel_status_and_registration(office: PostOffice) -> None:
    one, _ = await office.registered(), await office.ticketed()
    assert {each["channel"] for each in await office.log(channel="email")} == {"email"}
    assert {each["status"] for each in await office.log(status="skipped")} == {"skipped"}
    assert {each["registration_id"] for each in await office.log(registration_id=str(one.id))} == {str(one.id)}
    assert len(await office.log(channel="email", status="pending", registration_id=str(one.id))) == 1
    assert await office.log(registration_id=str(uuid4())) == []


async def test_addresses_are_shown_to_admins_and_masked_for_others(office: PostOffice) -> None:
    await office.registered(runner(email="budi.santoso@example.com", whatsapp="6281234567890"))
    expected = {
        Role.OWNER: {"budi.santoso@example.com", "6281234567890"},
        Role.ADMIN: {"budi.santoso@example.com", "6281234567890"},
        Role.FINANCE: {"b***@example.com", "6281****90"},
        Role.CHECKIN: {"b***@example.com", "6281****90"},
        Role.VIEWER: {"b***@example.com", "6281****90"},
    }
    for role, shown in expected.items():
        answer = await office.call("GET", "/notifications", office.issuer.staff(role))
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


async def test_a_bad_query_is_refused_by_name(office: PostOffice) -> None:
    for query, field in BAD_QUERIES:
        answer = await office.call("GET", "/notifications", office.admin, params=query)
        assert (answer.status, answer.wrong_fields) == (422, [field]), (query, answer)


async def failed_message(office: PostOffice, stage: Stage) -> str:
    await stage.mode("whatsapp", "failing")
    await office.registered()
    await office.send(WHATSAPP)
    await stage.mode("whatsapp", "ok")
    (message,) = await office.log(status="failed")
    return str(message["id"])


async def test_a_failed_message_is_sent_again_when_staff_say_so(
    connected: PostOffice, stage: Stage, clock: ManualClock
) -> None:
    failed = await failed_message(connected, stage)
    assert (await connected.call("POST", f"/notifications/{failed}/retry", connected.admin)).status == 202
    clock.advance(timedelta(minutes=1))
    await connected.send(WHATSAPP)

    (message,) = await connected.log(channel="whatsapp")
    assert (message["status"], [each["outcome"] for each in message["attempts"]]) == ("sent", ["permanent", "sent"])
    assert await connected.audited() == ["notification.retry"]


async def test_what_waits_or_is_superseded_is_not_sent_again(connected: PostOffice) -> None:
    entry = await connected.ticketed()
    statuses = {each["status"]: each["id"] for each in await connected.log(registration_id=str(entry.id))}
    expected = {"skipped": "message_superseded", "pending": "message_waiting"}
    assert set(statuses) == set(expected)
    for status, message_id in statuses.items():
        for route in ("retry", "resend"):
            answer = await connected.call("POST", f"/notifications/{message_id}/{route}", connected.admin)
            assert (answer.status, answer.code, answer.body["status_now"]) == (409, expected[status], status)
    assert await connected.audited() == []


async def test_a_message_nobody_knows_cannot_be_sent_again(office: PostOffice) -> None:
    answer = await office.call("POST", f"/notifications/{uuid4()}/retry", office.admin)
    assert (answer.status, answer.code) == (404, "unknown_notification")
    answer = await office.call("POST", "/notifications/7/retry", office.admin)
    assert (answer.status, answer.wrong_fields) == (422, ["notification_id"])


async def test_all_that_failed_is_sent_again_at_once(connected: PostOffice, stage: Stage, clock: ManualClock) -> None:
    # given: three that failed, on both channels
    await connected.put_settings(whatsapp_delay_seconds=0, email_delay_seconds=0)
    for inbox in ("whatsapp", "mail"):
        await stage.mode(inbox, "failing")
    for _ in range(3):
        await connected.registered()
    for channel in Channel:
        await connected.send(channel)
    assert len(await connected.log(status="failed")) == 6
    for inbox in ("whatsapp", "mail"):
        await stage.mode(inbox, "ok")
    # when
    path = "/notifications/retry-failed"
    one_channel = await connected.call("POST", path, connected.admin, params={"channel": "email"})
    rest = await connected.call("POST", path, connected.admin)
    # then
    assert (one_channel.body, rest.body) == ({"retried": 3}, {"retried": 3})
    clock.advance(timedelta(minutes=1))
    for channel in Channel:
        await connected.send(channel)
    assert {each["status"] for each in await connected.log()} == {"sent"}
    bad = await connected.call("POST", path, connected.admin, params={"channel": "pigeon"})
    assert (bad.status, bad.wrong_fields) == (422, ["channel"])


@pytest.mark.parametrize("ending", ["confirmed", "expired", "cancelled"])
async def test_what_is_not_true_any_more_is_not_sent_again(connected: PostOffice, stage: Stage, ending: str) -> None:
    await stage.mode("whatsapp", "failing")
    entry = await connected.registered()
    await connected.send(WHATSAPP)
    await connected.hear(getattr(entry, ending)())

    answer = await connected.call("POST", "/notifications/retry-failed", connected.admin)
    assert answer.body == {"retried": 0}


async def test_one_that_is_not_true_any_more_is_not_sent_even_if_staff_ask_for_it(
    connected: PostOffice, stage: Stage
) -> None:
    await stage.mode("whatsapp", "failing")
    entry = await connected.registered()
    await connected.send(WHATSAPP)
    await stage.mode("whatsapp", "ok")
    await connected.hear(entry.confirmed())
    (message,) = await connected.log(status="failed")
    answer = await connected.call("POST", f"/notifications/{message['id']}/retry", connected.admin)
    assert (answer.status, answer.code, answer.body["status_now"]) == (409, "message_superseded", "failed")
    await connected.send(WHATSAPP, rounds=3)

    assert await connected.told(entry) == [("registration.created", "failed"), ("registration.confirmed", "sent")]
    assert len(await stage.items("whatsapp")) == 1


async def test_unknown_ones_are_left_to_a_person(connected: PostOffice, stage: Stage) -> None:
    await stage.mode("whatsapp", "timeout")
    await connected.registered()
    await connected.send(WHATSAPP)
    assert (await connected.call("POST", "/notifications/retry-failed", connected.admin)).body == {"retried": 0}
    assert len(await connected.log(status="unknown")) == 1


async def test_a_message_given_up_twice_is_told_twice(connected: PostOffice, stage: Stage, clock: ManualClock) -> None:
    failed = await failed_message(connected, stage)
    await stage.mode("whatsapp", "failing")
    await connected.call("POST", f"/notifications/{failed}/retry", connected.admin)
    clock.advance(timedelta(minutes=1))
    await connected.send(WHATSAPP)
    assert len(await connected.published(NotificationFailed)) == 2


async def look(office: PostOffice) -> QueueState:
    async with office.database.read() as session:
        return await queue_state(session)


async def test_the_snapshot_counts_by_status_and_tickets_that_have_not_left(
    connected: PostOffice, stage: Stage
) -> None:
    await connected.ticketed(runner("Ani"), runner("Bima", is_pic=False))
    await connected.registered()
    found = await look(connected)
    assert (found.by_status["pending"], found.by_status["skipped"], found.by_status["sent"]) == (6, 2, 0)
    assert (found.undelivered_tickets, found.stuck) == (2, 0)

    await connected.send(EMAIL)
    assert (await look(connected)).undelivered_tickets == 1
    await connected.send(WHATSAPP, rounds=2)
    assert (await look(connected)).undelivered_tickets == 0


async def test_a_line_that_moves_is_long_and_one_that_does_not_is_stuck(connected: PostOffice) -> None:
    await connected.registered()
    assert (await look(connected)).stuck == 0
    await connected.execute("UPDATE notifications SET next_attempt_at = now() - interval '3 hours'")
    assert (await look(connected)).stuck == 2

    await connected.execute("UPDATE senders SET last_sent_at = now() WHERE channel = 'whatsapp'")
    assert (await look(connected)).stuck == 1
    await connected.put_settings(email_enabled=False)
    await connected.send(EMAIL)
    assert (await look(connected)).stuck == 0
    await connected.put_settings(email_enabled=None)
    await connected.send(EMAIL)
    assert (await connected.rows("SELECT enabled FROM senders WHERE channel = 'email'")) == [{"enabled": True}]


async def test_what_waits_for_a_sender_that_fails_again_and_again_is_stuck(office: PostOffice) -> None:
    office.clock.advance(timedelta(hours=-2))
    await office.registered()
    await office.execute("DELETE FROM notifications WHERE channel = 'whatsapp'")
    for _ in range(8):
        await office.send(EMAIL)  # no server answers there
        office.clock.advance(timedelta(minutes=15))
    assert (await look(office)).stuck == 1


async def test_a_send_whose_lease_is_over_is_stuck(office: PostOffice) -> None:
    await office.registered()
    await office.execute(
        "UPDATE notifications SET status = 'sending', lease = gen_random_uuid(), leased_until = now() - interval '1 s'"
    )
    assert (await look(office)).stuck == 2
