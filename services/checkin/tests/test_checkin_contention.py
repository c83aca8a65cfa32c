"""Two desks, one pack; a cancellation on its way; guesses fired at once. Each with its guard on, and once without."""

import asyncio

import pytest
from checkin.pickup import commands as pickup
from checkin.pickup.errors import NotValid
from checkin.roster import commands as roster
from checkin.stations.queries import active_session
from checkin.stations.rules import StationSession
from contracts import ParticipantCheckedIn
from testkit.polling import eventually

from .checkin_world import PIN, OpenStation, PackDay, confirmation, person, statuses

WRONG = "528307"


async def scans_at_once(day: PackDay, desks: list[OpenStation], code: str) -> list[int]:
    return statuses(await asyncio.gather(*(day.scan(desk.device, code) for desk in desks)))


async def test_of_many_devices_at_once_one_hands_the_pack_out(day: PackDay) -> None:
    # given
    desks = [await day.desk(f"Desk {n}") for n in range(8)]
    await day.confirmed(runner := person())
    # when
    answers = await asyncio.gather(*(day.scan(desk.device, runner.ticket_code) for desk in desks))
    # then
    assert statuses(answers) == [201] + [409] * 7
    winner = next(n for n, answer in enumerate(answers) if answer.status == 201)
    assert {answer.body["station_name"] for answer in answers if answer.status == 409} == {f"Desk {winner}"}
    assert len(await day.published(ParticipantCheckedIn)) == 1


async def test_without_the_unique_index_the_same_scans_hand_it_out_again_and_again(day: PackDay) -> None:
    desks = [await day.desk(f"Desk {n}") for n in range(4)]
    await day.confirmed(runner := person())
    await day.execute("DROP INDEX uq_checkins_participant_id_standing")
    assert await scans_at_once(day, desks, runner.ticket_code) == [201] * 4


async def test_the_same_request_sent_twice_at_once_is_one_check_in(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(runner := person())
    answers = await asyncio.gather(*(day.scan(desk.device, runner.ticket_code, key="1") for _ in range(6)))
    assert statuses(answers) == [201] * 6
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    assert len(await day.published(ParticipantCheckedIn)) == 1


async def somebody_waits_for_a_lock(day: PackDay) -> None:
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def waits() -> bool:
        return bool(await day.rows(query))

    await eventually(waits)


async def current_station(day: PackDay) -> StationSession:
    await day.desk()
    [device] = await day.rows("SELECT id FROM devices")
    async with day.database.read() as session:
        found = await active_session(session, device["id"])
    assert found
    return found


async def test_a_check_in_behind_a_cancellation_under_way_waits_and_is_refused(day: PackDay) -> None:
    # given
    desk = await current_station(day)
    said = await day.confirmed(runner := person())

    async def check_in() -> None:
        whose = pickup.ticket_holder(ticket_code=runner.ticket_code, participant_id=None)
        async with day.database.work() as work:
            await pickup.check_in(work, desk, whose, notes=None, idempotency_key=None)

    # when
    async with day.database.work() as work:
        await roster.cancel_registration(work, said.registration_id, revision=9, at=work.now)
        scanning = asyncio.create_task(check_in())
        await somebody_waits_for_a_lock(day)
    # then
    with pytest.raises(NotValid):
        await scanning
    assert await day.rows("SELECT 1 FROM checkins") == []


async def test_a_cancellation_behind_a_check_in_under_way_waits_and_the_pack_stays_handed_over(day: PackDay) -> None:
    # given
    desk = await current_station(day)
    said = await day.confirmed(runner := person())
    whose = pickup.ticket_holder(ticket_code=runner.ticket_code, participant_id=None)
    # when
    async with day.database.work() as work:
        await pickup.check_in(work, desk, whose, notes=None, idempotency_key=None)
        cancelling = asyncio.create_task(day.cancelled(said))
        await somebody_waits_for_a_lock(day)
    await cancelling
    # then
    [entry] = await day.rows("SELECT cancelled_at IS NOT NULL AS cancelled FROM roster")
    assert entry["cancelled"]
    assert len(await day.rows("SELECT 1 FROM checkins WHERE undone_at IS NULL")) == 1


async def test_without_the_row_lock_a_check_in_slips_past_a_cancellation_under_way(day: PackDay) -> None:
    desk = await current_station(day)
    said = await day.confirmed(runner := person())
    unlocked = (
        "INSERT INTO checkins (id, participant_id, registration_id, station_id, device_id, station_name,"
        " location_name, checked_in_at) SELECT gen_random_uuid(), participant_id, registration_id, :station, :device,"
        " 'x', 'x', now() FROM roster WHERE ticket_code = :code AND cancelled_at IS NULL"
    )
    values = {"station": desk.station_id, "device": desk.device_id, "code": runner.ticket_code}
    async with day.database.work() as cancelling:
        await roster.cancel_registration(cancelling, said.registration_id, revision=9, at=cancelling.now)
        await day.execute(unlocked, **values)
    assert len(await day.rows("SELECT 1 FROM checkins JOIN roster USING (participant_id) WHERE cancelled_at < now()"))


async def test_when_an_undo_slips_in_before_the_refusal_the_pack_is_handed_out(
    day: PackDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    desk = await day.desk()
    await day.confirmed(runner := person())
    await day.scan(desk.device, runner.ticket_code)
    say_why = pickup._raise_refusal

    async def undone_meanwhile(*args: object) -> None:
        await day.undo(runner.participant_id)
        await say_why(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(pickup, "_raise_refusal", undone_meanwhile)
    # when / then
    assert (await day.scan(desk.device, runner.ticket_code)).status == 201


async def test_fifty_guesses_at_once_at_two_processes_get_ten_tries(day: PackDay) -> None:
    # given
    station_id = await day.station()
    other = PackDay(day.settings.database_url)
    day.hasher.looked = 0
    # when
    answers = await asyncio.gather(*((day, other)[n % 2].log_in(station_id, WRONG) for n in range(50)))
    # then
    assert day.hasher.looked + other.hasher.looked == 10
    refused = [answer for answer in answers if answer.status == 401]
    assert sorted(answer.body["attempts_left"] for answer in refused) == list(range(10))
    assert statuses(answers) == [401] * 10 + [423] * 40
    assert (await other.log_in(station_id, PIN)).status == 423
    await other.close()


async def test_counting_after_looking_would_give_many_more_tries(day: PackDay) -> None:
    """The way most would write it: read the count, compare the PIN, then count."""
    station_id = await day.station()
    day.hasher.looked = 0
    at_the_door = asyncio.Barrier(30)

    async def guess() -> None:
        query = "SELECT pin_hash FROM stations WHERE id = :id AND attempts - forgiven_through < 10"
        found = await day.rows(query, id=station_id)
        await at_the_door.wait()
        if found and not day.hasher.verify(WRONG, found[0]["pin_hash"]):
            await day.execute("UPDATE stations SET attempts = attempts + 1 WHERE id = :id", id=station_id)

    await day.execute("ALTER TABLE stations DROP CONSTRAINT ck_stations_failures")
    await day.execute("ALTER TABLE stations DROP CONSTRAINT ck_stations_locked_when_used_up")
    await asyncio.gather(*(guess() for _ in range(30)))
    assert day.hasher.looked > 10


async def test_a_right_pin_among_wrong_ones_never_forgives_those_that_came_later(day: PackDay) -> None:
    """Three wrong, one right that takes long, four wrong meanwhile: the four still count."""
    # given
    station_id = await day.station()
    for _ in range(3):
        await day.log_in(station_id, WRONG)
    door, looked_at = asyncio.Event(), asyncio.Event()
    matches = day.app.state.pins.matches

    async def slowly_if_right(pin: str, pin_hash: str | None) -> bool:
        if pin == PIN:
            looked_at.set()
            await door.wait()
        return bool(await matches(pin, pin_hash))

    day.app.state.pins.matches = slowly_if_right
    # when
    right = asyncio.create_task(day.log_in(station_id, PIN))
    await looked_at.wait()
    for _ in range(4):
        await day.log_in(station_id, WRONG)
    door.set()
    # then
    assert (await right).status == 200
    assert (await day.log_in(station_id, WRONG)).body["attempts_left"] == 5


async def test_a_login_that_a_new_pin_overtakes_is_refused(day: PackDay) -> None:
    station_id = await day.station()
    matches = day.app.state.pins.matches

    async def overtaken(pin: str, pin_hash: str | None) -> bool:
        found = bool(await matches(pin, pin_hash))
        answer = await day.call("PATCH", f"/stations/{station_id}", day.admin, {"pin_code": "918273"})
        assert answer.status == 200
        return found

    day.app.state.pins.matches = overtaken
    assert (await day.log_in(station_id, PIN)).code == "wrong_pin"
    assert await day.rows("SELECT 1 FROM devices") == []


async def test_the_same_news_on_two_connections_at_once_is_one_roster(day: PackDay) -> None:
    said = confirmation(person(), person(is_pic=False))
    event = await day.deliver(said, subject=said.registration_id)
    await day.execute("DELETE FROM roster")
    await day.execute("DELETE FROM roster_revisions")
    await day.execute("DELETE FROM processed_events")
    await asyncio.gather(*(day.redeliver(event) for _ in range(6)))
    assert len(await day.rows("SELECT 1 FROM roster")) == 2
    assert len(await day.rows("SELECT 1 FROM processed_events")) == 1
