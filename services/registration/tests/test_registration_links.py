"""The way back to a registration: links, links by message, and what staff can do about them."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.secrets import new_key
from contracts import AccessReplaced, RegistrationCreated, WaitlistOffered
from hypothesis import given
from hypothesis import strategies as st
from registration.access_codes import AccessCodes

from .registration_line import Line

SITE = "https://lari.example"
CODES = AccessCodes(["first"], public_url=SITE)


def _parts(status_url: str) -> dict[str, str]:
    number, code = status_url.removeprefix(f"{SITE}/r/").split("/")
    return {"registration_number": number, "access_code": code}


async def _open(race: Any, **parts: str) -> httpx.Response:
    answer: httpx.Response = await race.http.post(race.url("/access"), json=parts)
    return answer


@given(registration_id=st.uuids(), version=st.integers(1, 2**31 - 1))
def test_a_code_opens_its_registration_and_version_and_nothing_else(registration_id: UUID, version: int) -> None:
    code = CODES.make(registration_id, version).code

    assert CODES.opens(code, registration_id, version)
    assert not CODES.opens(code, registration_id, version + 1)
    assert not CODES.opens(code, uuid4(), version)
    assert not CODES.opens(code[:-1], registration_id, version)
    assert not AccessCodes(["another"], public_url=SITE).opens(code, registration_id, version)


def test_a_code_holds_the_name_of_its_key_and_128_bits() -> None:
    code = CODES.make(uuid4(), 1).code

    assert len(code) == 4 + 22
    assert len(base64.urlsafe_b64decode(f"{code[4:]}==")) == 16


def test_keys_rotate_without_breaking_links_until_the_old_one_is_taken_away() -> None:
    registration_id = uuid4()
    old = CODES.make(registration_id, 1).code
    rotated = AccessCodes(["second", "first"], public_url=SITE)

    assert rotated.opens(old, registration_id, 1)
    assert rotated.make(registration_id, 1).code != old
    assert not AccessCodes(["second"], public_url=SITE).opens(old, registration_id, 1)


@pytest.mark.parametrize("code", ["", "x", "\u00e9" * 26, "\x00", "a" * 64])
def test_no_text_is_mistaken_for_a_code(code: str) -> None:
    assert not CODES.opens(code, uuid4(), 1)


async def test_a_link_is_exchanged_for_a_token_that_opens_the_registration(race: Any) -> None:
    await race.open()
    entry = await race.registered()

    answer = await _open(race, **_parts(entry["status_url"]))

    assert answer.status_code == 200, answer.text
    assert answer.json()["registration_id"] == entry["registration_id"]
    assert answer.json()["expires_in"] == 24 * 3600
    path = race.url(f"/registrations/{entry['registration_id']}")
    headers = {"Authorization": f"Bearer {answer.json()['runner_token']}"}
    assert (await race.http.get(path, headers=headers)).status_code == 200
    race.clock.advance(timedelta(hours=23))
    assert (await _open(race, **_parts(entry["status_url"]))).json()["runner_token"] != answer.json()["runner_token"]


async def test_the_number_may_be_typed_in_small_letters(race: Any) -> None:
    await race.open()
    parts = _parts((await race.registered())["status_url"])

    assert (await _open(race, **{**parts, "registration_number": parts["registration_number"].lower()})).is_success


async def test_a_wrong_number_and_a_wrong_code_look_the_same(race: Any) -> None:
    await race.open()
    parts = _parts((await race.registered())["status_url"])
    wrong = [
        {**parts, "registration_number": "R9-99999"},
        {**parts, "registration_number": str(uuid4())},
        {**parts, "access_code": parts["access_code"][:-1] + "_"},
        {**parts, "access_code": "x"},
        {**parts, "access_code": _parts((await race.registered())["status_url"])["access_code"]},
    ]

    answers = [await _open(race, **each) for each in wrong]

    assert {answer.status_code for answer in answers} == {404}
    told = [{**answer.json(), "correlation_id": None} for answer in answers]
    assert told == [told[0]] * len(told)
    assert told[0]["code"] == "unknown_link"


async def test_events_that_lead_to_messages_carry_the_code(race: Any) -> None:
    await race.open()
    entry = await race.registered()

    [created] = await race.service.published(RegistrationCreated)

    assert created.payload.access is not None
    assert created.payload.access.version == 1
    assert entry["status_url"].endswith(f"/{created.payload.access.code}")


async def test_a_repeated_request_is_answered_with_the_same_link(race: Any) -> None:
    await race.open()
    form = race.form()

    first = (await race.register(form=form, key="again")).json()
    second = await race.register(form=form, key="again")

    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first


async def test_nothing_but_the_version_is_stored(race: Any) -> None:
    await race.open()
    entry = await race.registered(key="kept")
    code = _parts(entry["status_url"])["access_code"]
    await race.service.forget_published()

    for table in ("registrations", "participants", "idempotency_keys", "audit_log"):
        rows = await race.scalar(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        assert code not in rows, table


async def test_staff_make_a_new_link_and_the_old_one_is_dead(race: Any) -> None:
    await race.open()
    entry = await race.registered(key="key")
    path = race.url(f"/registrations/{entry['registration_id']}/access-code")

    answer = await race.http.post(path, headers=race.staff())

    assert answer.status_code == 200, answer.text
    assert (await _open(race, **_parts(entry["status_url"]))).json()["code"] == "unknown_link"
    assert (await _open(race, **_parts(answer.json()["status_url"]))).status_code == 200
    [replaced] = await race.service.published(AccessReplaced)
    assert replaced.payload.access.version == 2
    assert answer.json()["status_url"].endswith(replaced.payload.access.code)
    assert await race.scalar("SELECT count(*) FROM audit_log WHERE action = 'access_code.replace'") == 1


async def test_replacing_at_once_leaves_one_good_link(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    path = race.url(f"/registrations/{entry['registration_id']}/access-code")

    answers = await asyncio.gather(*(race.http.post(path, headers=race.staff()) for _ in range(5)))

    links = [answer.json()["status_url"] for answer in answers]
    assert len(set(links)) == 5
    opened = [(await _open(race, **_parts(link))).status_code for link in links]
    assert sorted(opened) == [200, 404, 404, 404, 404]


async def test_the_link_of_a_place_in_line_opens_the_registration_it_becomes(race: Any) -> None:
    line = Line(race)
    [taken] = await line.sell_out()
    waiting = await line.waiting()
    assert (await _open(race, **_parts(waiting["status_url"]))).json()["registration_id"] == waiting["waitlist_id"]

    await race.cancel(taken["registration_id"])
    [offered] = await race.service.published(WaitlistOffered)
    assert offered.payload.access is not None
    assert waiting["status_url"].endswith(offered.payload.access.code)
    accepted = (await race.http.post(line.url(waiting, "/accept"), headers=line.its_runner(waiting))).json()

    for link in (waiting["status_url"], accepted["status_url"]):
        opened = await _open(race, **_parts(link))
        assert opened.json()["registration_id"] == waiting["waitlist_id"]
    assert accepted["registration_number"] in accepted["status_url"]


async def test_a_person_who_registers_again_hears_how_to_come_back_and_not_who_is_there(race: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)

    answer = await race.register(form={**form, "participants": [{**form["participants"][0], "email": "x@example.com"}]})

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_registered"
    assert "link" in answer.json()["detail"]
    assert form["participants"][0]["email"] not in answer.text


async def test_a_link_shows_a_page_to_browsers_and_json_to_others(race: Any) -> None:
    await race.open()
    entry = await race.registered(participants=[race.person(is_pic=True, full_name="Ani <b>Wati</b>")])
    parts = _parts(entry["status_url"])
    path = race.url(f"/links/{parts['registration_number']}/{parts['access_code']}")

    page = await race.http.get(path, headers={"Accept": "text/html,*/*", "Accept-Language": "id"})
    document = await race.http.get(path)

    assert page.headers["content-type"].startswith("text/html")
    assert entry["registration_number"] in page.text
    assert "Rp150.000" in page.text
    assert "Ani &lt;b&gt;Wati" in page.text
    assert "runner_token" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script" not in page.headers["content-security-policy"]
    assert document.json()["status"] == "pending_payment"
    assert (await race.http.get(path[:-2])).json()["code"] == "unknown_link"
    dead = await race.http.get(path[:-2], headers={"Accept": "text/html", "Accept-Language": "id"})
    assert (dead.status_code, "Tautan ini sudah tidak berlaku" in dead.text) == (404, True)


@pytest.mark.parametrize(("language", "words"), [("en", "do not pay now"), ("id", "jangan membayar sekarang")])
async def test_after_the_deadline_the_page_does_not_ask_to_pay(race: Any, language: str, words: str) -> None:
    await race.open()
    entry = await race.registered()
    parts = _parts(entry["status_url"])
    path = race.url(f"/links/{parts['registration_number']}/{parts['access_code']}")
    browser = {"Accept": "text/html,*/*", "Accept-Language": language}
    assert "instructions" in (before := (await race.http.get(path, headers=browser)).text)
    assert words not in before

    race.clock.advance(datetime.fromisoformat(entry["expires_at"]) - race.clock() + timedelta(minutes=1))

    after = (await race.http.get(path, headers=browser)).text
    assert words in after
    assert "/api/payment/" not in after
    document = (await race.http.get(path)).json()
    assert (document["status"], document["overdue"]) == ("pending_payment", True)


async def test_a_verified_registration_shows_its_tickets_behind_the_link(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.verify(entry)
    parts = _parts(entry["status_url"])

    found = (await race.http.get(race.url(f"/links/{parts['registration_number']}/{parts['access_code']}"))).json()

    [runner] = found["participants"]
    assert (await race.http.get(runner["ticket_url"])).headers["content-type"] == "image/svg+xml"
    assert runner["bib_number"] == race.category["bib_start_number"]


async def test_a_key_taken_away_ends_all_links_made_with_it(race: Any, build: Any) -> None:
    await race.open()
    entry = await race.registered()
    other = build(race.settings.database_url, race.clock, secret_keys=new_key())

    assert (await _open(other, **_parts(entry["status_url"]))).status_code == 404
    await other.service.close()


async def test_notes_of_staff_are_kept_newest_first(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    path = race.url(f"/registrations/{entry['registration_id']}/notes")

    for words in ("Called, no answer.", "Paid in cash\nat the office."):
        assert (await race.http.post(path, json={"text": words}, headers=race.staff())).status_code == 201
    first = (await race.http.get(path, params={"limit": 1}, headers=race.staff())).json()
    rest = (await race.http.get(path, params={"cursor": first["next_cursor"]}, headers=race.staff())).json()

    assert [note["text"] for note in (*first["items"], *rest["items"])] == [
        "Paid in cash\nat the office.",
        "Called, no answer.",
    ]
    assert (await race.http.get(race.url(f"/registrations/{uuid4()}/notes"), headers=race.staff())).status_code == 404


async def test_a_request_repeated_after_the_code_was_replaced_gets_the_good_link(race: Any) -> None:
    await race.open()
    form = race.form()
    entry = (await race.register(form=form, key="again")).json()
    path = race.url(f"/registrations/{entry['registration_id']}/access-code")
    replaced = (await race.http.post(path, headers=race.staff())).json()["status_url"]

    again = (await race.register(form=form, key="again")).json()

    assert again["status_url"] == replaced != entry["status_url"]
