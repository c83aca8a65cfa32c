"""Handing packs over: once, to the right person, and back again."""

from uuid import uuid4

from contracts import ParticipantCheckedIn

from .checkin_world import RACE, PackDay, confirmation, person


async def test_a_scanned_ticket_hands_out_the_pack_and_tells_the_desk_whose_it_is(day: PackDay) -> None:
    # given
    desk = await day.desk()
    said = await day.confirmed(runner := person("Siti Aminah", bib=1042))
    # when
    answer = await day.scan(desk.device, runner.ticket_code)
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
        "registration_number": said.registration_number,
        "checked_in_at": answer.body["checked_in_at"],
    }
    [event] = await day.published(ParticipantCheckedIn)
    assert event.subject == said.registration_id
    assert event.payload.participant_id == runner.participant_id
    assert (event.payload.station_id, event.payload.location_name) == (desk.id, "Hall A")


async def test_a_second_scan_says_when_and_where_the_pack_went(day: PackDay) -> None:
    here, there = await day.desk(), await day.desk("Desk 2", "Hall B")
    await day.confirmed(runner := person())
    first = await day.scan(here.device, runner.ticket_code)
    # when
    second = await day.scan(there.device, runner.ticket_code)
    # then
    assert (second.status, second.code) == (409, "already_checked_in")
    assert (second.body["station_name"], second.body["location_name"]) == ("Desk 1", "Hall A")
    assert second.body["checked_in_at"].replace("+00:00", "Z") == first.body["checked_in_at"]
    assert len(await day.published(ParticipantCheckedIn)) == 1


async def test_a_participant_found_on_the_roster_needs_no_ticket(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    body = {"participant_id": str(runner.participant_id), "notes": "sister came, letter seen"}
    assert (await day.call("POST", "/checkins", desk.device, body)).status == 201
    assert (await day.scan(desk.device, runner.ticket_code)).code == "already_checked_in"
    assert await day.rows("SELECT notes FROM checkins") == [{"notes": "sister came, letter seen"}]


async def test_a_group_may_come_one_by_one(day: PackDay) -> None:
    desk = await day.desk()
    people = [person(f"Runner {n}", is_pic=n == 0) for n in range(5)]
    await day.confirmed(*people)
    assert (await day.scan(desk.device, people[0].ticket_code)).status == 201
    assert (await day.scan(desk.device, people[3].ticket_code)).status == 201
    assert (await day.call("GET", "/stats", desk.device)).body["waiting"] == 3


async def test_space_around_a_code_and_upper_case_do_no_harm(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    assert (await day.scan(desk.device, f" {runner.ticket_code.upper()}\r\n")).status == 201


async def test_what_is_no_ticket_of_ours_is_an_unknown_ticket(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed()
    for code in ("", "x", "\x00", "0" * 31, "0" * 33, "g" * 32, "'; --", "٣" * 32, "0" * 32, "🏃"):
        answer = await day.scan(desk.device, code)
        assert (answer.status, answer.code) == (404, "unknown_ticket"), code


async def test_a_participant_nobody_knows_is_an_unknown_ticket(day: PackDay) -> None:
    desk = await day.desk()
    answer = await day.call("POST", "/checkins", desk.device, {"participant_id": str(uuid4())})
    assert (answer.status, answer.code) == (404, "unknown_ticket")


async def test_a_bad_code_does_not_stop_the_next_good_one(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    assert (await day.scan(desk.device, "smudge")).status == 404
    assert (await day.scan(desk.device, runner.ticket_code)).status == 201


async def test_a_cancelled_registration_gets_no_pack(day: PackDay) -> None:
    desk = await day.desk()
    said = await day.confirmed(runner := person())
    await day.cancelled(said)
    answer = await day.scan(desk.device, runner.ticket_code)
    assert (answer.status, answer.code) == (409, "not_valid")
    assert await day.published(ParticipantCheckedIn) == []


async def test_an_undone_check_in_can_be_done_again_and_both_stay_on_record(day: PackDay) -> None:
    # given
    desk = await day.desk()
    await day.confirmed(runner := person())
    await day.scan(desk.device, runner.ticket_code)
    # when
    undone = await day.undo(runner.participant_id, "scanned the wrong phone")
    again = await day.scan(desk.device, runner.ticket_code)
    # then
    assert (undone.status, again.status) == (204, 201)
    kept = await day.rows("SELECT undone_at IS NULL AS stands, undo_reason FROM checkins ORDER BY checked_in_at")
    assert kept == [
        {"stands": False, "undo_reason": "scanned the wrong phone"},
        {"stands": True, "undo_reason": None},
    ]
    assert (await day.audited())[-1][1:] == ("checkin.undo", f"participant:{runner.participant_id}")


async def test_what_was_not_handed_over_cannot_be_undone(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    assert (await day.undo(runner.participant_id)).code == "not_checked_in"
    await day.scan(desk.device, runner.ticket_code)
    assert (await day.undo(runner.participant_id)).status == 204
    assert (await day.undo(runner.participant_id)).status == 404


async def test_a_repeated_request_gets_its_own_answer_again(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    first = await day.scan(desk.device, runner.ticket_code, key="scan-1")
    # when
    again = await day.scan(desk.device, runner.ticket_code, key="scan-1")
    # then
    assert (again.status, again.body) == (201, first.body)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(await day.published(ParticipantCheckedIn)) == 1


async def test_a_repeat_is_answered_even_when_the_registration_was_cancelled_in_between(day: PackDay) -> None:
    desk = await day.desk()
    said = await day.confirmed(runner := person())
    await day.scan(desk.device, runner.ticket_code, key="scan-1")
    await day.cancelled(said)
    assert (await day.scan(desk.device, runner.ticket_code, key="scan-1")).status == 201
    assert (await day.scan(desk.device, runner.ticket_code, key="scan-2")).code == "not_valid"


async def test_the_same_key_from_another_device_is_another_request(day: PackDay) -> None:
    here, there = await day.desk(), await day.desk("Desk 2")
    await day.confirmed(runner := person())
    await day.scan(here.device, runner.ticket_code, key="1")
    assert (await day.scan(there.device, runner.ticket_code, key="1")).code == "already_checked_in"


async def test_a_key_cannot_stand_for_two_participants(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(one := person(), other := person(is_pic=False))
    await day.scan(desk.device, one.ticket_code, key="1")
    answer = await day.scan(desk.device, other.ticket_code, key="1")
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert (await day.scan(desk.device, other.ticket_code, key="2")).status == 201


async def test_a_repeat_of_an_undone_check_in_hands_out_nothing(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    await day.scan(desk.device, runner.ticket_code, key="1")
    await day.undo(runner.participant_id)
    answer = await day.scan(desk.device, runner.ticket_code, key="1")
    assert (answer.status, answer.code) == (409, "checkin_undone")
    assert (await day.scan(desk.device, runner.ticket_code, key="2")).status == 201


async def test_a_ticket_code_that_changed_with_a_new_confirmation_opens_nothing(day: PackDay) -> None:
    desk = await day.desk()
    said = await day.confirmed(runner := person())
    changed = runner.model_copy(update={"ticket_code": person().ticket_code})
    newer = confirmation(changed, revision=said.revision + 2, registration_id=said.registration_id)
    await day.deliver(newer, subject=said.registration_id)
    assert (await day.scan(desk.device, runner.ticket_code)).code == "unknown_ticket"
    assert (await day.scan(desk.device, changed.ticket_code)).status == 201
