"""Counting packs, and the snapshot for cross-checks."""

from typing import Any
from uuid import uuid4

from checkin.consistency import snapshot

from .checkin_world import PackDay, another_race, person


async def stats(day: PackDay, query: str = "") -> dict[str, Any]:
    answer = await day.call("GET", f"/stats{query}", day.admin)
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


async def test_before_anything_happened_all_is_zero(day: PackDay) -> None:
    race = {"event_id": None, "event_name": None}
    assert await stats(day) == {**race, "handed_out": 0, "waiting": 0, "categories": [], "stations": []}


async def test_packs_are_counted_by_category_and_station_and_the_parts_add_up(day: PackDay) -> None:
    # given
    hall, tent = await day.desk("Hall desk", "Hall"), await day.desk("Tent desk", "Tent")
    tens = [person(f"Ten {n}") for n in range(4)]
    fives = [person(f"Five {n}") for n in range(3)]
    await day.confirmed(*tens)
    await day.confirmed(*fives, category_id=uuid4(), category_name="5K")
    for desk, runner in ((hall, tens[0]), (tent, tens[1]), (tent, fives[0])):
        await day.scan(desk.device, runner.ticket_code)
    # when
    found = await stats(day)
    # then
    assert (found["handed_out"], found["waiting"]) == (3, 4)
    by_category = {each["category_name"]: (each["handed_out"], each["waiting"]) for each in found["categories"]}
    assert by_category == {"10K": (2, 2), "5K": (1, 2)}
    by_station = {(each["station_name"], each["location_name"]): each["handed_out"] for each in found["stations"]}
    assert by_station == {("Hall desk", "Hall"): 1, ("Tent desk", "Tent"): 2}


async def test_undone_check_ins_wait_again_and_cancelled_registrations_do_not_wait(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(undone := person(), person())
    await day.cancelled(await day.confirmed(person()))
    await day.scan(desk.device, undone.ticket_code)
    await day.undo(undone.participant_id)
    found = await stats(day)
    assert (found["handed_out"], found["waiting"], found["stations"]) == (0, 2, [])


async def test_one_event_is_counted_apart_from_another(day: PackDay) -> None:
    other = another_race("Lari Malam")
    await day.confirmed(person())
    await day.confirmed(person(), person(), event=other)
    found = await stats(day, f"?event_id={other.event_id}")
    assert [(each["event_name"], each["waiting"]) for each in found["categories"]] == [("Lari Malam", 2)]
    assert (await stats(day))["waiting"] == 3


async def test_a_snapshot_tells_of_everybody_what_is_believed(day: PackDay) -> None:
    # given
    desk = await day.desk()
    await day.confirmed(here := person("Ani", bib=1), waiting := person("Bima", bib=2))
    said = await day.confirmed(gone := person("Citra", bib=3))
    await day.scan(desk.device, here.ticket_code)
    await day.cancelled(said)
    # when
    async with day.database.read() as session:
        lines = [line async for line in snapshot(session)]
    # then
    believed = {line.participant_id: (line.bib_number, line.live, line.checked_in) for line in lines}
    assert believed == {
        here.participant_id: (1, True, True),
        waiting.participant_id: (2, True, False),
        gone.participant_id: (3, False, False),
    }
    assert {line.registration_id for line in lines if line.participant_id == gone.participant_id} == {
        said.registration_id
    }
