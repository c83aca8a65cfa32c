"""Statistics of packs are sums that triggers keep: they agree with a recount, whatever happened and who wrote it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from chassis.database import UnitOfWork
from chassis.migrations import downgrade, upgrade
from checkin.consistency import wrong_counts
from checkin.pickup import counting
from checkin.pickup.counting import fold_all_counts, fold_counts
from checkin.pickup.queries import packs_counted

from .checkin_driver import CheckinDriver, another_race, person

_MANY = """
    INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,
                        category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)
    SELECT gen_random_uuid(), gen_random_uuid(), 'FR5K-' || n, 1, r.event_id, r.event_name, r.category_id,
           r.category_name, 'Runner ' || n, 100000 + n, lpad(to_hex(n), 32, '0'), 'm', true
      FROM (SELECT * FROM roster LIMIT 1) AS r, generate_series(1, 20000) AS n
"""


async def stats(driver: CheckinDriver, event_id: UUID | None = None) -> dict[str, Any]:
    query = f"?event_id={event_id}" if event_id else ""
    counts: dict[str, Any] = (await driver.call("GET", f"/stats{query}", by=driver.admin)).require(200)
    return counts


async def wrong(driver: CheckinDriver) -> list[Any]:
    async with driver.database.read() as session:
        return list(await wrong_counts(session))


async def number_of_rows(driver: CheckinDriver) -> int:
    return int(await driver.scalar("SELECT count(*) FROM pack_counts"))


async def busy_day(driver: CheckinDriver) -> None:
    """Let packs be handed out and undone, registrations be cancelled before and after, in two races."""
    hall, tent = await driver.set_up_station("Hall", "Hall"), await driver.set_up_station("Tent", "Tent")
    runners = [person(f"Runner {n}") for n in range(6)]
    for runner in runners[:4]:
        await driver.confirm(runner)
    for runner in (late := [person("Late"), person("Gone")]):
        confirmed = await driver.confirm(runner)
        if runner is late[0]:
            await driver.scan(hall.device, runner.ticket_code)
        await driver.cancel(confirmed)
    await driver.confirm(*runners[4:], event=another_race("Lari Malam"))
    for station, runner in ((hall, runners[0]), (tent, runners[1]), (tent, runners[4])):
        await driver.scan(station.device, runner.ticket_code)
    await driver.undo(runners[1].participant_id)
    await driver.scan(hall.device, runners[1].ticket_code)


async def test_counts_agree_with_a_recount_before_and_after_they_are_merged(driver: CheckinDriver) -> None:
    await busy_day(driver)
    assert await wrong(driver) == []
    before, rows = await stats(driver), await number_of_rows(driver)
    assert (before["handed_out"], before["waiting"]) == (4, 3)
    assert {each["station_name"]: each["handed_out"] for each in before["by_station"]} == {"Hall": 3, "Tent": 1}
    # when
    await fold_all_counts(driver.database)
    # then
    assert await stats(driver) == before
    assert await number_of_rows(driver) < rows
    assert await wrong(driver) == []


async def test_a_pack_moves_with_its_participant_to_another_race(driver: CheckinDriver) -> None:
    station, other = await driver.set_up_station(), another_race("Lari Malam")
    await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    await driver.execute("UPDATE roster SET event_id = :event", event=other.event_id)
    found = await stats(driver, other.event_id)
    assert (found["handed_out"], found["waiting"]) == (1, 0)
    assert await wrong(driver) == []


async def test_a_count_that_is_wrong_is_found(driver: CheckinDriver) -> None:
    await driver.confirm(person(), person())
    await driver.execute("UPDATE pack_counts SET live = live + 1 WHERE id = (SELECT min(id) FROM pack_counts)")
    [row] = await wrong(driver)
    assert (row.live, row.handed_out) == (1, 0)


async def test_many_merge_at_once_and_nothing_is_lost(driver: CheckinDriver) -> None:
    for _ in range(20):
        await driver.confirm(person())
    await asyncio.gather(*(fold_all_counts(driver.database) for _ in range(4)), driver.confirm(person()))
    assert await wrong(driver) == []
    assert (await stats(driver))["waiting"] == 21


@pytest.mark.parametrize(("few", "portions"), [(1_000, 1), (1, 20)])
async def test_merging_ends_while_rows_arrive(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch, few: int, portions: int
) -> None:
    # given a row that arrives before each portion, which is few or as many as are worth another portion
    await driver.confirm(person())
    merged: list[int] = []

    async def merge_while_rows_arrive(work: UnitOfWork) -> int:
        assert len(merged) < 100, "it does not end"
        await driver.confirm(person())
        merged.append(await fold_counts(work))
        return merged[-1]

    monkeypatch.setattr(counting, "fold_counts", merge_while_rows_arrive)
    monkeypatch.setattr(counting, "_FEW", few, raising=False)
    # when
    await fold_all_counts(driver.database)
    # then
    assert merged == [1] * portions


async def test_what_was_there_before_the_migration_is_counted(driver: CheckinDriver) -> None:
    # given
    await busy_day(driver)
    before = await stats(driver)
    # when
    for step, to in ((downgrade, "0010"), (upgrade, "head")):
        await driver.database.engine.dispose()
        await asyncio.to_thread(step, driver.settings.database_url, "checkin", to)
    # then
    assert await stats(driver) == before
    assert await wrong(driver) == []


@pytest.mark.parametrize("of_one_race", [True, False])
async def test_no_participant_is_counted_when_statistics_are_read(driver: CheckinDriver, *, of_one_race: bool) -> None:
    await busy_day(driver)
    await driver.execute(_MANY)
    await driver.execute("ANALYZE roster, checkins, pack_counts")
    event_id = await driver.scalar("SELECT event_id FROM roster LIMIT 1") if of_one_race else None
    sql = packs_counted(event_id).compile(
        dialect=driver.database.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    plan = [str(row["QUERY PLAN"]) for row in await driver.rows(f"EXPLAIN {sql}")]
    assert any("ix_roster_cancelled" in line for line in plan), plan
    # Where no name of a race or category is stored, it is the first participant's.
    scans = [number for number, line in enumerate(plan) if "Seq Scan on roster" in line]
    assert all("Limit" in plan[number - 1] for number in scans), plan
