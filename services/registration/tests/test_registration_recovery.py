"""Requesting lost links with a contact: the same answer for all, a message to the contact only."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from contracts import AccessLinksRequested, ContactKind
from registration.access.commands import forget_requests
from registration.worker import answer_link_requests
from sqlalchemy import event
from testkit.driver import Answer

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


def _code(entry: dict[str, Any]) -> str:
    return str(entry["status_url"]).rpartition("/")[2]


async def _recover(driver: RegistrationDriver, contact: str) -> Answer:
    return await driver.call("POST", "/access/recover", json={"contact": contact})


async def _answered(driver: RegistrationDriver) -> list[AccessLinksRequested]:
    await answer_link_requests(driver.database, driver.settings.access_codes())
    return [event.payload for event in await driver.published(AccessLinksRequested)]


async def _asked(driver: RegistrationDriver, contact: str) -> AccessLinksRequested:
    assert (await _recover(driver, contact)).status == 202
    return (await _answered(driver))[-1]


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
    driver: RegistrationDriver, typed: Callable[[dict[str, Any]], str], kind: ContactKind
) -> None:
    person = driver.person(is_pic=True)
    links = set()
    for name in ("Ani", "Budi", "Citra"):
        await driver.open_category()
        entry = await driver.register(participants=[{**person, "full_name": name}])
        links.add(_code(entry))
    await driver.cancel(entry["registration_id"])
    await driver.register()

    asked = await _asked(driver, typed(person))

    assert asked.kind is kind
    assert {link.access.code for link in asked.links} == links - {_code(entry)}
    assert asked.contact == (person["email"] if kind is ContactKind.EMAIL else "62" + person["whatsapp"][1:])


async def test_entries_in_line_get_their_links_as_well(driver: RegistrationDriver) -> None:
    waitlist = WaitlistDriver(driver)
    await waitlist.sell_out()
    form = driver.form()
    waiting = await waitlist.join(form=form)

    asked = await _asked(driver, form["participants"][0]["whatsapp"])

    [link] = asked.links
    assert (str(link.registration_id), link.registration_number) == (waiting["waitlist_id"], None)


async def test_a_member_of_a_group_does_not_get_the_data_of_all_others(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    await driver.register(form=form, group=5)

    assert (await _recover(driver, form["participants"][3]["email"])).status == 202

    assert await _answered(driver) == []


async def test_known_and_unknown_contacts_get_the_same_answer_and_only_known_ones_a_message(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    form = driver.form()
    await driver.register(form=form)

    existing = await _recover(driver, form["participants"][0]["email"])
    unknown = await _recover(driver, "nobody@example.com")

    assert existing.status == unknown.status == 202
    assert existing.body == unknown.body
    assert len(await _answered(driver)) == 1


async def test_known_and_unknown_contacts_cost_the_database_the_same(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    await driver.register(form=form)
    statements: list[str] = []

    @event.listens_for(driver.database.engine.sync_engine, "before_cursor_execute")
    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    await _recover(driver, form["participants"][0]["email"])
    existing, statements[:] = list(statements), []
    await _recover(driver, "nobody@example.com")

    assert existing == statements
    assert len(existing) == 1


@pytest.mark.parametrize("typed", ["", "budi", "budi@", "0812", "+1", "budi@example.com, ani@example.com", "\u200b"])
async def test_what_is_no_contact_is_refused_with_what_would_be_right(driver: RegistrationDriver, typed: str) -> None:
    answer = await _recover(driver, typed)

    assert answer.status == 422
    assert answer.wrong_fields == ["contact"]


async def test_a_contact_gets_few_messages_however_often_it_is_asked_for(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    await driver.register(form=form)
    contact = form["participants"][0]["email"]

    await asyncio.gather(*(_recover(driver, contact) for _ in range(10)))
    assert len(await _answered(driver)) == 1
    assert (await _recover(driver, contact)).status == 202
    assert len(await _answered(driver)) == 1

    for _ in range(20):
        driver.clock.advance(timedelta(minutes=3))
        await _recover(driver, contact)
        await answer_link_requests(driver.database, driver.settings.access_codes())
    assert len(await driver.published(AccessLinksRequested)) == 6

    driver.clock.advance(timedelta(days=1))
    await _recover(driver, contact)
    assert len(await _answered(driver)) == 7


async def test_two_workers_answer_a_request_once(driver: RegistrationDriver, second_driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    await driver.register(form=form)
    await _recover(driver, form["participants"][0]["email"])
    codes = driver.settings.access_codes()

    await asyncio.gather(*(answer_link_requests(each.database, codes) for each in (driver, second_driver) * 3))

    assert len(await driver.published(AccessLinksRequested)) == 1


async def test_requested_contacts_are_deleted(driver: RegistrationDriver) -> None:
    await _recover(driver, "nobody@example.com")
    await _answered(driver)

    assert await driver.scalar("SELECT count(*) FROM link_requests WHERE contact IS NOT NULL") == 0
    assert "nobody" not in await driver.scalar("SELECT string_agg(r::text, ' ') FROM link_requests r")
    driver.clock.advance(timedelta(days=2))
    await forget_requests(driver.database)
    assert await driver.scalar("SELECT count(*) FROM link_requests") == 0


async def test_an_address_that_asks_too_often_is_refused(driver: RegistrationDriver) -> None:
    behind = driver.another_process(trusted_proxies=1, rate_access_burst=3)
    headers = {"X-Forwarded-For": "8.8.8.8"}

    answers = [
        await behind.call("POST", "/access/recover", by=headers, json={"contact": "a@example.com"}) for _ in range(5)
    ]

    assert [answer.status for answer in answers] == [202, 202, 202, 429, 429]
    await behind.close()


async def test_the_database_refuses_two_waiting_requests_of_one_contact(driver: RegistrationDriver) -> None:
    """This makes one message of ten requests at once."""
    columns = "(id, kind, contact, contact_hash, requested_at)"
    row = f"INSERT INTO link_requests {columns} VALUES (:id, 'email', 'a', 'h', now())"
    await driver.execute(row, id=uuid4())
    with pytest.raises(Exception, match="uq_link_requests_waiting"):
        await driver.execute(row, id=uuid4())


@pytest.mark.parametrize("typed", ["+852 9123 4567", "85291234567"])
async def test_a_number_abroad_is_found_as_it_was_typed_and_as_it_is_shown(
    driver: RegistrationDriver, typed: str
) -> None:
    await driver.open_category()
    await driver.register(participants=[driver.person(is_pic=True, whatsapp="+852 9123 4567")])

    assert (await _asked(driver, typed)).contact == "85291234567"
