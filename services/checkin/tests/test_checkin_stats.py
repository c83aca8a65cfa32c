"""Counts of check-ins, and the snapshot for comparisons with other services."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from checkin.consistency import snapshot
from testkit.clocks import ManualClock

from .checkin_driver import CheckinDriver, another_race, person


async def stats(driver: CheckinDriver, query: str = "") -> dict[str, Any]:
    counts: dict[str, Any] = (await driver.call("GET", f"/stats{query}", by=driver.admin)).require(200)
    return counts


async def test_all_counts_are_zero_on_an_empty_database(driver: CheckinDriver) -> None:
    race = {"event_id": None, "event_name": None}
    counts = {"handed_out": 0, "waiting": 0, "categories": [], "stations": [], "by_station": [], "by_hour": []}
    assert await stats(driver) == {**race, **counts}


async def test_packs_are_counted_by_category_and_station_and_the_parts_add_up(driver: CheckinDriver) -> None:
    # given
    hall = await driver.set_up_station("Hall station", "Hall")
    tent = await driver.set_up_station("Tent station", "Tent")
    tens = [person(f"Ten {n}") for n in range(4)]
    fives = [person(f"Five {n}") for n in range(3)]
    await driver.confirm(*tens)
    await driver.confirm(*fives, category_id=uuid4(), category_name="5K")
    for station, runner in ((hall, tens[0]), (tent, tens[1]), (tent, fives[0])):
        await driver.scan(station.device, runner.ticket_code)
    # when
    found = await stats(driver)
    # then
    assert (found["handed_out"], found["waiting"]) == (3, 4)
    by_category = {each["category_name"]: (each["handed_out"], each["waiting"]) for each in found["categories"]}
    assert by_category == {"10K": (2, 2), "5K": (1, 2)}
    by_station = {(each["station_name"], each["location_name"]): each["handed_out"] for each in found["stations"]}
    assert by_station == {("Hall station", "Hall"): 1, ("Tent station", "Tent"): 2}


async def test_packs_are_counted_by_hour_and_stations_show_their_last(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    # given: three packs in one hour, one three hours later, on two stations
    begin = clock().replace(minute=10, second=0, microsecond=0) + timedelta(hours=1)
    hall, tent = await driver.set_up_station("Hall", "Hall"), await driver.set_up_station("Tent", "Tent")
    await driver.confirm(*(people := [person(f"Runner {n}") for n in range(5)]))
    for minutes, station, runner in zip((0, 20, 40, 180), (hall, tent, hall, hall), people, strict=False):
        clock.advance(begin + timedelta(minutes=minutes) - clock())
        await driver.scan(station.device, runner.ticket_code)
    # when
    found = await stats(driver)
    # then
    first = begin.replace(minute=0)
    hours = {datetime.fromisoformat(each["at"]): each["handed_out"] for each in found["by_hour"]}
    assert hours == {first: 3, first + timedelta(hours=3): 1}
    last = {each["station_name"]: datetime.fromisoformat(each["last_at"]) for each in found["by_station"]}
    assert {name: (at - begin) // timedelta(minutes=1) for name, at in last.items()} == {"Hall": 180, "Tent": 20}
    assert {each["station_name"]: each["handed_out"] for each in found["by_station"]} == {"Hall": 3, "Tent": 1}
    assert (found["handed_out"], found["waiting"]) == (4, 1)


async def test_undone_check_ins_wait_again_and_cancelled_registrations_do_not_wait(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(undone := person(), person())
    await driver.cancel(await driver.confirm(person()))
    await driver.scan(station.device, undone.ticket_code)
    await driver.undo(undone.participant_id)
    found = await stats(driver)
    assert (found["handed_out"], found["waiting"], found["stations"]) == (0, 2, [])


async def test_one_event_is_counted_apart_from_another(driver: CheckinDriver) -> None:
    other = another_race("Lari Malam")
    await driver.confirm(person())
    await driver.confirm(person(), person(), event=other)
    found = await stats(driver, f"?event_id={other.event_id}")
    assert [(each["event_name"], each["waiting"]) for each in found["categories"]] == [("Lari Malam", 2)]
    assert (await stats(driver))["waiting"] == 3


async def test_a_snapshot_has_the_state_of_every_participant(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    await driver.confirm(here := person("Ani", bib=1), waiting := person("Bima", bib=2))
    confirmed = await driver.confirm(gone := person("Citra", bib=3))
    await driver.scan(station.device, here.ticket_code)
    await driver.cancel(confirmed)
    # when
    async with driver.database.read() as session:
        lines = [line async for line in snapshot(session)]
    # then
    states = {line.participant_id: (line.bib_number, line.live, line.checked_in) for line in lines}
    assert states == {
        here.participant_id: (1, True, True),
        waiting.participant_id: (2, True, False),
        gone.participant_id: (3, False, False),
    }
    assert {line.registration_id for line in lines if line.participant_id == gone.participant_id} == {
        confirmed.registration_id
    }
