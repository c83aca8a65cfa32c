"""Check-ins as staff look them up: who got a pack where, what was undone, and packs of cancelled registrations."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from contracts import TicketNumber
from testkit.clocks import ManualClock

from .checkin_driver import CheckinDriver, another_race, person
from .checkin_scans import halls, scan, sync


async def listed(driver: CheckinDriver, **asked: Any) -> list[dict[str, Any]]:
    """Return all check-ins that match, over pages of two."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await driver.call("GET", "/checkins", by=driver.admin, params={**asked, "limit": 2, **cursor})).require(
            200
        )
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def names(driver: CheckinDriver, **asked: Any) -> list[str]:
    return [each["full_name"] for each in await listed(driver, **asked)]


async def test_a_check_in_says_who_got_the_pack_when_and_where(driver: CheckinDriver) -> None:
    station = await driver.set_up_station("Table 1", "Hall")
    runner = person("Ani Wijaya", bib=7)
    confirmed = await driver.confirm(runner)
    answer = await driver.try_check_in(station.device, runner.participant_id, notes="brother came")

    [found] = await listed(driver)

    assert found == {
        "participant_id": str(runner.participant_id),
        "full_name": "Ani Wijaya",
        "bib_number": 7,
        "event_id": str(confirmed.event.event_id),
        "event_name": "Lari Pagi",
        "category_name": "10K",
        "jersey_size": "l",
        "registration_number": confirmed.registration_number,
        "is_valid": True,
        "checked_in_at": answer.require(201)["checked_in_at"],
        "station_name": "Table 1",
        "location_name": "Hall",
        "device_name": "Phone",
        "notes": "brother came",
        "collected_by": None,
        "letter_seen": None,
        "identity_seen": None,
        "handed_size": "l",
        "undone_at": None,
        "undone_by": None,
        "undo_reason": None,
    }


async def test_who_collected_for_a_runner_and_in_which_size_is_shown_to_staff(driver: CheckinDriver) -> None:
    # given a pack that a brother collected, in another size than ordered
    [station] = await halls(driver, 1)
    confirmed = await driver.confirm(runner := person())
    proxy = {"collected_by": "Agus", "letter_seen": True, "identity_seen": False, "handed_size": "xl"}
    await sync(driver, station, scan(runner, driver.clock() - timedelta(minutes=5), **proxy))

    # when
    [in_list] = await listed(driver)
    alone = (await driver.call("GET", f"/checkins/{runner.participant_id}", by=driver.admin)).require(200)
    path = f"/registrations/{confirmed.registration_id}/packs"
    [pack] = (await driver.call("GET", path, by=driver.admin)).require(200)["items"]

    # then
    for found in (in_list, alone, pack["checkins"][0]):
        assert {name: found[name] for name in proxy} == proxy
    assert (in_list["jersey_size"], alone["jersey_size"]) == ("l", "l")


async def test_check_ins_are_listed_newest_first_and_filtered_by_what_became_of_them(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    # given five packs, of which one was undone and one is of a registration cancelled later
    station = await driver.set_up_station()
    people = [person(f"Runner {n}") for n in range(5)]
    entries = [await driver.confirm(each) for each in people]
    for each in people:
        clock.advance(timedelta(minutes=1))
        await driver.scan(station.device, each.ticket_code)
    await driver.undo(people[1].participant_id)
    await driver.cancel(entries[3])

    assert await names(driver) == ["Runner 4", "Runner 3", "Runner 2", "Runner 1", "Runner 0"]
    assert await names(driver, state="handed_out") == ["Runner 4", "Runner 3", "Runner 2", "Runner 0"]
    assert await names(driver, state="undone") == ["Runner 1"]
    assert await names(driver, state="cancelled") == ["Runner 3"]


async def test_check_ins_of_one_moment_are_each_listed_once(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(*(people := [person(f"Runner {n}") for n in range(5)]))
    for each in people:
        await driver.scan(station.device, each.ticket_code)
    assert sorted(await names(driver)) == [f"Runner {n}" for n in range(5)]


async def test_check_ins_are_found_by_race_and_by_what_is_typed(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    other = another_race("Lari Malam")
    here, there = person("Ani Wijaya", bib=7), person("Ani Lestari", bib=8)
    confirmed = await driver.confirm(here)
    await driver.confirm(there, event=other)
    for each in (here, there):
        await driver.scan(station.device, each.ticket_code)

    assert await names(driver, event_id=other.event_id) == ["Ani Lestari"]
    assert sorted(await names(driver, q="ani")) == ["Ani Lestari", "Ani Wijaya"]
    assert await names(driver, q="8") == ["Ani Lestari"]
    assert await names(driver, q=confirmed.registration_number) == ["Ani Wijaya"]
    assert await names(driver, q=str(TicketNumber(confirmed.registration_number, 1)).lower()) == ["Ani Wijaya"]
    assert await names(driver, q="nobody") == []
    assert len(await names(driver, q=" ")) == 2


@pytest.mark.parametrize(("name", "value"), [("state", "lost"), ("cursor", "x"), ("limit", "0"), ("event_id", "x")])
async def test_a_list_that_does_not_exist_is_refused(driver: CheckinDriver, name: str, value: str) -> None:
    answer = await driver.call("GET", "/checkins", by=driver.admin, params={name: value})
    assert answer.is_problem(422, "invalid_fields")
    assert answer.wrong_fields == [name]


async def test_the_newest_check_in_of_a_participant_is_shown_with_its_undoing(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())

    async def shown() -> dict[str, Any]:
        path = f"/checkins/{runner.participant_id}"
        found: dict[str, Any] = (await driver.call("GET", path, by=driver.admin)).require(200)
        return found

    await driver.scan(station.device, runner.ticket_code)
    clock.advance(timedelta(minutes=1))
    (await driver.try_undo(runner.participant_id, "wrong runner")).require(204)
    undone = await shown()
    assert undone["undo_reason"] == "wrong runner"
    assert undone["undone_by"].startswith("staff:")

    clock.advance(timedelta(minutes=1))
    await driver.scan(station.device, runner.ticket_code)
    again = await shown()
    assert (again["undone_at"], again["undo_reason"]) == (None, None)
    assert again["checked_in_at"] > undone["undone_at"]
    assert len(await listed(driver)) == 2


async def test_who_got_no_pack_has_no_check_in(driver: CheckinDriver) -> None:
    await driver.confirm(runner := person())
    for participant_id in (runner.participant_id, uuid4()):
        answer = await driver.call("GET", f"/checkins/{participant_id}", by=driver.admin)
        assert answer.is_problem(404, "not_checked_in")
