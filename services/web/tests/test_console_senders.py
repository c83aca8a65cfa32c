"""The senders in the console: their state in words, their settings, secrets that are never shown, and tests."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.merging import fingerprints

from .markup import parsed
from .messages_desk import desk
from .runner_apis import at, problem
from .walk_messages_answers import NOTIFICATION, SENDERS, SETTINGS, TEST, result_of_test, sender
from .walk_staff import json_of

PUT = ("PUT", f"{NOTIFICATION}/settings")
SAVED = {PUT: json_of(SETTINGS)}
WHATSAPP = {
    "do": "save",
    "whatsapp_enabled": "yes",
    "whatsapp_delay_seconds": "6",
    "whatsapp_max_per_minute": "12",
    "whatsapp_retry_limit": "5",
    "fonnte_device_id": "628",
    "fonnte_token": "",
}
EMAIL = {
    "do": "save",
    "email_delay_seconds": "0",
    "email_max_per_minute": "60",
    "email_retry_limit": "5",
    "email_from_address": "panitia@example.com",
    "email_from_name": "Lari",
    "smtp_host": "mail.example.com",
    "smtp_port": "587",
    "smtp_username": "lari",
    "smtp_password": "",
    "smtp_security": "starttls",
}


def _words(answer: httpx.Response) -> str:
    return " ".join(parsed(answer.text).text.split())


@pytest.mark.parametrize(
    ("fields", "pill", "words"),
    [
        ({}, "Sends", "Messages go out as the limits allow."),
        ({"enabled": False}, "Off", "can be sent from the message log"),
        ({"configured": False}, "No account", "The account is not filled in"),
        ({"paused_until": at(2), "trouble": "whatsapp_quota"}, "Pauses", "The quota at Fonnte is used up."),
        ({"paused_until": at(-2), "trouble": "whatsapp_quota", "trouble_since": at(-1)}, "In trouble", "tries on"),
    ],
)
async def test_the_state_of_a_sender_is_said_with_what_it_means(fields: dict[str, Any], pill: str, words: str) -> None:
    async with desk({SENDERS: json_of([sender(**fields), sender("email")])}) as staff:
        page = await staff.see("/senders")
    first = parsed(page.text).all("section")[0].text
    assert pill in first
    assert words in " ".join(first.split())


async def test_saving_sends_only_what_changed() -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send("/senders/whatsapp", {**WHATSAPP, "whatsapp_max_per_minute": "20"})
        assert staff.body(*PUT) == {"whatsapp_max_per_minute": 20}
    assert answer.headers["Location"] == "/en/console/senders/whatsapp?done=saved"


async def test_saving_without_a_change_asks_for_none() -> None:
    async with desk(SAVED) as staff:
        assert (await staff.send("/senders/email", EMAIL)).status_code == 303
        assert staff.asked(*PUT) == []


async def test_a_form_that_was_open_for_long_brings_nothing_old_back() -> None:
    async with desk(SAVED) as staff:
        # given a form that began with other limits, and somebody who changed both meanwhile
        base = fingerprints({**WHATSAPP, "whatsapp_max_per_minute": "99", "whatsapp_delay_seconds": "99"})

        # when one of them is typed anew
        typed = {**WHATSAPP, "whatsapp_max_per_minute": "20", "whatsapp_delay_seconds": "99", "base": base}
        answer = await staff.send("/senders/whatsapp", typed)

        # then nothing is saved yet, and the form says what it is now; saved again it changes that alone
        assert (answer.status_code, staff.asked(*PUT)) == (409, [])
        assert "It is now: 12." in _words(answer)
        shown = parsed(answer.text).all("input")
        again = {each.get("name") or "": each.get("value") or "" for each in shown}
        assert (again["whatsapp_delay_seconds"], again["whatsapp_max_per_minute"]) == ("6", "20")
        await staff.send("/senders/whatsapp", {**WHATSAPP, **again, "do": "save", "fonnte_token": ""})
        assert staff.body(*PUT) == {"whatsapp_max_per_minute": 20}


async def test_a_channel_is_switched_off_and_on() -> None:
    off = {name: value for name, value in WHATSAPP.items() if name != "whatsapp_enabled"}
    async with desk(SAVED) as staff:
        asked = await staff.send("/senders/whatsapp", off)
        assert (asked.status_code, staff.asked(*PUT)) == (422, [])
        assert "Save once more to switch it off" in _words(asked)
        assert parsed(asked.text).one("input", name="sure").get("value") == "yes"
        await staff.send("/senders/whatsapp", {**off, "sure": "yes"})
        assert staff.body(*PUT) == {"whatsapp_enabled": False}
    async with desk(SAVED) as staff:
        await staff.send("/senders/email", {**EMAIL, "email_enabled": "yes"})
        assert staff.body(*PUT) == {"email_enabled": True}


async def test_a_secret_is_sent_once_and_never_shown() -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": "fonnte_api_key", "message": "No such token."}])
    async with desk({PUT: refused}) as staff:
        answer = await staff.send("/senders/whatsapp", {**WHATSAPP, "fonnte_token": "s3cret-t0ken"})
        assert staff.body(*PUT) == {"fonnte_api_key": "s3cret-t0ken"}
        page = parsed(answer.text)
    assert "s3cret-t0ken" not in answer.text
    [field] = [each for each in page.all("input") if each.get("id") == "fonnte_token"]
    assert (field.get("type"), field.get("value"), field.get("aria-invalid")) == ("password", "", "true")
    assert "No such token." in page.text


@pytest.mark.parametrize(("channel", "words"), [("whatsapp", "Token of the device Set"), ("email", "Password Not set")])
async def test_of_a_secret_only_is_shown_whether_it_is_set(channel: str, words: str) -> None:
    async with desk() as staff:
        assert words in _words(await staff.see(f"/senders/{channel}"))


@pytest.mark.parametrize("typed", ["", "x", "1.5", "-1", "1" * 20, "\N{ARABIC-INDIC DIGIT ONE}"])
async def test_what_is_no_number_is_refused_at_its_field(typed: str) -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send("/senders/whatsapp", {**WHATSAPP, "whatsapp_delay_seconds": typed})
        assert answer.status_code == 422
        assert staff.asked(*PUT) == []
    [error] = [each for each in parsed(answer.text).all("p") if each.get("id") == "whatsapp_delay_seconds-error"]
    assert "Write a whole number." in error.text


async def test_the_result_of_a_test_is_said_in_words() -> None:
    failed = result_of_test("sender_trouble", reason="mail_server_refused_535", provider_said="535 no")
    async with desk({TEST: failed}) as staff:
        answer = await staff.send("/senders/email", {"do": "test", "to": "budi@example.com"})
        assert staff.body(*TEST) == {"channel": "email", "to": "budi@example.com"}
    words = _words(answer)
    assert "budi@example.com: The provider says this." in words
    assert "The mail server refused the connection or the password (535)" in words
    assert "535 no" in words


async def test_the_form_of_a_test_offers_the_own_address() -> None:
    async with desk() as staff:
        page = parsed((await staff.see("/senders/email")).text)
    [field] = [each for each in page.one("main").all("input") if each.get("name") == "to"]
    assert field.get("value") == "owner@lari.example"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (429, "too_many_tests", "Wait 20 seconds."),
        (400, "channel_not_configured", "This channel has no account yet."),
    ],
)
async def test_a_test_that_is_not_sent_says_why(status: int, code: str, words: str) -> None:
    async with desk({TEST: problem(status, code, detail="Wait 20 seconds.")}) as staff:
        answer = await staff.send("/senders/email", {"do": "test", "to": "budi@example.com"})
    assert answer.status_code == status
    assert words in _words(answer)
    assert 'value="budi@example.com"' in answer.text


async def test_the_language_of_messages_is_chosen() -> None:
    async with desk(SAVED) as staff:
        answer = await staff.send("/senders", {"default_locale": "en"})
        assert staff.body(*PUT) == {"default_locale": "en"}
    assert answer.headers["Location"] == "/en/console/senders?done=language"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_others_than_admins_see_the_health_alone(role: Role) -> None:
    async with desk(role=role) as staff:
        page = await staff.see("/senders")
        assert page.status_code == 200
        assert "Settings and test message" not in page.text
        assert "Language of messages" not in page.text
        assert staff.asked("GET", f"{NOTIFICATION}/settings") == []
        assert (await staff.see("/senders/email")).status_code == 403
        assert (await staff.send("/senders/email", EMAIL)).status_code == 403
        assert (await staff.send("/senders", {"default_locale": "en"})).status_code == 403
