"""Several races at one service: stations that hand out one race's packs, and answers that say whose pack it is."""

from typing import Any
from uuid import UUID

import pytest
from checkin.pickup import commands as pickup
from checkin.pickup.errors import OtherEvent
from checkin.roster.tables import RosterEntry
from checkin.stations.queries import active_session
from checkin.stations.rules import StationSession
from contracts import ParticipantCheckedIn
from sqlalchemy import literal, or_

from .checkin_world import PIN, RACE, Answer, PackDay, another_race, person

MARCH, OCTOBER = another_race("Lari Maret"), another_race("Lari Oktober")


async def change(day: PackDay, station_id: UUID, **changes: Any) -> Answer:
    return await day.call("PATCH", f"/stations/{station_id}", day.admin, changes)


def tie(answer: Answer) -> tuple[str | None, str | None]:
    assert answer.status in {200, 201}, answer
    return answer.body["event_id"], answer.body["event_name"]


async def open_station(day: PackDay, **more: Any) -> Answer:
    body = {"name": "Desk", "location_name": "Hall", "pin_code": PIN, **more}
    return await day.call("POST", "/stations", day.admin, body)


async def test_a_station_hands_out_packs_of_any_race_unless_it_is_tied_to_one(day: PackDay) -> None:
    await day.renamed(MARCH)
    assert tie(await open_station(day)) == (None, None)
    assert tie(await open_station(day, event_id=None)) == (None, None)
    assert tie(await open_station(day, event_id=str(MARCH.event_id))) == (str(MARCH.event_id), "Lari Maret")


async def test_a_station_may_be_tied_to_a_race_before_anything_was_heard_of_it(day: PackDay) -> None:
    assert tie(await open_station(day, event_id=str(MARCH.event_id))) == (str(MARCH.event_id), None)
    await day.confirmed(event=MARCH)
    [listed] = (await day.call("GET", "/stations", day.admin)).body["items"]
    assert (listed["event_id"], listed["event_name"]) == (str(MARCH.event_id), "Lari Maret")


async def test_the_race_of_a_station_can_be_changed_and_other_changes_leave_it(day: PackDay) -> None:
    await day.renamed(MARCH)
    station_id = await day.station()
    assert tie(await change(day, station_id, event_id=str(MARCH.event_id))) == (str(MARCH.event_id), "Lari Maret")
    assert tie(await change(day, station_id, name="Desk 2", unlock=True)) == (str(MARCH.event_id), "Lari Maret")
    assert tie(await change(day, station_id, event_id=None)) == (None, None)


async def test_a_device_learns_at_login_whose_packs_it_hands_out(day: PackDay) -> None:
    await day.renamed(MARCH)
    answer = await day.log_in(await day.station(race=MARCH))
    assert answer.body["station"]["event_id"] == str(MARCH.event_id)
    assert answer.body["station"]["event_name"] == "Lari Maret"


async def test_a_ticket_of_another_race_is_refused_with_the_name_of_its_race(day: PackDay) -> None:
    # given
    desk = await day.desk(race=MARCH)
    await day.confirmed(own := person(), event=MARCH)
    await day.confirmed(other := person(), event=OCTOBER)
    # when
    scanned = await day.scan(desk.device, other.ticket_code)
    chosen = await day.call("POST", "/checkins", desk.device, {"participant_id": str(other.participant_id)})
    # then
    for answer in (scanned, chosen):
        assert (answer.status, answer.code) == (409, "other_event")
        assert (answer.body["event_id"], answer.body["event_name"]) == (str(OCTOBER.event_id), "Lari Oktober")
    assert await day.rows("SELECT 1 FROM checkins") == []
    assert await day.published(ParticipantCheckedIn) == []
    assert (await day.scan(desk.device, own.ticket_code)).status == 201


async def test_a_ticket_of_another_race_is_that_first_and_cancelled_or_used_only_then(day: PackDay) -> None:
    tied, loose = await day.desk(race=MARCH), await day.desk("Desk 2")
    await day.confirmed(used := person(), event=OCTOBER)
    await day.cancelled(await day.confirmed(cancelled := person(), event=OCTOBER))
    await day.scan(loose.device, used.ticket_code)
    answers = [await day.scan(tied.device, each.ticket_code) for each in (used, cancelled)]
    assert [answer.code for answer in answers] == ["other_event"] * 2


async def test_a_station_for_any_race_hands_out_all_and_names_the_race_in_every_answer(day: PackDay) -> None:
    desk = await day.desk()
    for race in (MARCH, OCTOBER):
        # given
        await day.confirmed(runner := person(), event=race)
        await day.cancelled(await day.confirmed(cancelled := person(), event=race))
        # when
        first, second = [await day.scan(desk.device, runner.ticket_code) for _ in range(2)]
        third = await day.scan(desk.device, cancelled.ticket_code)
        # then
        assert [answer.status for answer in (first, second, third)] == [201, 409, 409]
        assert [answer.body.get("code") for answer in (second, third)] == ["already_checked_in", "not_valid"]
        for answer in (first, second, third):
            assert (answer.body["event_id"], answer.body["event_name"]) == (str(race.event_id), race.name)


async def test_a_repeat_is_answered_even_when_the_station_was_tied_to_another_race_in_between(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person(), event=MARCH)
    await day.scan(desk.device, runner.ticket_code, key="1")
    await change(day, desk.id, event_id=str(OCTOBER.event_id))
    assert (await day.scan(desk.device, runner.ticket_code, key="1")).body["event_name"] == "Lari Maret"
    assert (await day.scan(desk.device, runner.ticket_code, key="2")).code == "other_event"


async def names(day: PackDay, device: dict[str, str], q: str) -> list[tuple[str, int]]:
    answer = await day.call("GET", "/roster", device, params={"q": q})
    return sorted((each["event_name"], each["bib_number"]) for each in answer.body["items"])


async def test_runners_with_one_bib_in_two_races_can_be_told_apart(day: PackDay) -> None:
    # given
    loose, tied = await day.desk(), await day.desk("Desk 2", race=MARCH)
    for race in (MARCH, OCTOBER):
        await day.confirmed(person("Ani", bib=1001), event=race, registration_number="FR-1001")
    # when / then
    for q in ("ani", "1001", "fr-1001"):
        assert await names(day, loose.device, q) == [("Lari Maret", 1001), ("Lari Oktober", 1001)], q
        assert await names(day, tied.device, q) == [("Lari Maret", 1001)], q


async def counted(day: PackDay, who: dict[str, str], query: str = "") -> tuple[Any, ...]:
    body = (await day.call("GET", f"/stats{query}", who)).body
    return body["event_id"], body["event_name"], body["waiting"], [each["event_name"] for each in body["categories"]]


async def test_a_device_of_a_tied_station_counts_its_race_unless_it_asks_for_another(day: PackDay) -> None:
    # given
    tied = await day.desk(race=MARCH)
    await day.confirmed(event=MARCH)
    await day.confirmed(person(), person(), event=OCTOBER, category_id=OCTOBER.event_id)
    march, october, empty = str(MARCH.event_id), str(OCTOBER.event_id), another_race("Lari Sepi")
    await day.renamed(empty)
    # when / then
    assert await counted(day, tied.device) == (march, "Lari Maret", 1, ["Lari Maret"])
    assert await counted(day, tied.device, f"?event_id={october}") == (october, "Lari Oktober", 2, ["Lari Oktober"])
    assert (await counted(day, day.admin))[:3] == (None, None, 3)
    assert await counted(day, day.admin, f"?event_id={empty.event_id}") == (str(empty.event_id), "Lari Sepi", 0, [])
    assert await counted(day, day.admin, f"?event_id={UUID(int=7)}") == (str(UUID(int=7)), None, 0, [])


async def a_desk_that_is_tied_after_it_was_looked_at(day: PackDay) -> StationSession:
    """What `CurrentStation` found; then staff tied the station to another race than `RACE`."""
    opened = await day.desk()
    [device] = await day.rows("SELECT id FROM devices")
    async with day.database.read() as session:
        desk = await active_session(session, device["id"])
    assert desk
    await change(day, opened.id, event_id=str(OCTOBER.event_id))
    return desk


async def hand_over(day: PackDay, desk: StationSession, ticket_code: str) -> None:
    whose = pickup.ticket_holder(ticket_code=ticket_code, participant_id=None)
    async with day.database.work() as work:
        await pickup.check_in(work, desk, whose, notes=None, idempotency_key=None)


async def test_the_race_that_a_station_has_when_the_pack_is_handed_over_decides(day: PackDay) -> None:
    desk = await a_desk_that_is_tied_after_it_was_looked_at(day)
    await day.confirmed(runner := person(), event=RACE)
    with pytest.raises(OtherEvent):
        await hand_over(day, desk, runner.ticket_code)
    assert await day.rows("SELECT 1 FROM checkins") == []


async def test_deciding_by_the_race_that_the_station_had_before_hands_out_a_pack_of_another_race(
    day: PackDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_it_was(desk: StationSession) -> Any:
        return or_(literal(desk.event_id is None), RosterEntry.event_id == desk.event_id)

    monkeypatch.setattr(pickup, "_serves", as_it_was)
    desk = await a_desk_that_is_tied_after_it_was_looked_at(day)
    await day.confirmed(runner := person(), event=RACE)
    await hand_over(day, desk, runner.ticket_code)
    assert len(await day.rows("SELECT 1 FROM checkins")) == 1
