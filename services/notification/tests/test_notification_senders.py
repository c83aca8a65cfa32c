"""The state of senders for staff, and test messages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from chassis.auth.principals import Role
from notification.messages.rules import Channel
from simulators.testing import Stage
from testkit.clocks import ManualClock

from .notification_driver import NotificationDriver

WHATSAPP, EMAIL = Channel.WHATSAPP, Channel.EMAIL


async def whatsapp(driver: NotificationDriver) -> dict[str, Any]:
    return (await driver.sender_states())[0]


async def test_a_sender_shows_what_it_sent_what_waits_and_what_is_left(
    connected: NotificationDriver, clock: ManualClock
) -> None:
    await connected.change_settings(whatsapp_delay_seconds=0, whatsapp_max_per_minute=3)
    for _ in range(5):
        await connected.register()
    clock.advance(timedelta(hours=-2))
    await connected.send_due(WHATSAPP)
    clock.advance(timedelta(hours=2))
    await connected.execute("UPDATE senders SET recent = '{}', last_sent_at = NULL")
    for _ in range(3):
        await connected.register()
    await connected.send_due(WHATSAPP)

    shown = await whatsapp(connected)
    counts = {name: shown[name] for name in ("sent_last_hour", "sent_last_day", "waiting", "left_this_minute")}
    assert counts == {"sent_last_hour": 3, "sent_last_day": 6, "waiting": 2, "left_this_minute": 0}
    assert (shown["enabled"], shown["configured"], shown["limit_per_minute"]) == (True, True, 3)
    clock.advance(timedelta(hours=2))
    shown = await whatsapp(connected)
    assert (shown["sent_last_hour"], shown["sent_last_day"], shown["left_this_minute"]) == (0, 6, 3)


async def test_a_sender_shows_its_last_success_and_its_last_failure(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await connected.lift_limits()
    await connected.register()
    await connected.send_due(WHATSAPP)
    succeeded = connected.clock()
    await stage.mode("whatsapp", "failing")
    clock.advance(timedelta(minutes=2))
    await connected.register()
    await connected.send_due(WHATSAPP)

    shown = await whatsapp(connected)
    assert abs(datetime.fromisoformat(shown["last_success_at"]) - succeeded) < timedelta(minutes=1)
    assert abs(datetime.fromisoformat(shown["last_failure_at"]) - clock()) < timedelta(minutes=1)
    assert shown["last_failure_reason"].startswith("whatsapp_")
    assert shown["trouble"] is None, "one number that is refused is no trouble of the sender"


async def test_a_test_message_arrives_and_ends_a_pause(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    # given
    await stage.mode("whatsapp", "disconnected")
    await connected.register()
    await connected.send_due(WHATSAPP)
    assert (await whatsapp(connected))["paused_until"] is not None
    await stage.mode("whatsapp", "ok")
    # when
    answer = (await connected.try_test_message(WHATSAPP, "0812 3456 7890")).require(200)
    # then
    assert (answer["to"], answer["outcome"], answer["reason"]) == ("6281234567890", "sent", None)
    assert answer["provider_said"]
    assert set(answer["summary"]) == {"en", "id"}
    assert [(each["to"], "Ini pesan uji" in each["text"]) for each in await stage.items("whatsapp")] == [
        ("6281234567890", True)
    ]
    assert (await whatsapp(connected))["paused_until"] is None
    entries = [(each["action"], each["subject"], each["details"]) for each in await connected.audit_log()]
    assert entries == [
        ("settings.test", "whatsapp", {}),
        ("settings.test_result", "whatsapp", {"outcome": "sent", "reason": None}),
    ]


async def test_a_test_mail_has_a_subject_and_a_page(connected: NotificationDriver, stage: Stage) -> None:
    await connected.change_settings(default_locale="en")
    answer = (await connected.try_test_message(EMAIL, "panitia@example.com")).require(200)
    assert answer["provider_said"].startswith("250 ")
    [mail] = await stage.items("mail")
    assert (mail["subject"], "test message" in mail["text"], "test message" in mail["html"]) == (
        "Test message",
        True,
        True,
    )


async def test_a_test_that_fails_says_what_the_provider_said(connected: NotificationDriver, stage: Stage) -> None:
    await stage.mode("mail", "failing")
    answer = (await connected.try_test_message(EMAIL, "panitia@example.com")).require(200)
    assert answer["outcome"] == "permanent"
    assert answer["provider_said"].startswith(answer["reason"].rpartition("_")[2]), "code and words of the server"
    assert "panitia@" not in answer["provider_said"]
    assert (await connected.sender_states())[1]["last_failure_reason"] == answer["reason"]


async def test_tests_are_limited_and_count_among_the_messages(
    connected: NotificationDriver, stage: Stage, clock: ManualClock
) -> None:
    await connected.try_test_message(WHATSAPP, "081234567890")
    again = await connected.try_test_message(WHATSAPP, "081234567890")
    assert (again.status, again.code, again.headers["Retry-After"]) == (429, "too_many_tests", "20")
    assert (await connected.try_test_message(EMAIL, "panitia@example.com")).status == 200

    await connected.register()
    await connected.send_due(WHATSAPP)
    assert len(await stage.items("whatsapp")) == 1, "the delay of ten seconds counts from the test"
    clock.advance(timedelta(seconds=20))
    await connected.send_due(WHATSAPP)
    assert len(await stage.items("whatsapp")) == 2
    assert (await connected.try_test_message(WHATSAPP, "081234567890")).status == 200


BAD_TESTS = [(WHATSAPP, "panitia@example.com"), (EMAIL, "081234567890"), (EMAIL, "a@b"), (WHATSAPP, "12")]


@pytest.mark.parametrize(("channel", "to"), BAD_TESTS)
async def test_a_test_needs_an_address_of_its_channel(driver: NotificationDriver, channel: Channel, to: str) -> None:
    answer = await driver.try_test_message(channel, to)
    assert (answer.status, answer.wrong_fields) == (422, ["to"])


async def test_a_channel_without_an_account_cannot_be_tested(driver: NotificationDriver) -> None:
    async with driver.another_process(fonnte_token="") as other:
        answer = await other.try_test_message(WHATSAPP, "081234567890")
        assert (answer.status, answer.code) == (409, "channel_not_configured")
        assert answer.body["missing"] == "fonnte_api_key is not set"
    for role in (Role.VIEWER, Role.FINANCE, Role.CHECKIN):
        assert (await driver.try_test_message(WHATSAPP, "081234567890", role)).status == 403
