"""Messages as they were sent: sealed, found again by their recipient, and deleted after a while."""

from datetime import timedelta
from typing import Any

import pytest
from chassis.auth.principals import Role
from chassis.secrets import new_key
from notification.message_log.commands import forget_messages
from notification.messages.rules import Channel, EventType
from simulators.testing import Stage
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver
from .notification_events import Entry, runner
from .test_notification_log import pages

WHATSAPP, EMAIL = Channel.WHATSAPP, Channel.EMAIL
CHAT = "/templates/registration.created/whatsapp/id"


async def sent(driver: NotificationDriver, channel: Channel = WHATSAPP, **person: Any) -> tuple[Entry, str]:
    """Register a runner and send the message about it; return its id."""
    entry = await driver.register(runner(**person))
    await driver.send_due(channel)
    [message] = await driver.messages(registration_id=str(entry.id), channel=channel.value)
    return entry, str(message["id"])


async def test_what_was_sent_stays_when_template_and_contact_change(
    connected: NotificationDriver, stage: Stage
) -> None:
    # given: a chat and a mail with a ticket
    await connected.lift_limits()
    entry = await connected.register_confirmed(ani := runner("Ani", email="ani@example.com", whatsapp="628111111111"))
    await connected.send_due()
    # when
    await connected.call("PUT", CHAT, by=connected.staff(), json={"body": "Halo {name}"})
    await connected.deliver(entry.corrected(ani, revision=4, email="new@example.com", whatsapp="628222222222"))
    # then
    [chat] = await stage.items("whatsapp")
    [mail] = await stage.items("mail")
    texts = {}
    for message in await connected.messages(registration_id=str(entry.id), status="sent"):
        [attempt] = (await connected.detail(message["id"]))["attempts"]
        assert (attempt["outcome"], attempt["content_state"]) == ("sent", "kept")
        texts[message["channel"]] = attempt["content"]
    assert (texts["whatsapp"]["recipient"], texts["whatsapp"]["text"]) == ("628111111111", chat["text"])
    assert (texts["whatsapp"]["subject"], texts["whatsapp"]["html"]) == (None, None)
    assert (texts["email"]["recipient"], texts["email"]["subject"]) == ("ani@example.com", mail["subject"])
    assert texts["email"]["text"].split() == mail["text"].split()
    assert "cid:ticket-qr" in texts["email"]["html"]
    assert [each["filename"] for each in mail["attachments"] if "pdf" in each["content_type"]] == (
        texts["email"]["attachments"]
    )


async def test_the_table_shows_neither_person_nor_text(connected: NotificationDriver) -> None:
    await sent(connected, EMAIL, full_name="Canary Santoso", email="canary@example.com")
    [row] = await connected.rows("SELECT sealed, recipient_hash FROM sent_messages")
    assert b"anary" not in row["sealed"] + row["recipient_hash"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE, Role.CHECKIN])
async def test_only_admins_read_texts_and_the_audit_log_says_who_did(connected: NotificationDriver, role: Role) -> None:
    _, message_id = await sent(connected, whatsapp="6281234567890")
    seen = await connected.detail(message_id, role)
    assert seen["recipient"] == "6281****90"
    assert [(each["content_state"], each["content"]) for each in seen["attempts"]] == [("hidden", None)]
    assert await connected.audit_log("notification.read") == []

    assert (await connected.detail(message_id))["recipient"] == "6281234567890"
    [entry] = await connected.audit_log("notification.read")
    assert (entry["subject"], entry["details"]) == (message_id, {})


async def test_an_attempt_tells_why_it_failed_and_what_would_have_left(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given: the provider is busy, then refuses, then accepts
    await connected.lift_limits()
    entry = await connected.register()
    for mode in ("disconnected", "failing", "ok"):
        await stage.mode("whatsapp", mode)
        clock.advance(timedelta(minutes=20))
        if mode == "ok":
            [message] = await connected.messages(registration_id=str(entry.id), channel="whatsapp")
            await connected.try_retry(message["id"])
        await connected.send_due(WHATSAPP)
    # then
    attempts = (await connected.detail(message["id"]))["attempts"]
    assert [(each["outcome"], each["content_state"]) for each in attempts] == [
        ("sender_trouble", "missing"),
        ("permanent", "kept"),
        ("sent", "kept"),
    ]
    assert [bool(each["provider_id"]) for each in attempts] == [False, False, True]
    assert all(each["detail"] for each in attempts[:2])


async def test_a_message_that_may_have_left_is_kept(connected: NotificationDriver, stage: Stage) -> None:
    await stage.mode("whatsapp", "timeout")
    _, message_id = await sent(connected)
    [attempt] = (await connected.detail(message_id))["attempts"]
    assert (attempt["outcome"], attempt["content_state"]) == ("unknown", "kept")


async def test_without_its_key_the_log_says_so(connected: NotificationDriver) -> None:
    _, message_id = await sent(connected)
    async with connected.another_process(secret_keys=new_key()) as other:
        [attempt] = (await other.detail(message_id))["attempts"]
        assert (attempt["content_state"], attempt["content"]) == ("unreadable", None)


async def test_contents_are_forgotten_after_the_time_that_is_set(
    connected: NotificationDriver, clock: ManualClock
) -> None:
    _, old = await sent(connected)
    clock.advance(timedelta(days=89))
    _, new = await sent(connected)
    await forget_messages(connected.database, after=connected.settings.message_log_age)
    assert len(await connected.rows("SELECT 1 FROM sent_messages")) == 2, "90 days are not over yet"

    clock.advance(timedelta(days=1))
    await forget_messages(connected.database, after=connected.settings.message_log_age)
    states = [(await connected.detail(each))["attempts"][0]["content_state"] for each in (old, new)]
    assert states == ["missing", "kept"]
    assert (await connected.detail(old))["status"] == "sent"


async def test_an_unknown_message_has_no_page(driver: NotificationDriver) -> None:
    answer = await driver.call("GET", f"/notifications/{driver.new_entry().id}", by=driver.staff())
    assert (answer.status, answer.code) == (404, "unknown_notification")


async def found(driver: NotificationDriver, **filters: str) -> set[str]:
    """Return the registrations of the messages that the log finds."""
    return {each["registration_id"] for each in await driver.messages(**filters)}


async def test_messages_are_found_by_number_and_by_recipient(connected: NotificationDriver) -> None:
    # given: Ani's number has changed after her message was sent; Bima's message has not been sent
    await connected.lift_limits()
    ani = runner("Ani", email="Ani@example.com", whatsapp="628111111111")
    entry = await connected.register(ani)
    await connected.send_due()
    await connected.deliver(entry.corrected(ani, revision=2, whatsapp="628222222222"))
    other = await connected.register(runner("Bima", email="bima@example.com", whatsapp="628333333333"))
    # then
    ids = {"ani": {str(entry.id)}, "bima": {str(other.id)}, "none": set[str]()}
    expected = {
        entry.number: "ani",
        entry.number.lower(): "ani",
        "ani@EXAMPLE.com": "ani",
        "08111111111": "ani",
        "+62 811-1111-111": "ani",
        "628111111111": "ani",
        "08222222222": "none",
        "bima@example.com": "bima",
        "0833 3333 333": "bima",
        "Ani": "none",
        "%": "none",
    }
    for typed, who in expected.items():
        assert await found(connected, q=typed, channel="whatsapp" if typed[0] in "0+6" else "email") == ids[who], typed
    assert len(await connected.messages(q=other.number, status="pending")) == 2


async def test_a_key_that_was_added_still_finds_what_an_older_one_hashed(connected: NotificationDriver) -> None:
    entry, _ = await sent(connected, whatsapp="628111111111")
    await connected.execute("UPDATE contact_participants SET whatsapp = '628999999999'")
    older = connected.settings.secret_keys.get_secret_value()
    async with connected.another_process(secret_keys=f"{new_key()},{older}") as rotated:
        assert await found(rotated, q="08111111111") == {str(entry.id)}
    async with connected.another_process(secret_keys=new_key()) as stranger:
        assert await found(stranger, q="08111111111") == set()


async def test_what_is_found_is_paged_and_narrowed_by_type_and_time(
    driver: NotificationDriver, clock: ManualClock
) -> None:
    early = await driver.register_confirmed(runner(email="ani@example.com"))
    clock.advance(timedelta(hours=1))
    boundary = clock().isoformat()
    late = await driver.register(runner(email="ani@example.com"))
    first, second = await pages(driver, q="ani@example.com", limit="2")
    seen = [each["registration_id"] for each in (*first, *second)]
    assert seen == [str(late.id), str(early.id), str(early.id)], "one mail each, as WhatsApp has another address"

    assert await found(driver, **{"from": boundary}) == {str(late.id)}
    assert await found(driver, to=boundary) == {str(early.id)}
    confirmed = await driver.messages(event_type=EventType.REGISTRATION_CONFIRMED.value)
    assert {each["event_type"] for each in confirmed} == {"registration.confirmed"}
    assert len(confirmed) == 2


async def test_several_are_retried_with_a_result_each_and_safely_again(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given: one that failed, one that failed and is outdated, one that was sent, one that waits, one unknown
    await connected.lift_limits()
    await stage.mode("whatsapp", "failing")
    (_, failed), (gone, outdated) = await sent(connected), await sent(connected)
    await connected.deliver(gone.cancelled())
    await stage.mode("whatsapp", "ok")
    clock.advance(timedelta(hours=1))
    _, done = await sent(connected)
    waiting = (await connected.messages(registration_id=str((await connected.register()).id)))[0]["id"]
    ids = (failed, outdated, done, waiting, gone.id, failed)
    # when
    first = await connected.retry_several(*ids)
    second = await connected.retry_several(*ids)
    # then
    others = [("superseded", "failed"), ("sent", "sent"), ("waiting", "pending"), ("unknown", None)]
    assert first == [("retried", "pending"), *others]
    assert second == [("waiting", "pending"), *others]
    assert [each["subject"] for each in await connected.audit_log("notification.retry")] == [failed]

    await connected.send_due(WHATSAPP)
    assert (await connected.retry_several(failed)) == [("sent", "sent")]
    assert (await connected.detail(failed))["status"] == "sent"


async def test_a_bulk_of_none_or_too_many_is_refused(driver: NotificationDriver) -> None:
    some_id = str(driver.new_entry().id)
    for ids in ([], [some_id] * 201, ["seven"]):
        answer = await driver.call("POST", "/notifications/bulk/retry", by=driver.staff(), json={"ids": ids})
        assert (answer.status, answer.wrong_fields[0].split(".")[0]) == (422, "ids")
    for role in (Role.VIEWER, Role.FINANCE, Role.CHECKIN):
        answer = await driver.call("POST", "/notifications/bulk/retry", by=driver.staff(role), json={"ids": [some_id]})
        assert answer.status == 403
