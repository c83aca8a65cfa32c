"""Several races at one service: stations that are tied to one race, and answers that name the race."""

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
from testkit.driver import Answer, Headers

from .checkin_driver import RACE, CheckinDriver, another_race, person

MARCH, OCTOBER = another_race("Lari Maret"), another_race("Lari Oktober")


def tie(answer: Answer) -> tuple[str | None, str | None]:
    assert answer.status in {200, 201}, answer
    return answer.body["event_id"], answer.body["event_name"]


async def test_a_station_is_for_any_race_unless_it_is_tied_to_one(driver: CheckinDriver) -> None:
    await driver.change_race(MARCH)
    assert tie(await driver.try_open_station()) == (None, None)
    assert tie(await driver.try_open_station(event_id=None)) == (None, None)
    assert tie(await driver.try_open_station(event_id=str(MARCH.event_id))) == (str(MARCH.event_id), "Lari Maret")


async def test_a_station_may_be_tied_to_a_race_before_its_first_event(driver: CheckinDriver) -> None:
    assert tie(await driver.try_open_station(event_id=str(MARCH.event_id))) == (str(MARCH.event_id), None)
    await driver.confirm(event=MARCH)
    [listed] = (await driver.call("GET", "/stations", by=driver.admin)).body["items"]
    assert (listed["event_id"], listed["event_name"]) == (str(MARCH.event_id), "Lari Maret")


async def test_the_race_of_a_station_can_be_changed_and_other_changes_leave_it(driver: CheckinDriver) -> None:
    await driver.change_race(MARCH)
    station_id, march = await driver.open_station(), (str(MARCH.event_id), "Lari Maret")
    assert tie(await driver.try_change_station(station_id, event_id=march[0])) == march
    assert tie(await driver.try_change_station(station_id, name="Station 2", unlock=True)) == march
    assert tie(await driver.try_change_station(station_id, event_id=None)) == (None, None)


async def test_a_login_returns_the_race_of_the_station(driver: CheckinDriver) -> None:
    await driver.change_race(MARCH)
    answer = await driver.try_log_in(await driver.open_station(race=MARCH))
    assert answer.body["station"]["event_id"] == str(MARCH.event_id)
    assert answer.body["station"]["event_name"] == "Lari Maret"


async def test_a_ticket_of_another_race_is_refused_with_the_name_of_its_race(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station(race=MARCH)
    await driver.confirm(own := person(), event=MARCH)
    await driver.confirm(other := person(), event=OCTOBER)
    # when
    scanned = await driver.try_scan(station.device, other.ticket_code)
    chosen = await driver.try_check_in(station.device, other.participant_id)
    # then
    for answer in (scanned, chosen):
        assert (answer.status, answer.code) == (409, "other_event")
        assert (answer.body["event_id"], answer.body["event_name"]) == (str(OCTOBER.event_id), "Lari Oktober")
    assert await driver.rows("SELECT 1 FROM checkins") == []
    assert await driver.published(ParticipantCheckedIn) == []
    assert (await driver.try_scan(station.device, own.ticket_code)).status == 201


async def test_other_event_comes_before_already_checked_in_and_not_valid(driver: CheckinDriver) -> None:
    tied, loose = await driver.set_up_station(race=MARCH), await driver.set_up_station("Station 2")
    await driver.confirm(used := person(), event=OCTOBER)
    await driver.cancel(await driver.confirm(cancelled := person(), event=OCTOBER))
    await driver.scan(loose.device, used.ticket_code)
    answers = [await driver.try_scan(tied.device, each.ticket_code) for each in (used, cancelled)]
    assert [answer.code for answer in answers] == ["other_event"] * 2


async def test_a_station_for_any_race_checks_in_all_and_every_answer_has_the_race(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    for race in (MARCH, OCTOBER):
        # given
        await driver.confirm(runner := person(), event=race)
        await driver.cancel(await driver.confirm(cancelled := person(), event=race))
        # when
        first, second = [await driver.try_scan(station.device, runner.ticket_code) for _ in range(2)]
        third = await driver.try_scan(station.device, cancelled.ticket_code)
        # then
        assert [answer.status for answer in (first, second, third)] == [201, 409, 409]
        assert [answer.body.get("code") for answer in (second, third)] == ["already_checked_in", "not_valid"]
        for answer in (first, second, third):
            assert (answer.body["event_id"], answer.body["event_name"]) == (str(race.event_id), race.name)


async def test_a_repeat_gets_its_answer_after_the_station_was_tied_to_another_race(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person(), event=MARCH)
    await driver.scan(station.device, runner.ticket_code, key="1")
    await driver.change_station(station.id, event_id=str(OCTOBER.event_id))
    assert (await driver.try_scan(station.device, runner.ticket_code, key="1")).body["event_name"] == "Lari Maret"
    assert (await driver.try_scan(station.device, runner.ticket_code, key="2")).code == "other_event"


async def names(driver: CheckinDriver, device: Headers, q: str) -> list[tuple[str, int]]:
    answer = await driver.call("GET", "/roster", by=device, params={"q": q})
    return sorted((each["event_name"], each["bib_number"]) for each in answer.body["items"])


async def test_runners_with_one_bib_in_two_races_are_found_with_their_race(driver: CheckinDriver) -> None:
    # given
    loose, tied = await driver.set_up_station(), await driver.set_up_station("Station 2", race=MARCH)
    for race in (MARCH, OCTOBER):
        await driver.confirm(person("Ani", bib=1001), event=race, registration_number="FR-1001")
    # when / then
    for q in ("ani", "1001", "fr-1001"):
        assert await names(driver, loose.device, q) == [("Lari Maret", 1001), ("Lari Oktober", 1001)], q
        assert await names(driver, tied.device, q) == [("Lari Maret", 1001)], q


async def counted(driver: CheckinDriver, by: Headers, query: str = "") -> tuple[Any, ...]:
    body = (await driver.call("GET", f"/stats{query}", by=by)).body
    return body["event_id"], body["event_name"], body["waiting"], [each["event_name"] for each in body["categories"]]


async def test_a_device_of_a_tied_station_counts_its_race_unless_it_asks_for_another(driver: CheckinDriver) -> None:
    # given
    tied = await driver.set_up_station(race=MARCH)
    await driver.confirm(event=MARCH)
    await driver.confirm(person(), person(), event=OCTOBER, category_id=OCTOBER.event_id)
    await driver.change_race(empty := another_race("Lari Sepi"))
    march, october, sepi = str(MARCH.event_id), str(OCTOBER.event_id), str(empty.event_id)
    # when / then
    assert await counted(driver, tied.device) == (march, "Lari Maret", 1, ["Lari Maret"])
    assert await counted(driver, tied.device, f"?event_id={october}") == (october, "Lari Oktober", 2, ["Lari Oktober"])
    assert (await counted(driver, driver.admin))[:3] == (None, None, 3)
    assert await counted(driver, driver.admin, f"?event_id={sepi}") == (sepi, "Lari Sepi", 0, [])
    assert await counted(driver, driver.admin, f"?event_id={UUID(int=7)}") == (str(UUID(int=7)), None, 0, [])


async def session_of_a_station_tied_afterwards(driver: CheckinDriver) -> StationSession:
    """Return what `CurrentStation` found, before staff tied the station to another race than `RACE`."""
    opened = await driver.set_up_station()
    [device] = await driver.rows("SELECT id FROM devices")
    async with driver.database.read() as session:
        station = await active_session(session, device["id"])
    assert station
    await driver.change_station(opened.id, event_id=str(OCTOBER.event_id))
    return station


async def check_in(driver: CheckinDriver, session: StationSession, ticket_code: str) -> None:
    holder = pickup.ticket_holder(ticket_code=ticket_code, participant_id=None)
    async with driver.database.work() as work:
        await pickup.check_in(work, session, holder, notes=None, idempotency_key=None)


async def test_a_check_in_uses_the_race_that_the_station_has_at_that_moment(driver: CheckinDriver) -> None:
    session = await session_of_a_station_tied_afterwards(driver)
    await driver.confirm(runner := person(), event=RACE)
    with pytest.raises(OtherEvent):
        await check_in(driver, session, runner.ticket_code)
    assert await driver.rows("SELECT 1 FROM checkins") == []


async def test_with_the_race_that_the_station_had_before_another_race_is_checked_in(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def race_of_session(session: StationSession) -> Any:
        return or_(literal(session.event_id is None), RosterEntry.event_id == session.event_id)

    monkeypatch.setattr(pickup, "_serves", race_of_session)
    session = await session_of_a_station_tied_afterwards(driver)
    await driver.confirm(runner := person(), event=RACE)
    await check_in(driver, session, runner.ticket_code)
    assert len(await driver.rows("SELECT 1 FROM checkins")) == 1
