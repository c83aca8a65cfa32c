"""Rows from before there were canonical forms are brought into them, and nothing is dropped."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from chassis.migrations import downgrade, upgrade
from contracts import AccessReplaced
from registration.canonical import commands
from registration.worker import bring_into_form, publish_codes

from .registration_driver import RegistrationDriver

_OLD = """
    UPDATE participants SET search_text = NULL, full_name = :full_name, email = :email, whatsapp = :whatsapp,
           emergency_contact_phone = :phone, person_key = :key
     WHERE registration_id = :id
"""


async def _made_old(driver: RegistrationDriver, entry: dict[str, Any], **fields: str) -> None:
    """Store the participants of a registration as the previous release did."""
    values = {
        "full_name": "Jose\u0301 Ma\u2019ruf",
        "email": "Jose@EXAMPLE.com",
        "whatsapp": "081234567890",
        "phone": "0812-9876-5432",
        "key": uuid4().hex,
        **fields,
    }
    await driver.execute(_OLD, **{**values, "id": entry["registration_id"]})


async def _found(driver: RegistrationDriver, q: str) -> list[str]:
    answer = await driver.call("GET", "/registrations", by=driver.staff(), params={"q": q})
    return [item["registration_id"] for item in answer.body["items"]]


async def test_old_rows_are_brought_into_canonical_form(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await _made_old(driver, entry)
    assert await _found(driver, "Jose\u0301") == [entry["registration_id"]], "it is found under its old name meanwhile"

    await bring_into_form(driver.database)

    [person] = (await driver.show(entry["registration_id"]))["participants"]
    assert person["full_name"] == "Jos\u00e9 Ma\u2019ruf"
    assert (person["email"], person["whatsapp"]) == ("Jose@example.com", "6281234567890")
    assert person["emergency_contact_phone"] == "6281298765432"
    for q in ("jose maruf", "+62 812-3456-7890", "jose@example.com"):
        assert await _found(driver, q) == [entry["registration_id"]], q
    same = driver.person(is_pic=True, full_name="JOS\u00c9  MA'RUF", date_of_birth=person["date_of_birth"])
    assert (await driver.try_register(participants=[same])).code == "already_registered"


async def test_what_cannot_be_read_stays_and_is_listed_until_staff_correct_it(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await _made_old(driver, entry, whatsapp="1234567890", email="budi..s@example.com", full_name="Budi evil.com")

    await bring_into_form(driver.database)

    [person] = (await driver.show(entry["registration_id"]))["participants"]
    assert (person["whatsapp"], person["email"], person["full_name"]) == (
        "1234567890",
        "budi..s@example.com",
        "Budi evil.com",
    )
    listed = await _unreadable(driver)
    assert [(item["registration_number"], item["field"]) for item in listed] == [
        (entry["registration_number"], field) for field in ("email", "full_name", "whatsapp")
    ]
    path = f"/registrations/{entry['registration_id']}/participants/{person['participant_id']}"
    fixed = {"email": "budi@example.com", "whatsapp": "081234567890", "full_name": "Budi"}
    assert (await driver.call("PATCH", path, by=driver.staff(), json=fixed)).status == 200
    assert await _unreadable(driver) == []


async def _unreadable(driver: RegistrationDriver) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await driver.call("GET", "/reports/unreadable", by=driver.staff(), params=params)).body
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def test_a_person_registered_twice_under_old_rules_stays_registered_and_is_listed(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    first, second, third = [await driver.register() for _ in range(3)]
    for entry, name in ((first, "Siti Nur Aini"), (second, "SITI NUR-AINI"), (third, "Siti  NurAini")):
        await _made_old(driver, entry, full_name=name)

    await bring_into_form(driver.database)

    assert [item["field"] for item in await _unreadable(driver)] == ["person", "person"]
    assert await driver.live_participants() == 3


async def test_a_new_person_with_the_same_name_does_not_stop_the_portion(driver: RegistrationDriver) -> None:
    await driver.open_category()
    old, new = (
        await driver.register(),
        await driver.register(participants=[driver.person(is_pic=True, full_name="Ani")]),
    )
    await _made_old(driver, old, full_name="ani")

    await bring_into_form(driver.database)

    assert [item["registration_id"] for item in await _unreadable(driver)] == [old["registration_id"]]
    assert await _found(driver, "ani") == [new["registration_id"], old["registration_id"]]


async def test_a_name_that_is_longer_in_canonical_form_than_its_column_does_not_stop_the_others(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    long, other = await driver.register(), await driver.register()
    await _made_old(driver, long, full_name="\u0958" * 200)
    await _made_old(driver, other)

    await bring_into_form(driver.database)

    assert [(item["registration_id"], item["field"]) for item in await _unreadable(driver)] == [
        (long["registration_id"], "full_name")
    ]
    assert await _found(driver, "jose maruf") == [other["registration_id"]]


async def test_workers_at_once_do_each_row_once(driver: RegistrationDriver, second_driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.seed(1200)

    rows = await asyncio.gather(*(_in_portions(each) for each in (driver, second_driver) * 2))

    assert sum(rows) == 1200
    assert await driver.scalar("SELECT count(*) FROM participants WHERE whatsapp !~ '^62'") == 0


async def _in_portions(driver: RegistrationDriver) -> int:
    done = 0
    while await driver.scalar("SELECT count(*) FROM participants WHERE search_text IS NULL"):
        async with driver.database.work() as work:
            portion = await work.session.run_sync(
                lambda session, now: commands.bring_into_form(session.connection(), now), work.now
            )
        done += portion.rows
    return done


async def test_the_migration_brings_a_live_database_into_form(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await _made_old(driver, entry)
    url = driver.settings.database_url
    await driver.database.engine.dispose()

    await asyncio.to_thread(downgrade, url, "registration", "0004")
    await asyncio.to_thread(upgrade, url, "registration")

    [person] = (await driver.show(entry["registration_id"]))["participants"]
    assert person["whatsapp"] == "6281234567890"
    assert await _found(driver, "jose maruf") == [entry["registration_id"]]
    await publish_codes(driver.database, driver.settings.access_codes())
    [published] = await driver.published(AccessReplaced)
    assert entry["status_url"].endswith(published.payload.access.code), "messages to come hold its link"


async def test_an_interrupted_migration_continues_where_it_stopped(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.open_category()
    entry = await driver.register()
    await _made_old(driver, entry)
    url = driver.settings.database_url
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "registration", "0004")

    with monkeypatch.context() as patch:
        patch.setattr(commands, "bring_into_form", _gone)
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(upgrade, url, "registration")
    await asyncio.to_thread(upgrade, url, "registration")

    assert await _found(driver, "jose maruf") == [entry["registration_id"]]


def _gone(*_: Any) -> None:
    raise ConnectionError


async def test_a_correction_of_something_else_leaves_the_same_person_on_the_list(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entries = [await driver.register() for _ in range(2)]
    for entry, name in zip(entries, ("Siti Aini", "SITI AINI"), strict=True):
        await _made_old(driver, entry, full_name=name)
    await bring_into_form(driver.database)
    [listed] = await _unreadable(driver)
    path = f"/registrations/{listed['registration_id']}/participants/{listed['participant_id']}"

    assert (await driver.call("PATCH", path, by=driver.staff(), json={"jersey_size": "s"})).status == 200
    assert await _unreadable(driver) == [listed]
    assert (await driver.call("PATCH", path, by=driver.staff(), json={"full_name": "Siti Rini"})).status == 200
    assert await _unreadable(driver) == []


async def test_registrations_made_by_the_previous_release_get_their_code(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.execute("UPDATE registrations SET access_version = 0")

    await publish_codes(driver.database, driver.settings.access_codes())

    [published] = await driver.published(AccessReplaced)
    assert entry["status_url"].endswith(published.payload.access.code)
