"""Sending the form without a script: checked, reviewed, registered once, and refused in words."""

from collections.abc import AsyncIterator

import httpx
import pytest

from .conftest import Clock, category, race
from .registration_api import STATUS_PATH, Page, RegistrationApi, browser_of, group, problem, runner

ONE = "/races/jakarta-fun-run/register/5k/1"
FIVE = "/races/jakarta-fun-run/register/5k/5"
WAITING = "/races/jakarta-fun-run/waitlist/21k/1"


@pytest.fixture
def api() -> RegistrationApi:
    return RegistrationApi(races=[race("Jakarta Fun Run", category("5K"), category("21K", left=0))])


@pytest.fixture
async def browser(api: RegistrationApi, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(api, clock) as client:
        yield client


async def send(browser: httpx.AsyncClient, path: str, typed: dict[str, str], step: str = "") -> httpx.Response:
    """Send a form and go where the browser is sent back to with the form, but not to another page."""
    answer = await browser.post(path, data={**typed, "step": step})
    while answer.status_code == 307:
        answer = await browser.send(answer.next_request) if answer.next_request else answer
    return answer


async def test_a_runner_registers_and_is_led_to_the_link_of_the_registration(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    answer = await send(browser, ONE, runner())
    assert (answer.status_code, answer.headers["Location"]) == (303, STATUS_PATH)
    [sent] = api.body["participants"]
    assert sent == {
        "full_name": "Peserta Budi A",
        "whatsapp": "0812 3456 7890",
        "email": "budi1@example.com",
        "gender": "male",
        "date_of_birth": "1990-01-31",
        "jersey_size": "l",
        "identity_number": None,
        "emergency_contact_name": "Siti",
        "emergency_contact_phone": "0812 9876 5432",
        "is_pic": True,
    }
    assert api.body["registration_type"] == "individual"
    assert api.body["terms_accepted"] is True
    assert api.body["category_id"] == category("5K")["id"]
    english = await send(browser, f"/en{ONE}", runner(2) | {k.replace("p2", "p1"): v for k, v in runner(2).items()})
    assert english.headers["Location"] == f"/en{STATUS_PATH}"


@pytest.mark.parametrize("person", ["", "0", "6", "-1", "\uff12", "9" * 5000])
async def test_without_a_contact_person_of_the_form_the_first_runner_is_it(
    browser: httpx.AsyncClient, api: RegistrationApi, person: str
) -> None:
    answer = await send(browser, FIVE, {**group(5), "pic": person}, "send")
    assert answer.status_code == 303
    assert [each["is_pic"] for each in api.body["participants"]] == [True, False, False, False, False]


async def test_a_first_form_is_sent_back_once_for_the_cookie_of_its_key(browser: httpx.AsyncClient) -> None:
    # given a browser that was never here
    first = await browser.post(ONE, data=runner())

    # then the same form comes back with a cookie that is out of reach of scripts and of other pages
    assert (first.status_code, first.headers["Location"]) == (307, f"{ONE}?cookie=1")
    [cookie] = first.headers.get_list("Set-Cookie")
    assert {"HttpOnly", "Secure", f"Path={ONE}"} <= set(cookie.split("; "))
    assert "samesite=lax" in cookie.lower()


async def test_a_browser_without_cookies_gets_a_page_and_no_loop(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    first = await browser.post(ONE, data=runner())
    browser.cookies.clear()
    answer = await browser.post(first.headers["Location"], data=runner())
    page = Page(answer)
    assert answer.status_code == 400
    assert "Mohon izinkan cookie" in page.text
    assert page.fields["p1-full_name"] == "Peserta Budi A"
    assert api.posted == []


async def test_two_taps_and_the_back_button_register_once(browser: httpx.AsyncClient, api: RegistrationApi) -> None:
    # given a form that was sent
    await send(browser, ONE, runner())

    # when it is sent again, by a second tap or after going back
    again = await send(browser, ONE, runner())

    # then it is the same request, with the same answer
    assert (again.status_code, again.headers["Location"]) == (303, STATUS_PATH)
    assert len(api.posted) == 2
    assert len(set(api.keys)) == len(api.registered) == 1


async def test_nobody_else_gets_the_answer_of_the_same_form(
    browser: httpx.AsyncClient, api: RegistrationApi, clock: Clock
) -> None:
    await send(browser, ONE, runner())
    async with browser_of(api, clock) as other:
        answer = await send(other, ONE, runner())
    assert answer.status_code == 409
    assert len(set(api.keys)) == 2
    assert len(api.registered) == 1


async def test_another_form_of_the_same_browser_has_another_key(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    await send(browser, ONE, runner())
    await send(browser, ONE, runner(1, full_name="Wati"))
    await send(browser, WAITING, runner(1, full_name="Wati"))
    assert len(set(api.keys)) == 3


@pytest.mark.parametrize("typed", [runner(), group(5)], ids=["one", "five"])
async def test_a_lost_answer_is_a_page_that_sends_the_same_again(
    browser: httpx.AsyncClient, api: RegistrationApi, typed: dict[str, str]
) -> None:
    # given an answer that gets lost after the registration is stored
    api.lost = 1
    path = ONE if len(typed) < 20 else FIVE

    # when the form is sent
    answer = await send(browser, path, typed, "send")

    # then a page keeps everything and says that repeating is safe
    page = Page(answer)
    assert answer.status_code == 503
    assert "Kirim lagi: tetap dihitung satu kali." in page.text
    assert {**typed, **page.fields} == page.fields
    assert page.buttons[0] == ("send", None)

    # and its button leads to the registration, which exists once
    again = await send(browser, path, page.fields, "send")
    assert (again.status_code, again.headers["Location"]) == (303, STATUS_PATH)
    assert len(api.registered) == 1


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (503, "too_busy", "Sangat banyak orang sedang mendaftar"),
        (429, "too_many_requests", "Terlalu banyak permintaan"),
        (409, "request_in_progress", "Kami belum menerima jawaban"),
        (503, "outcome_unknown", "Kami belum menerima jawaban"),
        (503, "challenge_unavailable", "Anda belum terdaftar"),
    ],
)
async def test_when_it_is_too_busy_the_same_is_sent_again_with_the_same_key(
    browser: httpx.AsyncClient, api: RegistrationApi, status: int, code: str, words: str
) -> None:
    api.next = [problem(status, code)]
    answer = await send(browser, ONE, runner())
    page = Page(answer)
    assert answer.status_code == status
    assert words in page.text
    assert answer.headers.get("Retry-After") == ("3" if status != 409 else None)
    assert f'data-repeat="{3 if status != 409 else 2}"' in answer.text
    again = await send(browser, ONE, page.fields)
    assert again.status_code == 303
    assert len(set(api.keys)) == 1


async def test_while_the_api_is_down_nothing_that_was_typed_is_lost(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    api.is_down = True
    answer = await send(browser, ONE, runner())
    assert answer.status_code == 503
    assert {**runner(), **Page(answer).fields} == Page(answer).fields
    api.is_down = False
    assert (await send(browser, ONE, Page(answer).fields)).status_code == 303


async def test_errors_are_listed_by_runner_and_values_are_kept(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    typed = {**group(5), "p3-email": "<x>", "p3-date_of_birth-year": "90", "p5-gender": ""}
    answer = await send(browser, FIVE, typed)
    page = Page(answer)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (422, "no-store")
    assert page.title.startswith("Kesalahan:")
    assert "3 isian perlu diperbaiki Peserta 3: 2 isian" in page.text
    assert {"#p3-email", "#p3-date_of_birth", "#p5-gender"} <= set(page.links)
    assert {link[1:] for link in page.links if link.startswith("#p")} <= page.ids
    assert page.opened == ["p3", "p5"]
    assert page.fields["p3-email"] == "<x>"
    assert (page.fields["p1-full_name"], page.fields["pic"]) == ("Peserta Budi A", "2")
    assert "Kesalahan: Tulis alamat e-mail seperti nama@contoh.com." in page.text
    wrong = [each for each in page.tags if each.get("aria-invalid")]
    assert wrong[0].get("id") == "p3-email"
    assert api.posted == []


async def test_many_errors_have_one_line_for_each_runner(browser: httpx.AsyncClient) -> None:
    page = Page(await send(browser, f"/en{FIVE}", {"p1-full_name": "Budi"}))
    assert page.title.startswith("Error:")
    assert "39 fields need your attention Runner 1: 7 fields Runner 2: 8 fields Runner 3" in page.text
    assert [link for link in page.links if link.startswith("#p")] == [
        "#p1-whatsapp", *(f"#p{number}-full_name" for number in range(2, 6)),
    ]  # fmt: skip


async def test_errors_of_the_api_are_shown_at_the_fields(browser: httpx.AsyncClient, api: RegistrationApi) -> None:
    errors = [{"field": "participants.0.date_of_birth", "message": "Tanggal lahir harus sebelum hari ini."}]
    api.next = [problem(422, "invalid_fields", errors=errors)]
    page = Page(await send(browser, ONE, runner()))
    assert "#p1-date_of_birth" in page.links
    assert page.text.count("Tanggal lahir harus sebelum hari ini.") == 2
    assert api.posted[0].headers["Accept-Language"] == "id"


async def test_a_group_sees_everything_before_it_is_sent(browser: httpx.AsyncClient, api: RegistrationApi) -> None:
    # given a group whose second runner has the same emergency contact as the first
    typed = {**group(5), "p2-same_emergency": "yes", "p2-emergency_contact_name": "", "p2-emergency_contact_phone": ""}

    # when it is checked
    page = Page(await send(browser, FIVE, typed))

    # then everything is shown and nothing is sent
    assert "Sudah benar semua?" in page.text
    assert page.text.count("Siti, 0812 9876 5432") == 5
    assert "31 Januari 1990" in page.text
    assert "Rp 700.000" in page.text
    assert [value for value, _ in page.buttons] == ["send", "correct"]
    assert api.posted == []

    # and it can be corrected or sent
    back = Page(await send(browser, FIVE, page.fields, "correct"))
    assert (back.fields["p5-full_name"], "p5-full_name" in back.ids) == ("Peserta Budi E", True)
    assert (await send(browser, FIVE, page.fields, "send")).status_code == 303
    assert [each["is_pic"] for each in api.body["participants"]] == [False, True, False, False, False]


async def test_somebody_who_is_registered_already_is_named_and_led_to_the_link(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    api.next = [problem(409, "already_registered", participants=[1, 3])]
    answer = await send(browser, FIVE, group(5), "send")
    page = Page(answer)
    assert answer.status_code == 409
    assert {"#p2-full_name", "#p4-full_name", "/recover"} <= set(page.links)
    assert "Peserta 4: 1 isian Orang ini sudah terdaftar di lomba ini." in page.text
    assert page.opened == ["p2", "p4"]


async def test_without_enough_places_the_form_goes_to_a_smaller_group_or_the_waiting_list(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    # given three places for a group of five
    api.next = [problem(409, "category_full", places_left=3)]

    # when it registers
    answer = await send(browser, FIVE, group(5), "send")

    # then both ways on take along what was typed
    page = Page(answer)
    assert answer.status_code == 409
    assert "Tempat tersisa: 3." in page.text
    others = [address for _, address in page.buttons if address and not address.startswith("/en/")]
    assert others == [ONE, FIVE.replace("register", "waitlist")]
    for address in others:
        form = Page(await send(browser, address, page.fields, "correct"))
        assert form.fields["p1-full_name"] == "Peserta Budi A"


@pytest.mark.parametrize("typed", [{}, {"p1-whatsapp": "1"}], ids=["complete", "with an error"])
async def test_the_other_language_has_the_form_with_all_that_was_typed(
    browser: httpx.AsyncClient, api: RegistrationApi, typed: dict[str, str]
) -> None:
    # given a form with an identity number, which no device keeps
    sent = {**runner(), "p1-identity_number": "3174000000000001", **typed}
    page = Page(await send(browser, ONE, sent, "correct"))
    [(step, address)] = [each for each in page.buttons if (each[1] or "").startswith("/en/")]

    # when the other language is chosen
    other = await send(browser, address or "", page.fields, step or "")

    # then everything is there, and nothing was sent
    assert (other.status_code, 'lang="en"' in other.text, api.posted) == (200, True, [])
    assert Page(other).fields == page.fields
    assert Page(other).fields["p1-identity_number"] == "3174000000000001"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "registration_not_open"),
        (409, "registration_closed"),
        (409, "type_not_offered"),
        (404, "unknown_category"),
        (403, "challenge_required"),
    ],
)
async def test_other_refusals_are_said_above_the_form(
    browser: httpx.AsyncClient, api: RegistrationApi, status: int, code: str
) -> None:
    api.next = [problem(status, code)]
    answer = await send(browser, ONE, runner())
    page = Page(answer)
    assert answer.status_code == status
    words = "Panitia meminta pemeriksaan" if status == 403 else f"Ditolak: {code}."
    assert words in page.text
    assert page.fields["p1-email"] == "budi1@example.com"


async def test_a_key_that_was_used_for_another_form_is_replaced(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    api.next = [problem(422, "idempotency_key_reused")]
    assert "kirim sekali lagi" in Page(await send(browser, ONE, runner())).text
    assert (await send(browser, ONE, runner())).status_code == 303
    assert len(set(api.keys)) == 2


async def test_the_waiting_list_is_joined_with_the_same_form(browser: httpx.AsyncClient, api: RegistrationApi) -> None:
    assert (await send(browser, WAITING, runner())).headers["Location"] == STATUS_PATH
    assert api.posted[0].url.path == "/api/registration/v1/waitlist"
    api.next = [problem(409, "already_waiting", participants=[0]), problem(409, "places_available", places_left=1)]
    assert "sudah ada di daftar tunggu ini" in Page(await send(browser, WAITING, runner())).text
    page = Page(await send(browser, WAITING, runner()))
    others = [address for _, address in page.buttons if address and not address.startswith("/en/")]
    assert others == [WAITING.replace("waitlist", "register")]


async def test_what_is_no_field_of_the_form_is_dropped(browser: httpx.AsyncClient, api: RegistrationApi) -> None:
    page = Page(await send(browser, FIVE, {**group(5), "p6-full_name": "x", "evil": "y"}))
    assert {"p6-full_name", "evil"}.isdisjoint(page.fields)
    assert (await browser.post(FIVE, json={"p1-full_name": "x"})).status_code == 422
    assert (await browser.post("/races/jakarta-fun-run/register/5k/7", data=runner())).status_code == 404
