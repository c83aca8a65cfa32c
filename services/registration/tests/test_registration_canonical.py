"""Rows from before there were canonical forms are brought into them, and nothing is dropped."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from chassis.migrations import downgrade, upgrade
from contracts import AccessReplaced
from registration.canonical import commands
from registration.worker import bring_into_form, publish_codes
from sqlalchemy import text

_OLD = """
    UPDATE participants SET search_text = NULL, full_name = :full_name, email = :email, whatsapp = :whatsapp,
           emergency_contact_phone = :phone, person_key = :key
     WHERE registration_id = :id
"""


async def _made_old(race: Any, entry: dict[str, Any], **fields: str) -> None:
    """As the release before stored it."""
    values = {
        "full_name": "Jose\u0301 Ma\u2019ruf",
        "email": "Jose@EXAMPLE.com",
        "whatsapp": "081234567890",
        "phone": "0812-9876-5432",
        "key": uuid4().hex,
        **fields,
    }
    async with race.database.work() as work:
        await work.session.execute(text(_OLD), {**values, "id": entry["registration_id"]})


async def _found(race: Any, q: str) -> list[str]:
    answer = await race.http.get(race.url("/registrations"), params={"q": q}, headers=race.staff())
    return [item["registration_id"] for item in answer.json()["items"]]


async def test_old_rows_are_read_into_the_one_form(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await _made_old(race, entry)
    assert await _found(race, "Jose\u0301") == [entry["registration_id"]], "it is found under its old name meanwhile"

    await bring_into_form(race.database)

    [person] = (await race.show(entry["registration_id"]))["participants"]
    assert person["full_name"] == "Jos\u00e9 Ma\u2019ruf"
    assert (person["email"], person["whatsapp"]) == ("Jose@example.com", "6281234567890")
    assert person["emergency_contact_phone"] == "6281298765432"
    for q in ("jose maruf", "+62 812-3456-7890", "jose@example.com"):
        assert await _found(race, q) == [entry["registration_id"]], q
    same = race.person(is_pic=True, full_name="JOS\u00c9  MA'RUF", date_of_birth=person["date_of_birth"])
    assert (await race.register(participants=[same])).json()["code"] == "already_registered"


async def test_what_cannot_be_read_stays_and_is_listed_until_staff_correct_it(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await _made_old(race, entry, whatsapp="1234567890", email="budi..s@example.com", full_name="Budi evil.com")

    await bring_into_form(race.database)

    [person] = (await race.show(entry["registration_id"]))["participants"]
    assert (person["whatsapp"], person["email"], person["full_name"]) == (
        "1234567890",
        "budi..s@example.com",
        "Budi evil.com",
    )
    listed = await _unreadable(race)
    assert [(item["registration_number"], item["field"]) for item in listed] == [
        (entry["registration_number"], field) for field in ("email", "full_name", "whatsapp")
    ]
    path = race.url(f"/registrations/{entry['registration_id']}/participants/{person['participant_id']}")
    fixed = {"email": "budi@example.com", "whatsapp": "081234567890", "full_name": "Budi"}
    assert (await race.http.patch(path, json=fixed, headers=race.staff())).status_code == 200
    assert await _unreadable(race) == []


async def _unreadable(race: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await race.http.get(race.url("/reports/unreadable"), params=params, headers=race.staff())).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def test_a_person_who_is_there_twice_under_old_rules_stays_there_twice_and_is_listed(race: Any) -> None:
    await race.open()
    first, second, third = [await race.registered() for _ in range(3)]
    for entry, name in ((first, "Siti Nur Aini"), (second, "SITI NUR-AINI"), (third, "Siti  NurAini")):
        await _made_old(race, entry, full_name=name)

    await bring_into_form(race.database)

    assert [item["field"] for item in await _unreadable(race)] == ["person", "person"]
    assert await race.live_participants() == 3


async def test_somebody_new_with_the_same_name_does_not_stop_the_portion(race: Any) -> None:
    await race.open()
    old, new = await race.registered(), await race.registered(participants=[race.person(is_pic=True, full_name="Ani")])
    await _made_old(race, old, full_name="ani")

    await bring_into_form(race.database)

    assert [item["registration_id"] for item in await _unreadable(race)] == [old["registration_id"]]
    assert await _found(race, "ani") == [new["registration_id"], old["registration_id"]]


async def test_a_name_that_is_longer_in_canonical_form_than_its_column_does_not_stop_the_others(race: Any) -> None:
    await race.open()
    long, other = await race.registered(), await race.registered()
    await _made_old(race, long, full_name="\u0958" * 200)
    await _made_old(race, other)

    await bring_into_form(race.database)

    assert [(item["registration_id"], item["field"]) for item in await _unreadable(race)] == [
        (long["registration_id"], "full_name")
    ]
    assert await _found(race, "jose maruf") == [other["registration_id"]]


async def test_workers_at_once_do_each_row_once(race: Any, second_process: Any) -> None:
    await race.open()
    await race.seed(1200)

    rows = await asyncio.gather(*(_in_portions(each) for each in (race, second_process) * 2))

    assert sum(rows) == 1200
    assert await race.scalar("SELECT count(*) FROM participants WHERE whatsapp !~ '^62'") == 0


async def _in_portions(race: Any) -> int:
    done = 0
    while await race.scalar("SELECT count(*) FROM participants WHERE search_text IS NULL"):
        async with race.database.work() as work:
            portion = await work.session.run_sync(
                lambda session, now: commands.bring_into_form(session.connection(), now), work.now
            )
        done += portion.rows
    return done


async def test_the_migration_brings_a_live_database_into_form(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await _made_old(race, entry)
    url = race.settings.database_url
    await race.database.engine.dispose()

    await asyncio.to_thread(downgrade, url, "registration", "0004")
    await asyncio.to_thread(upgrade, url, "registration")

    [person] = (await race.show(entry["registration_id"]))["participants"]
    assert person["whatsapp"] == "6281234567890"
    assert await _found(race, "jose maruf") == [entry["registration_id"]]
    await publish_codes(race.database, race.settings.access_codes())
    [published] = await race.service.published(AccessReplaced)
    assert entry["status_url"].endswith(published.payload.access.code), "messages to come hold its link"


async def test_a_migration_that_was_interrupted_goes_on_where_it_was(
    race: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await race.open()
    entry = await race.registered()
    await _made_old(race, entry)
    url = race.settings.database_url
    await race.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "registration", "0004")

    with monkeypatch.context() as patch:
        patch.setattr(commands, "bring_into_form", _gone)
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(upgrade, url, "registration")
    await asyncio.to_thread(upgrade, url, "registration")

    assert await _found(race, "jose maruf") == [entry["registration_id"]]


def _gone(*_: Any) -> None:
    raise ConnectionError


async def test_a_correction_of_something_else_leaves_the_same_person_on_the_list(race: Any) -> None:
    await race.open()
    entries = [await race.registered() for _ in range(2)]
    for entry, name in zip(entries, ("Siti Aini", "SITI AINI"), strict=True):
        await _made_old(race, entry, full_name=name)
    await bring_into_form(race.database)
    [listed] = await _unreadable(race)
    path = race.url(f"/registrations/{listed['registration_id']}/participants/{listed['participant_id']}")

    assert (await race.http.patch(path, json={"jersey_size": "s"}, headers=race.staff())).status_code == 200
    assert await _unreadable(race) == [listed]
    assert (await race.http.patch(path, json={"full_name": "Siti Rini"}, headers=race.staff())).status_code == 200
    assert await _unreadable(race) == []


async def test_what_code_of_the_release_before_makes_meanwhile_gets_its_code(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.execute("UPDATE registrations SET access_version = 0")

    await publish_codes(race.database, race.settings.access_codes())

    [published] = await race.service.published(AccessReplaced)
    assert entry["status_url"].endswith(published.payload.access.code)
