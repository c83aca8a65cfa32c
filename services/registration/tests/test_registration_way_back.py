"""The way back to a registration: links, links by message, and what staff can do about them."""

import asyncio
import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.secrets import new_key
from contracts import AccessLinksRequested, AccessReplaced, ContactKind, RegistrationCreated, WaitlistOffered
from hypothesis import given
from hypothesis import strategies as st
from registration.access.rules import AccessCodes
from registration.worker import answer_link_requests, forget_link_requests
from sqlalchemy import text

from .registration_line import Line

SITE = "https://lari.example"
CODES = AccessCodes(["first"], public_url=SITE)


def _parts(status_url: str) -> dict[str, str]:
    number, code = status_url.removeprefix(f"{SITE}/r/").split("/")
    return {"registration_number": number, "access_code": code}


async def _open(race: Any, **parts: str) -> httpx.Response:
    answer: httpx.Response = await race.http.post(race.url("/access"), json=parts)
    return answer


async def _recover(race: Any, contact: str) -> httpx.Response:
    answer: httpx.Response = await race.http.post(race.url("/access/recover"), json={"contact": contact})
    return answer


async def _answered(race: Any) -> list[AccessLinksRequested]:
    await answer_link_requests(race.database, race.settings.access_codes())
    return [event.payload for event in await race.service.published(AccessLinksRequested)]


async def _asked(race: Any, contact: str) -> AccessLinksRequested:
    assert (await _recover(race, contact)).status_code == 202
    return (await _answered(race))[-1]


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


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        (lambda person: person["email"], ContactKind.EMAIL),
        (lambda person: f"  {person['email'].upper()} ", ContactKind.EMAIL),
        (lambda person: person["whatsapp"], ContactKind.WHATSAPP),
        (lambda person: "+62 " + person["whatsapp"][1:4] + "-" + person["whatsapp"][4:], ContactKind.WHATSAPP),
        (lambda person: "0062" + person["whatsapp"][1:], ContactKind.WHATSAPP),
    ],
)
async def test_a_contact_in_any_spelling_gets_the_links_of_all_live_registrations(
    race: Any, typed: Callable[[dict[str, Any]], str], kind: ContactKind
) -> None:
    person = race.person(is_pic=True)
    links = set()
    for name in ("Ani", "Budi", "Citra"):
        await race.open()
        entry = await race.registered(participants=[{**person, "full_name": name}])
        links.add(_parts(entry["status_url"])["access_code"])
    await race.cancel(entry["registration_id"])
    await race.registered()

    asked = await _asked(race, typed(person))

    assert asked.kind is kind
    assert {link.access.code for link in asked.links} == links - {_parts(entry["status_url"])["access_code"]}
    assert asked.contact == (person["email"] if kind is ContactKind.EMAIL else "62" + person["whatsapp"][1:])


async def test_those_in_line_come_back_as_well(race: Any) -> None:
    line = Line(race)
    await line.sell_out()
    form = race.form()
    waiting = await line.waiting(form=form)

    asked = await _asked(race, form["participants"][0]["whatsapp"])

    [link] = asked.links
    assert (str(link.registration_id), link.registration_number) == (waiting["waitlist_id"], None)


async def test_a_member_of_a_group_does_not_get_the_data_of_all_others(race: Any) -> None:
    await race.open()
    form = race.form(5)
    await race.registered(form=form, group=5)

    assert (await _recover(race, form["participants"][3]["email"])).status_code == 202

    assert await _answered(race) == []


async def test_known_and_unknown_contacts_are_answered_alike_and_nothing_is_sent_to_strangers(race: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)

    known = await _recover(race, form["participants"][0]["email"])
    unknown = await _recover(race, "nobody@example.com")

    assert known.status_code == unknown.status_code == 202
    assert known.json() == unknown.json()
    assert len(await _answered(race)) == 1


async def test_known_and_unknown_contacts_cost_the_database_the_same(race: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)
    statements: list[str] = []
    from sqlalchemy import event  # noqa: PLC0415

    @event.listens_for(race.database.engine.sync_engine, "before_cursor_execute")
    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    await _recover(race, form["participants"][0]["email"])
    known, statements[:] = list(statements), []
    await _recover(race, "nobody@example.com")

    assert known == statements
    assert len(known) == 1


@pytest.mark.parametrize("typed", ["", "budi", "budi@", "0812", "+1", "budi@example.com, ani@example.com", "\u200b"])
async def test_what_is_no_contact_is_refused_with_what_would_be_right(race: Any, typed: str) -> None:
    answer = await _recover(race, typed)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["contact"]


async def test_a_contact_gets_few_messages_however_often_it_is_asked_for(race: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)
    contact = form["participants"][0]["email"]

    await asyncio.gather(*(_recover(race, contact) for _ in range(10)))
    assert len(await _answered(race)) == 1
    assert (await _recover(race, contact)).status_code == 202
    assert len(await _answered(race)) == 1

    for _ in range(20):
        race.clock.advance(timedelta(minutes=3))
        await _recover(race, contact)
        await answer_link_requests(race.database, race.settings.access_codes())
    assert len(await race.service.published(AccessLinksRequested)) == 6

    race.clock.advance(timedelta(days=1))
    await _recover(race, contact)
    assert len(await _answered(race)) == 7


async def test_two_workers_answer_a_request_once(race: Any, second_process: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)
    await _recover(race, form["participants"][0]["email"])
    codes = race.settings.access_codes()

    await asyncio.gather(*(answer_link_requests(each.database, codes) for each in (race, second_process) * 3))

    assert len(await race.service.published(AccessLinksRequested)) == 1


async def test_contacts_that_were_asked_for_are_forgotten(race: Any) -> None:
    await _recover(race, "nobody@example.com")
    await _answered(race)

    assert await race.scalar("SELECT count(*) FROM link_requests WHERE contact IS NOT NULL") == 0
    assert "nobody" not in await race.scalar("SELECT string_agg(r::text, ' ') FROM link_requests r")
    race.clock.advance(timedelta(days=2))
    await forget_link_requests(race.database)
    assert await race.scalar("SELECT count(*) FROM link_requests") == 0


async def test_an_address_that_asks_too_often_is_refused(race: Any, build: Any) -> None:
    behind = build(race.settings.database_url, race.clock, trusted_proxies=1, rate_access_burst=3)
    headers = {"X-Forwarded-For": "8.8.8.8"}

    answers = [
        await behind.http.post(behind.url("/access/recover"), json={"contact": "a@example.com"}, headers=headers)
        for _ in range(5)
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    await behind.service.close()


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
    assert "Ani &lt;b&gt;Wati" in page.text
    assert "runner_token" not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "script" not in page.headers["content-security-policy"]
    assert document.json()["status"] == "pending_payment"
    assert (await race.http.get(path[:-2])).status_code == 404


async def test_a_verified_registration_shows_its_tickets_behind_the_link(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.verify(entry)
    parts = _parts(entry["status_url"])

    found = (await race.http.get(race.url(f"/links/{parts['registration_number']}/{parts['access_code']}"))).json()

    [runner] = found["participants"]
    assert (await race.http.get(runner["ticket_url"])).headers["content-type"] == "image/svg+xml"
    assert runner["bib_number"] == 1000


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


async def test_the_database_refuses_two_waiting_requests_of_one_contact(race: Any) -> None:
    """The negative control of the throttle: without it a second row would be there."""
    columns = "(id, kind, contact, contact_hash, requested_at)"
    row = f"INSERT INTO link_requests {columns} VALUES (:id, 'email', 'a', 'h', now())"
    async with race.database.work() as work:
        await work.session.execute(text(row), {"id": uuid4()})
    with pytest.raises(Exception, match="uq_link_requests_waiting"):
        async with race.database.work() as work:
            await work.session.execute(text(row), {"id": uuid4()})
