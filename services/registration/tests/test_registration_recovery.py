"""Asking for lost links with a contact: the same answer for all, a message to the contact only."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from contracts import AccessLinksRequested, ContactKind
from registration.access.commands import forget_requests
from registration.worker import answer_link_requests
from sqlalchemy import event, text

from .registration_line import Line


def _code(entry: dict[str, Any]) -> str:
    return str(entry["status_url"]).rpartition("/")[2]


async def _recover(race: Any, contact: str) -> httpx.Response:
    answer: httpx.Response = await race.http.post(race.url("/access/recover"), json={"contact": contact})
    return answer


async def _answered(race: Any) -> list[AccessLinksRequested]:
    await answer_link_requests(race.database, race.settings.access_codes())
    return [event.payload for event in await race.service.published(AccessLinksRequested)]


async def _asked(race: Any, contact: str) -> AccessLinksRequested:
    assert (await _recover(race, contact)).status_code == 202
    return (await _answered(race))[-1]


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
        links.add(_code(entry))
    await race.cancel(entry["registration_id"])
    await race.registered()

    asked = await _asked(race, typed(person))

    assert asked.kind is kind
    assert {link.access.code for link in asked.links} == links - {_code(entry)}
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

    existing = await _recover(race, form["participants"][0]["email"])
    unknown = await _recover(race, "nobody@example.com")

    assert existing.status_code == unknown.status_code == 202
    assert existing.json() == unknown.json()
    assert len(await _answered(race)) == 1


async def test_known_and_unknown_contacts_cost_the_database_the_same(race: Any) -> None:
    await race.open()
    form = race.form()
    await race.registered(form=form)
    statements: list[str] = []

    @event.listens_for(race.database.engine.sync_engine, "before_cursor_execute")
    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    await _recover(race, form["participants"][0]["email"])
    existing, statements[:] = list(statements), []
    await _recover(race, "nobody@example.com")

    assert existing == statements
    assert len(existing) == 1


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
    await forget_requests(race.database)
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


async def test_the_database_refuses_two_waiting_requests_of_one_contact(race: Any) -> None:
    """What makes one message of ten requests at once."""
    columns = "(id, kind, contact, contact_hash, requested_at)"
    row = f"INSERT INTO link_requests {columns} VALUES (:id, 'email', 'a', 'h', now())"
    async with race.database.work() as work:
        await work.session.execute(text(row), {"id": uuid4()})
    with pytest.raises(Exception, match="uq_link_requests_waiting"):
        async with race.database.work() as work:
            await work.session.execute(text(row), {"id": uuid4()})


@pytest.mark.parametrize("typed", ["+852 9123 4567", "85291234567"])
async def test_a_number_abroad_is_found_as_it_was_typed_and_as_it_is_shown(race: Any, typed: str) -> None:
    await race.open()
    await race.registered(participants=[race.person(is_pic=True, whatsapp="+852 9123 4567")])

    assert (await _asked(race, typed)).contact == "85291234567"
