"""Names of races and categories: the newest are used, in whatever order the events arrive."""

import asyncio
import itertools
from typing import Any
from uuid import uuid4

import pytest
from chassis.migrations import downgrade, upgrade
from checkin.races.commands import update_names
from contracts import CategoryName, EventSummary, RaceChanged, RegistrationConfirmed
from sqlalchemy import text
from testkit.driver import Headers
from testkit.plugin import FreshDatabase

from .checkin_driver import TEN_K, CheckinDriver, another_race, confirmation, person, race_change, settings_for

OLD = another_race("Lari Lama")


def named(name: str, revision: int) -> EventSummary:
    return OLD.model_copy(update={"name": name, "revision": revision})


async def shown(driver: CheckinDriver, device: Headers) -> set[tuple[str, str]]:
    """Return the names in the roster's answers and in the counts."""
    roster = (await driver.call("GET", "/roster?q=ani", by=device)).body["items"]
    counts = (await driver.call("GET", "/stats", by=device)).body["categories"]
    return {(each["event_name"], each["category_name"]) for each in (*roster, *counts)}


async def test_after_a_change_all_answers_have_the_new_names(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    await driver.confirm(ani := person("Ani"), event=OLD)
    await driver.scan(station.device, ani.ticket_code, key="1")
    assert await shown(driver, station.device) == {("Lari Lama", "10K")}
    # when
    await driver.change_race(named("Lari Baru", 2), **{"10K Umum": TEN_K})
    # then
    assert await shown(driver, station.device) == {("Lari Baru", "10K Umum")}
    repeated, second = [await driver.try_scan(station.device, ani.ticket_code, key=key) for key in "12"]
    assert (repeated.body["event_name"], repeated.body["category_name"]) == ("Lari Baru", "10K Umum")
    assert second.body["event_name"] == "Lari Baru"


def confirmations_and_changes() -> list[RegistrationConfirmed | RaceChanged]:
    """Return a confirmation before two changes and one after them; the second change has no categories."""
    before = confirmation(person("Ani"), event=named("First", 1), category_name="first")
    after = confirmation(person("Ani"), event=named("Third", 3), category_name="second")
    return [
        before,
        race_change(named("Second", 2), second=TEN_K),
        race_change(named("Third", 3)),
        after,
    ]


async def test_the_newest_names_win_in_any_order(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    for order in itertools.permutations(confirmations_and_changes()):
        for payload in order:
            await driver.deliver(payload, subject=uuid4())
        assert await shown(driver, station.device) == {("Third", "second")}, order
        await driver.execute("TRUNCATE races, categories, roster, checkins, scans")


async def test_a_confirmation_of_an_older_release_overwrites_no_newer_name(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.change_race(named("Lari Baru", 1), **{"10K Umum": TEN_K})
    await driver.confirm(person("Ani"), event=named("Lari Lama", 0))
    assert await shown(driver, station.device) == {("Lari Baru", "10K Umum")}


async def test_of_concurrent_changes_the_newest_name_is_stored(driver: CheckinDriver) -> None:
    changes = [race_change(named(f"Name {revision}", revision)) for revision in range(1, 9)]
    await asyncio.gather(*(driver.deliver(each, subject=OLD.event_id) for each in reversed(changes)))
    assert await driver.rows("SELECT name, revision FROM races") == [{"name": "Name 8", "revision": 8}]


async def test_confirmations_of_a_race_do_not_wait_for_each_other(driver: CheckinDriver) -> None:
    race, categories = named("Lari", 1), [CategoryName(category_id=TEN_K, name="10K")]
    await driver.change_race(race, **{"10K": TEN_K})
    async with driver.database.work() as under_way:
        await update_names(under_way, race, categories)
        async with asyncio.timeout(5), driver.database.work() as other:
            await update_names(other, race, categories)


async def test_a_plain_upsert_would_make_confirmations_of_a_race_wait_for_each_other(driver: CheckinDriver) -> None:
    race = named("Lari", 1)
    await driver.change_race(race)
    plain = text(
        "INSERT INTO races (id, name, revision) VALUES (:id, 'Lari', 1) ON CONFLICT (id) DO UPDATE"
        " SET name = excluded.name WHERE races.revision < excluded.revision"
    )

    async def upsert_and_wait(seconds: float) -> None:
        async with driver.database.work() as work:
            await work.session.execute(text("SELECT set_config('lock_timeout', '200ms', true)"))
            await work.session.execute(plain, {"id": race.event_id})
            await asyncio.sleep(seconds)

    first = asyncio.create_task(upsert_and_wait(1))
    await asyncio.sleep(0.3)
    with pytest.raises(Exception, match="lock timeout"):
        await upsert_and_wait(0)
    await first


_OLD_ROW = (
    "INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,"
    " category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)"
    " VALUES (gen_random_uuid(), :registration, 'FR-1', 3, :event, :event_name, :category, :category_name, 'Ani',"
    " :bib, md5(random()::text), 'm', true)"
)


async def insert_old_row(driver: CheckinDriver, race: EventSummary, category_name: str, *, number: int) -> None:
    """Store a participant as an earlier release does."""
    values: dict[str, Any] = {"registration": f"0190b8f0-0000-7000-8000-{number:012d}", "bib": number}
    names = {"event_name": race.name, "category_name": category_name}
    await driver.execute(_OLD_ROW, event=race.event_id, category=TEN_K, **values, **names)


async def test_a_migration_takes_the_names_from_the_latest_registrations(fresh_database: FreshDatabase) -> None:
    # given
    url = await fresh_database("checkin")
    await asyncio.to_thread(downgrade, url, "checkin", "0001")
    driver = CheckinDriver(settings_for(url))
    for number, name in ((3, "Lari Baru"), (2, "Lari Lama"), (1, "Lari Purba")):
        await insert_old_row(driver, named(name, 0), f"10K of {name}", number=number)
    # when
    await asyncio.to_thread(upgrade, url, "checkin")
    # then
    station = await driver.set_up_station()
    assert await shown(driver, station.device) == {("Lari Baru", "10K of Lari Baru")}
    await driver.confirm(person("Ani"), event=named("Lari Kini", 0), category_name="10K of now")
    assert await shown(driver, station.device) == {("Lari Kini", "10K of now")}
    await driver.close()


async def test_a_row_of_an_earlier_release_is_returned_with_its_own_names(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await insert_old_row(driver, OLD, "10K", number=1)
    assert await shown(driver, station.device) == {("Lari Lama", "10K")}
