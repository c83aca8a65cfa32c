"""The packs of one registration, as staff and its runner look at it."""

from typing import Any
from uuid import UUID, uuid4

from chassis.auth.principals import Role

from .checkin_driver import CheckinDriver, person


async def packs(driver: CheckinDriver, registration_id: UUID) -> list[dict[str, Any]]:
    """Return the packs of a registration as a viewer sees them."""
    answer = await driver.call("GET", f"/registrations/{registration_id}/packs", by=driver.staff(Role.VIEWER))
    found: list[dict[str, Any]] = answer.require(200)["items"]
    return found


async def test_staff_see_who_of_a_group_has_the_pack(driver: CheckinDriver) -> None:
    station = await driver.set_up_station("Table 1", "Hall A")
    people = [person("Budi", bib=11), person("Sari", bib=12, is_pic=False)]
    confirmed = await driver.confirm(*people)
    await driver.confirm(person(bib=13))
    await driver.try_check_in(station.device, people[1].participant_id, notes="sister came")
    # when
    found = await packs(driver, confirmed.registration_id)
    # then
    handed_out = {
        "checked_in_at": found[1]["checkins"][0]["checked_in_at"],
        "station_name": "Table 1",
        "location_name": "Hall A",
        "notes": "sister came",
        "collected_by": None,
        "letter_seen": None,
        "identity_seen": None,
        "handed_size": "l",
        "undone_at": None,
        "undone_by": None,
        "undo_reason": None,
    }
    shown = [(str(each.participant_id), each.bib_number) for each in people]
    assert [(each["participant_id"], each["bib_number"]) for each in found] == shown
    assert [each["checkins"] for each in found] == [[], [handed_out]]


async def test_an_undone_check_in_stays_visible_with_its_reason(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    await driver.undo(runner.participant_id)
    await driver.scan(station.device, runner.ticket_code)
    # when
    [pack] = await packs(driver, confirmed.registration_id)
    # then
    assert [each["undo_reason"] for each in pack["checkins"]] == ["wrong runner", None]
    assert pack["is_valid"]


async def test_packs_of_a_cancelled_registration_are_not_valid(driver: CheckinDriver) -> None:
    confirmed = await driver.confirm()
    await driver.cancel(confirmed)
    [pack] = await packs(driver, confirmed.registration_id)
    assert not pack["is_valid"]


async def test_a_registration_that_is_not_confirmed_has_no_packs(driver: CheckinDriver) -> None:
    assert await packs(driver, uuid4()) == []


async def collected(driver: CheckinDriver, registration_id: UUID) -> list[dict[str, Any]]:
    """Return the packs that were handed out, as the runner of the registration sees them."""
    path = f"/registrations/{registration_id}/checkins"
    answer = await driver.call("GET", path, by=driver.runner(registration_id))
    found: list[dict[str, Any]] = answer.require(200)["items"]
    return found


async def test_a_runner_sees_when_and_where_packs_were_collected_and_no_more(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station("Table 1", "Hall A")
    people = [person("Budi", bib=11), person("Sari", bib=12, is_pic=False), person("Tono", bib=13, is_pic=False)]
    confirmed = await driver.confirm(*people)
    other = await driver.confirm(stranger := person(bib=14))
    for each in (people[2], people[0], stranger):
        await driver.try_check_in(station.device, each.participant_id, notes="sister came")
    # when
    found = await collected(driver, confirmed.registration_id)
    # then
    assert [each["participant_id"] for each in found] == [str(people[0].participant_id), str(people[2].participant_id)]
    [pack, _, _] = await packs(driver, confirmed.registration_id)
    at = pack["checkins"][0]["checked_in_at"]
    assert found[0] == {"participant_id": str(people[0].participant_id), "checked_in_at": at, "location_name": "Hall A"}
    assert len(await collected(driver, other.registration_id)) == 1


async def test_a_pack_whose_check_in_was_undone_is_not_collected(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    # when
    await driver.undo(runner.participant_id)
    # then
    assert await collected(driver, confirmed.registration_id) == []
    # and when
    await driver.scan(station.device, runner.ticket_code)
    # then
    assert len(await collected(driver, confirmed.registration_id)) == 1


async def test_a_registration_that_is_not_confirmed_has_nothing_collected(driver: CheckinDriver) -> None:
    assert await collected(driver, uuid4()) == []


async def test_the_runner_of_another_registration_is_refused(driver: CheckinDriver) -> None:
    confirmed = await driver.confirm()
    path = f"/registrations/{confirmed.registration_id}/checkins"
    answer = await driver.call("GET", path, by=driver.runner(uuid4()))
    assert answer.is_problem(403, "not_yours")
