"""Names of races and categories: those of now, whatever the order of the news."""

import asyncio
import itertools
from typing import Any
from uuid import uuid4

import pytest
from chassis.migrations import downgrade, upgrade
from checkin.races.commands import update_names
from contracts import CategoryName, EventSummary, RaceChanged, RegistrationConfirmed
from sqlalchemy import text
from testkit.plugin import FreshDatabase

from .checkin_world import TEN_K, PackDay, another_race, confirmation, person, race_change

OLD = another_race("Lari Lama")


def named(name: str, revision: int) -> EventSummary:
    return OLD.model_copy(update={"name": name, "revision": revision})


async def shown(day: PackDay, device: dict[str, str]) -> set[tuple[str, str]]:
    """The names in the roster's answers and in the counts."""
    roster = (await day.call("GET", "/roster?q=ani", device)).body["items"]
    counts = (await day.call("GET", "/stats", device)).body["categories"]
    return {(each["event_name"], each["category_name"]) for each in (*roster, *counts)}


async def test_after_a_change_the_desk_shows_and_says_the_names_of_now(day: PackDay) -> None:
    # given
    desk = await day.desk()
    await day.confirmed(ani := person("Ani"), event=OLD)
    await day.scan(desk.device, ani.ticket_code, key="1")
    assert await shown(day, desk.device) == {("Lari Lama", "10K")}
    # when
    await day.renamed(named("Lari Baru", 2), **{"10K Umum": TEN_K})
    # then
    assert await shown(day, desk.device) == {("Lari Baru", "10K Umum")}
    repeated, second = [await day.scan(desk.device, ani.ticket_code, key=key) for key in "12"]
    assert (repeated.body["event_name"], repeated.body["category_name"]) == ("Lari Baru", "10K Umum")
    assert second.body["event_name"] == "Lari Baru"


def the_news() -> list[RegistrationConfirmed | RaceChanged]:
    """A confirmation before two changes, and one after them; the last one names no category that changed."""
    before = confirmation(person("Ani"), event=named("First", 1), category_name="first")
    after = confirmation(person("Ani"), event=named("Third", 3), category_name="second")
    return [
        before,
        race_change(named("Second", 2), second=TEN_K),
        race_change(named("Third", 3)),
        after,
    ]


async def test_the_newest_names_win_in_any_order(day: PackDay) -> None:
    desk = await day.desk()
    for order in itertools.permutations(the_news()):
        for news in order:
            await day.deliver(news, subject=uuid4())
        assert await shown(day, desk.device) == {("Third", "second")}, order
        await day.execute("TRUNCATE races, categories, roster, checkins")


async def test_a_confirmation_of_an_older_release_overwrites_no_newer_name(day: PackDay) -> None:
    desk = await day.desk()
    await day.renamed(named("Lari Baru", 1), **{"10K Umum": TEN_K})
    await day.confirmed(person("Ani"), event=named("Lari Lama", 0))
    assert await shown(day, desk.device) == {("Lari Baru", "10K Umum")}


async def test_of_changes_heard_at_once_the_newest_name_stays(day: PackDay) -> None:
    news = [race_change(named(f"Name {revision}", revision)) for revision in range(1, 9)]
    await asyncio.gather(*(day.deliver(each, subject=OLD.event_id) for each in reversed(news)))
    assert await day.rows("SELECT name, revision FROM races") == [{"name": "Name 8", "revision": 8}]


async def test_confirmations_of_a_race_do_not_wait_for_each_other(day: PackDay) -> None:
    race, categories = named("Lari", 1), [CategoryName(category_id=TEN_K, name="10K")]
    await day.renamed(race, **{"10K": TEN_K})
    async with day.database.work() as under_way:
        await update_names(under_way, race, categories)
        async with asyncio.timeout(5), day.database.work() as other:
            await update_names(other, race, categories)


async def test_a_plain_upsert_would_make_confirmations_of_a_race_wait_for_each_other(day: PackDay) -> None:
    race = named("Lari", 1)
    await day.renamed(race)
    plain = text(
        "INSERT INTO races (id, name, revision) VALUES (:id, 'Lari', 1) ON CONFLICT (id) DO UPDATE"
        " SET name = excluded.name WHERE races.revision < excluded.revision"
    )

    async def learn_after(seconds: float) -> None:
        async with day.database.work() as work:
            await work.session.execute(text("SELECT set_config('lock_timeout', '200ms', true)"))
            await work.session.execute(plain, {"id": race.event_id})
            await asyncio.sleep(seconds)

    first = asyncio.create_task(learn_after(1))
    await asyncio.sleep(0.3)
    with pytest.raises(Exception, match="lock timeout"):
        await learn_after(0)
    await first


_OLD_ROW = (
    "INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,"
    " category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)"
    " VALUES (gen_random_uuid(), :registration, 'FR-1', 3, :event, :event_name, :category, :category_name, 'Ani',"
    " :bib, md5(random()::text), 'm', true)"
)


async def old_row(day: PackDay, race: EventSummary, category_name: str, *, number: int) -> None:
    """A participant as an earlier release stores it."""
    values: dict[str, Any] = {"registration": f"0190b8f0-0000-7000-8000-{number:012d}", "bib": number}
    names = {"event_name": race.name, "category_name": category_name}
    await day.execute(_OLD_ROW, event=race.event_id, category=TEN_K, **values, **names)


async def test_a_migration_takes_the_names_from_the_latest_registrations(fresh_database: FreshDatabase) -> None:
    # given
    url = await fresh_database("checkin")
    await asyncio.to_thread(downgrade, url, "checkin", "0001")
    day = PackDay(url)
    for number, name in ((3, "Lari Baru"), (2, "Lari Lama"), (1, "Lari Purba")):
        await old_row(day, named(name, 0), f"10K of {name}", number=number)
    # when
    await asyncio.to_thread(upgrade, url, "checkin")
    # then
    desk = await day.desk()
    assert await shown(day, desk.device) == {("Lari Baru", "10K of Lari Baru")}
    await day.confirmed(person("Ani"), event=named("Lari Kini", 0), category_name="10K of now")
    assert await shown(day, desk.device) == {("Lari Kini", "10K of now")}
    await day.close()


async def test_a_row_that_an_earlier_release_wrote_meanwhile_shows_the_names_it_carries(day: PackDay) -> None:
    desk = await day.desk()
    await old_row(day, OLD, "10K", number=1)
    assert await shown(day, desk.device) == {("Lari Lama", "10K")}
