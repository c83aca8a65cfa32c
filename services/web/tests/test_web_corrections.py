"""Corrections that a runner makes."""

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from .own_registration import COOKIE, NUMBER, OwnApi, event, participant_id, person, problem

OWN = f"/r/{NUMBER}"
PAGE = f"{OWN}/runners/{participant_id(0)}"
UNCHANGED = {
    "jersey_size": "l",
    "email": "p0@example.com",
    "whatsapp": "0812 3456 7800",
    "emergency_contact_name": "Ibu Budi",
    "emergency_contact_phone": "(021) 5551234",
}


@pytest.fixture
def registration() -> OwnApi:
    return OwnApi()


async def _send(site: httpx.AsyncClient, page: str = PAGE, **changed: str) -> httpx.Response:
    headers = {**COOKIE, "Sec-Fetch-Site": "same-origin"}
    return await site.post(page, data={**UNCHANGED, **changed}, headers=headers)


def _values(answer: httpx.Response) -> dict[str, str]:
    """Return what the form holds."""
    inputs = re.findall(r'<input class="input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', answer.text)
    [size] = re.findall(r'value="([^"]+)" checked', answer.text)
    return {**{name: unescape(value) for name, value in inputs}, "jersey_size": size}


def _sent(registration: OwnApi) -> list[Any]:
    return [json.loads(each.content) for each in registration.requests if each.method == "PATCH"]


async def test_the_form_shows_the_present_values_with_readable_numbers(site: httpx.AsyncClient) -> None:
    answer = await site.get(PAGE, headers=COOKIE)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert _values(answer) == UNCHANGED
    assert "3171000000000001" not in answer.text


async def test_only_what_was_changed_is_sent(site: httpx.AsyncClient, registration: OwnApi) -> None:
    # when a runner changes the size and one number
    answer = await _send(site, jersey_size="xl", whatsapp=" 0812-0000-1111 ")

    # then only these are sent, and the registration's page confirms it
    assert _sent(registration) == [{"jersey_size": "xl", "whatsapp": "0812-0000-1111"}]
    assert (answer.status_code, answer.headers["location"]) == (303, f"{OWN}?saved=1")
    [call] = [each for each in registration.requests if each.method == "PATCH"]
    assert call.url.path.endswith(f"/participants/{participant_id(0)}")
    assert call.headers["authorization"].startswith("Bearer head.")
    assert "Perubahan Anda sudah disimpan." in (await site.get(f"{OWN}?saved=1", headers=COOKIE)).text
    assert "Perubahan Anda sudah disimpan." not in (await site.get(OWN, headers=COOKIE)).text


def _hidden(answer: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of the form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    return {name: unescape(value) for name, value in found}


async def test_a_form_that_was_open_for_long_takes_back_nothing_that_changed_meanwhile(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    # given a form that a tab has open, while the organisers correct the number and another tab the size
    opened = await site.get(PAGE, headers=COOKIE)
    registration.people = [person(0, whatsapp="6281200001111", jersey_size="xl")]

    # when something else is changed in it, at first wrongly
    registration.instead["PATCH", participant_id(0)] = problem(422, "invalid_fields", email="Tulis alamat email.")
    wrong = await _send(site, **_hidden(opened), email="budi@")
    registration.instead.clear()
    await _send(site, **{**_values(wrong), **_hidden(wrong), "email": "budi@example.com"})

    # then only that is sent
    assert _sent(registration) == [{"email": "budi@"}, {"email": "budi@example.com"}]


async def test_other_fields_cannot_be_sent_along(site: httpx.AsyncClient, registration: OwnApi) -> None:
    await _send(site, full_name="Someone Else", jersey_size="s")
    assert _sent(registration) == [{"jersey_size": "s"}]


async def test_without_a_change_nothing_is_sent(site: httpx.AsyncClient, registration: OwnApi) -> None:
    answer = await _send(site, f"/en{PAGE}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/en{OWN}?saved=1")
    assert _sent(registration) == []


async def test_errors_stand_at_their_fields_and_values_are_kept(site: httpx.AsyncClient, registration: OwnApi) -> None:
    refusal = problem(422, "invalid_fields", whatsapp="Tulis nomor WhatsApp.", email="Tulis alamat email.")
    registration.instead["PATCH", participant_id(0)] = refusal
    answer = await _send(site, email="budi@", whatsapp="12", jersey_size="s")
    assert answer.status_code == 422
    assert _values(answer) == {**UNCHANGED, "email": "budi@", "whatsapp": "12", "jersey_size": "s"}
    assert '<a href="#email">Tulis alamat email.</a>' in answer.text
    assert 'id="whatsapp-error"' in answer.text
    assert "<title>Kesalahan: " in answer.text
    assert registration.requests[-1].headers["accept-language"] == "id"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("already_registered", "sudah ada di pendaftaran lain"),
        ("already_waiting", "sudah ada di daftar tunggu"),
        ("changes_closed", "Perubahan sudah ditutup"),
    ],
)
async def test_a_refusal_is_said_in_words_with_the_organisers_number(
    site: httpx.AsyncClient, registration: OwnApi, name: str, expected: str
) -> None:
    registration.instead["PATCH", participant_id(0)] = problem(409, name)
    answer = await _send(site, jersey_size="s")
    assert (answer.status_code, expected in answer.text) == (409, True)
    assert "wa.me/6281100000000" in answer.text
    assert ("<form" in answer.text) == (name != "changes_closed")


@pytest.mark.parametrize("fails", [("PATCH", participant_id(0)), ("GET", "0190c0de-0000-7000-8000-000000000001")])
async def test_while_the_api_is_away_what_was_typed_is_kept(
    site: httpx.AsyncClient, registration: OwnApi, fails: tuple[str, str]
) -> None:
    # given an API that is out of reach, before or while the change is sent
    registration.instead[fails] = httpx.ConnectError("refused")
    answer = await _send(site, jersey_size="s", email="new@example.com")
    assert (answer.status_code, "Isian Anda masih ada" in answer.text) == (503, True)

    # when the form that came back is sent again
    registration.instead.clear()
    again = await _send(site, **_values(answer))

    # then it is saved
    assert again.status_code == 303
    assert _sent(registration)[-1] == {"jersey_size": "s", "email": "new@example.com"}


@pytest.mark.parametrize(
    ("until", "is_open"), [("2027-01-04T02:59:59Z", False), ("2027-01-04T03:00:01Z", True), (None, True)]
)
async def test_the_form_is_there_until_changes_are_closed(
    site: httpx.AsyncClient, registration: OwnApi, until: str | None, is_open: bool
) -> None:
    registration.event = event(changes_until=until)
    answer = await site.get(PAGE, headers=COOKIE)
    assert ("<form" in answer.text, "Perubahan sudah ditutup" in answer.text) == (is_open, not is_open)


async def test_an_ended_registration_cannot_be_changed(site: httpx.AsyncClient, registration: OwnApi) -> None:
    registration.status = "cancelled"
    assert "<form" not in (await site.get(PAGE, headers=COOKIE)).text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_runner_of_another_registration_is_a_page(
    site: httpx.AsyncClient, registration: OwnApi, method: str
) -> None:
    headers = {**COOKIE, "Sec-Fetch-Site": "same-origin"}
    answer = await site.request(method, f"{OWN}/runners/{participant_id(9)}", headers=headers)
    assert (answer.status_code, "bukan bagian dari pendaftaran Anda" in answer.text) == (404, True)
    assert _sent(registration) == []


async def test_without_the_cookie_or_from_another_site_nothing_is_asked(
    site: httpx.AsyncClient, registration: OwnApi
) -> None:
    assert (await site.get(PAGE)).status_code == 401
    crossed = await site.post(PAGE, data=UNCHANGED, headers={**COOKIE, "Sec-Fetch-Site": "cross-site"})
    assert (crossed.status_code, registration.requests) == (403, [])


async def test_a_number_of_another_country_keeps_its_country(site: httpx.AsyncClient, registration: OwnApi) -> None:
    registration.people = [person(0, whatsapp="6591234567")]
    assert _values(await site.get(PAGE, headers=COOKIE))["whatsapp"] == "+65 9123 4567"
