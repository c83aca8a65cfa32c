"""Check-ins: once for each participant; repeated requests, and undoing."""

from uuid import uuid4

from contracts import ParticipantCheckedIn

from .checkin_driver import RACE, CheckinDriver, confirmation, person


async def test_a_scan_checks_in_and_returns_the_participant(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person("Siti Aminah", bib=1042))
    # when
    answer = await driver.try_scan(station.device, runner.ticket_code)
    # then
    assert answer.status == 201
    assert answer.body == {
        "participant_id": str(runner.participant_id),
        "full_name": "Siti Aminah",
        "bib_number": 1042,
        "event_id": str(RACE.event_id),
        "event_name": "Lari Pagi",
        "category_name": "10K",
        "jersey_size": "l",
        "registration_number": confirmed.registration_number,
        "checked_in_at": answer.body["checked_in_at"],
    }
    [event] = await driver.published(ParticipantCheckedIn)
    assert event.subject == confirmed.registration_id
    assert event.payload.participant_id == runner.participant_id
    assert (event.payload.station_id, event.payload.location_name) == (station.id, "Hall A")


async def test_a_second_scan_returns_time_and_place_of_the_first(driver: CheckinDriver) -> None:
    here, there = await driver.set_up_station(), await driver.set_up_station("Station 2", "Hall B")
    await driver.confirm(runner := person())
    first = await driver.try_scan(here.device, runner.ticket_code)
    # when
    second = await driver.try_scan(there.device, runner.ticket_code)
    # then
    assert (second.status, second.code) == (409, "already_checked_in")
    assert (second.body["station_name"], second.body["location_name"]) == ("Station 1", "Hall A")
    assert second.body["checked_in_at"].replace("+00:00", "Z") == first.body["checked_in_at"]
    assert len(await driver.published(ParticipantCheckedIn)) == 1


async def test_a_participant_is_checked_in_by_id(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    notes = "sister came, letter seen"
    assert (await driver.try_check_in(station.device, runner.participant_id, notes=notes)).status == 201
    assert (await driver.try_scan(station.device, runner.ticket_code)).code == "already_checked_in"
    assert await driver.rows("SELECT notes FROM checkins") == [{"notes": "sister came, letter seen"}]


async def test_members_of_a_group_are_checked_in_one_by_one(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    people = [person(f"Runner {n}", is_pic=n == 0) for n in range(5)]
    await driver.confirm(*people)
    assert (await driver.try_scan(station.device, people[0].ticket_code)).status == 201
    assert (await driver.try_scan(station.device, people[3].ticket_code)).status == 201
    assert (await driver.call("GET", "/stats", by=station.device)).body["waiting"] == 3


async def test_space_around_a_code_and_upper_case_are_ignored(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    assert (await driver.try_scan(station.device, f" {runner.ticket_code.upper()}\r\n")).status == 201


async def test_a_code_of_no_ticket_is_an_unknown_ticket(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm()
    for code in ("", "x", "\x00", "0" * 31, "0" * 33, "g" * 32, "'; --", "٣" * 32, "0" * 32, "🏃"):
        answer = await driver.try_scan(station.device, code)
        assert (answer.status, answer.code) == (404, "unknown_ticket"), code


async def test_an_unknown_participant_is_an_unknown_ticket(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    answer = await driver.try_check_in(station.device, uuid4())
    assert (answer.status, answer.code) == (404, "unknown_ticket")


async def test_a_bad_code_does_not_stop_the_next_good_one(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    assert (await driver.try_scan(station.device, "smudge")).status == 404
    assert (await driver.try_scan(station.device, runner.ticket_code)).status == 201


async def test_a_cancelled_registration_is_not_valid(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person())
    await driver.cancel(confirmed)
    answer = await driver.try_scan(station.device, runner.ticket_code)
    assert (answer.status, answer.code) == (409, "not_valid")
    assert await driver.published(ParticipantCheckedIn) == []


async def test_an_undone_check_in_can_be_repeated_and_both_are_stored(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    # when
    undone = await driver.try_undo(runner.participant_id, "scanned the wrong phone")
    again = await driver.try_scan(station.device, runner.ticket_code)
    # then
    assert (undone.status, again.status) == (204, 201)
    stored = await driver.rows("SELECT undone_at IS NULL AS stands, undo_reason FROM checkins ORDER BY checked_in_at")
    assert stored == [
        {"stands": False, "undo_reason": "scanned the wrong phone"},
        {"stands": True, "undo_reason": None},
    ]
    [entry] = await driver.audit_log("checkin.undo")
    assert entry["subject"] == f"participant:{runner.participant_id}"


async def test_an_undo_without_a_check_in_is_refused(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    assert (await driver.try_undo(runner.participant_id)).code == "not_checked_in"
    await driver.scan(station.device, runner.ticket_code)
    assert (await driver.try_undo(runner.participant_id)).status == 204
    assert (await driver.try_undo(runner.participant_id)).status == 404


async def test_a_repeated_request_gets_the_first_answer(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    first = await driver.try_scan(station.device, runner.ticket_code, key="scan-1")
    # when
    again = await driver.try_scan(station.device, runner.ticket_code, key="scan-1")
    # then
    assert (again.status, again.body) == (201, first.body)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(await driver.published(ParticipantCheckedIn)) == 1


async def test_a_repeat_gets_its_answer_after_the_registration_was_cancelled(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code, key="scan-1")
    await driver.cancel(confirmed)
    assert (await driver.try_scan(station.device, runner.ticket_code, key="scan-1")).status == 201
    assert (await driver.try_scan(station.device, runner.ticket_code, key="scan-2")).code == "not_valid"


async def test_the_same_key_from_another_device_is_another_request(driver: CheckinDriver) -> None:
    here, there = await driver.set_up_station(), await driver.set_up_station("Station 2")
    await driver.confirm(runner := person())
    await driver.scan(here.device, runner.ticket_code, key="1")
    assert (await driver.try_scan(there.device, runner.ticket_code, key="1")).code == "already_checked_in"


async def test_a_key_cannot_be_used_for_two_participants(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(one := person(), other := person(is_pic=False))
    await driver.scan(station.device, one.ticket_code, key="1")
    answer = await driver.try_scan(station.device, other.ticket_code, key="1")
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert (await driver.try_scan(station.device, other.ticket_code, key="2")).status == 201


async def test_a_repeat_of_an_undone_check_in_is_refused(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code, key="1")
    await driver.undo(runner.participant_id)
    answer = await driver.try_scan(station.device, runner.ticket_code, key="1")
    assert (answer.status, answer.code) == (409, "checkin_undone")
    assert (await driver.try_scan(station.device, runner.ticket_code, key="2")).status == 201


async def test_a_ticket_code_that_a_new_confirmation_replaced_is_unknown(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    confirmed = await driver.confirm(runner := person())
    changed = runner.model_copy(update={"ticket_code": person().ticket_code})
    newer = confirmation(changed, revision=confirmed.revision + 2, registration_id=confirmed.registration_id)
    await driver.deliver(newer)
    assert (await driver.try_scan(station.device, runner.ticket_code)).code == "unknown_ticket"
    assert (await driver.try_scan(station.device, changed.ticket_code)).status == 201
