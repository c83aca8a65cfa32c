"""Settings: staff's over the environment's, and secrets that stay secret."""

import asyncio
from typing import Any

import pytest
from chassis.secrets import new_key
from notification.messages.rules import Channel
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from .notification_driver import NotificationDriver, settings_for

DEFAULTS = {
    "default_locale": "id",
    "whatsapp_enabled": True,
    "whatsapp_delay_seconds": 10,
    "whatsapp_max_per_minute": 10,
    "whatsapp_retry_limit": 8,
    "fonnte_device_id": "",
    "fonnte_api_key_set": True,
    "email_enabled": True,
    "email_delay_seconds": 5,
    "email_max_per_minute": 20,
    "email_retry_limit": 8,
    "email_from_address": "panitia@lari.example",
    "email_from_name": "Panitia Lari",
    "smtp_host": "127.0.0.1",
    "smtp_port": 9,
    "smtp_username": "",
    "smtp_password_set": False,
    "smtp_security": "none",
}


async def test_settings_are_the_environments_until_staff_change_them(driver: NotificationDriver) -> None:
    answer = await driver.call("GET", "/settings", by=driver.staff())
    assert (answer.status, answer.body) == (200, DEFAULTS)


async def test_what_is_left_out_stays_and_null_goes_back_to_the_default(driver: NotificationDriver) -> None:
    changed = await driver.change_settings(whatsapp_delay_seconds=30, email_from_name="Lari 2027")
    assert changed == {**DEFAULTS, "whatsapp_delay_seconds": 30, "email_from_name": "Lari 2027"}

    changed = await driver.change_settings(whatsapp_delay_seconds=None)
    assert changed == {**DEFAULTS, "email_from_name": "Lari 2027"}
    assert await driver.read_settings() == changed
    first, second = await driver.audit_log("settings.change")
    assert first["details"] == {
        "fields": ["email_from_name", "whatsapp_delay_seconds"],
        "before": {"email_from_name": None, "whatsapp_delay_seconds": None},
        "after": {"email_from_name": "Lari 2027", "whatsapp_delay_seconds": 30},
    }
    assert second["details"]["before"] == {"whatsapp_delay_seconds": 30}


async def test_what_was_read_can_be_sent_back(driver: NotificationDriver) -> None:
    read = await driver.read_settings()
    assert await driver.change_settings(**read) == read


async def test_secrets_are_stored_encrypted_and_never_returned(driver: NotificationDriver) -> None:
    # when
    shown = await driver.change_settings(fonnte_api_key="canary-fonnte", smtp_password="canary-mail")
    # then
    assert (shown["fonnte_api_key_set"], shown["smtp_password_set"]) == (True, True)
    assert "canary" not in str(shown)
    assert "canary" not in str(await driver.read_settings())
    assert "canary" not in str(await driver.rows("SELECT * FROM notification_settings"))
    assert "canary" not in str(await driver.rows("SELECT details FROM audit_log"))
    sender = driver.senders[Channel.EMAIL]
    async with driver.database.read() as session:
        preferences = await sender.preferences.load(session)
    assert (preferences.whatsapp.token, preferences.mail.password) == ("canary-fonnte", "canary-mail")
    assert "canary" not in repr(preferences)


async def test_a_mail_password_is_not_used_for_another_server(driver: NotificationDriver) -> None:
    await driver.change_settings(smtp_password="canary-mail")
    assert (await driver.change_settings(smtp_host="127.0.0.1"))["smtp_password_set"] is True
    assert (await driver.change_settings(smtp_host="mail.elsewhere.example"))["smtp_password_set"] is False
    both = await driver.change_settings(smtp_host="mail.third.example", smtp_password="new")
    assert both["smtp_password_set"] is True


async def test_the_environments_mail_password_is_for_the_environments_server(
    driver: NotificationDriver,
) -> None:
    async with driver.another_process(smtp_password="canary", smtp_host="mail.lari.example") as other:
        assert (await other.read_settings())["smtp_password_set"] is True
        moved = await other.change_settings(smtp_host="mail.elsewhere.example")
        assert moved["smtp_password_set"] is False


async def test_a_secret_whose_key_is_gone_counts_as_not_set(driver: NotificationDriver) -> None:
    await driver.change_settings(fonnte_api_key="canary")
    async with driver.another_process(secret_keys=new_key()) as other:
        await other.register()
        await other.send_due(Channel.WHATSAPP)

        assert (await other.read_settings())["fonnte_api_key_set"] is False
        sender = (await other.sender_states())[0]
        assert sender["missing"] == "fonnte_api_key is not set"
        assert (await other.messages(channel="whatsapp"))[0]["status"] == "pending"


async def test_changing_settings_gives_a_resting_sender_another_chance(driver: NotificationDriver) -> None:
    await driver.register()
    await driver.send_due(Channel.EMAIL)
    before = (await driver.sender_states())[1]
    assert before["trouble"] == "mail_server_unreachable"
    assert before["paused_until"] is not None

    await driver.change_settings(smtp_host="127.0.0.1")
    after = (await driver.sender_states())[1]
    assert (after["trouble"], after["paused_until"], after["trouble_since"]) == (None, None, None)


async def test_a_channel_without_an_account_names_the_missing_settings(driver: NotificationDriver) -> None:
    async with driver.another_process(fonnte_token="", smtp_host="", email_from_address="") as other:
        await other.register()
        await other.send_due()
        assert [each["missing"] for each in await other.sender_states()] == [
            "fonnte_api_key is not set",
            "smtp_host, email_from_address not set",
        ]
        reasons = {(each["status"], each["failed_reason"]) for each in await other.messages()}
        assert reasons == {("skipped", "the channel had no account")}


BAD_SETTINGS: list[tuple[str, Any]] = [
    ("default_locale", "jv"),
    ("whatsapp_enabled", "perhaps"),
    ("whatsapp_delay_seconds", -1),
    ("whatsapp_delay_seconds", 3601),
    ("whatsapp_delay_seconds", 1.5),
    ("whatsapp_max_per_minute", 0),
    ("whatsapp_max_per_minute", 601),
    ("whatsapp_retry_limit", -1),
    ("whatsapp_retry_limit", 21),
    ("fonnte_device_id", "a\x00b"),
    ("fonnte_device_id", "x" * 256),
    ("fonnte_api_key", ""),
    ("fonnte_api_key", "two words"),
    ("fonnte_api_key", "a\r\nX-Evil: 1"),
    ("fonnte_api_key", "x" * 256),
    ("email_enabled", 7),
    ("email_delay_seconds", "soon"),
    ("email_max_per_minute", "many"),
    ("email_retry_limit", 99),
    ("email_from_address", "nobody"),
    ("email_from_address", "a@b.example\r\nBcc: c@d.example"),
    ("email_from_name", "Lari\r\nBcc: c@d.example"),
    ("smtp_host", "mail example"),
    ("smtp_host", "mail\x00example"),
    ("smtp_host", "x" * 256),
    ("smtp_port", 0),
    ("smtp_port", 65536),
    ("smtp_username", "a\nb"),
    ("smtp_password", ""),
    ("smtp_password", "a\x00b"),
    ("smtp_security", "maybe"),
    ("surprise", 1),
]


async def test_a_bad_setting_is_refused_by_name_and_changes_nothing(driver: NotificationDriver) -> None:
    for field, value in BAD_SETTINGS:
        answer = await driver.try_change_settings(**{"whatsapp_enabled": False, field: value})
        assert (answer.status, answer.wrong_fields) == (422, [field]), (field, value, answer)
    assert await driver.read_settings() == DEFAULTS


async def test_two_admins_at_once_leave_one_row(driver: NotificationDriver) -> None:
    await asyncio.gather(*(driver.change_settings(whatsapp_delay_seconds=delay) for delay in range(1, 7)))
    assert await driver.rows("SELECT count(*) AS rows FROM notification_settings") == [{"rows": 1}]


NONSENSE = (
    "INSERT INTO notification_settings (id) VALUES (2)",
    "INSERT INTO notification_settings (id) VALUES (1)",
    "UPDATE notification_settings SET whatsapp_delay_seconds = -1",
    "UPDATE notification_settings SET email_max_per_minute = 0",
    "UPDATE notification_settings SET smtp_port = 0",
    "UPDATE notification_settings SET smtp_security = 'maybe'",
    "UPDATE notification_settings SET default_locale = 'jv'",
    "INSERT INTO senders (channel) VALUES ('pigeon')",
)


async def test_the_database_refuses_what_makes_no_sense(driver: NotificationDriver) -> None:
    for change in NONSENSE:
        with pytest.raises(IntegrityError):
            await driver.execute(change)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Mars/Olympus"},
        {"fonnte_webhook_secret": "short"},
        {"fonnte_token": "two words"},
        {"email_from_address": "nobody"},
        {"send_lease_seconds": 1, "send_timeout_seconds": 2},
        {"whatsapp_max_per_minute": 0},
    ],
)
def test_an_environment_that_makes_no_sense_stops_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings_for("x", **wrong)


def test_secrets_in_the_environment_are_not_printed() -> None:
    settings = settings_for("x", fonnte_token="canary", smtp_password="canary", fonnte_webhook_secret="canary" * 4)
    assert "canary" not in repr(settings)


def test_an_empty_variable_is_no_certificate_file() -> None:
    assert settings_for("x", smtp_ca_file="").smtp_ca_file is None
