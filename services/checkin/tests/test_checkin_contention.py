"""Concurrent check-ins, cancellations and logins; each with its guard, and once without."""

import asyncio

import pytest
from checkin.pickup import commands as pickup
from checkin.pickup.errors import NotValid
from checkin.roster import commands as roster
from checkin.stations.queries import active_session
from checkin.stations.rules import StationSession
from contracts import ParticipantCheckedIn

from .checkin_driver import (
    PIN,
    WRONG_PIN,
    CheckinDriver,
    Station,
    confirmation,
    person,
    statuses,
    wait_for_a_lock,
)


async def scans_at_once(driver: CheckinDriver, stations: list[Station], code: str) -> list[int]:
    return statuses(await asyncio.gather(*(driver.try_scan(station.device, code) for station in stations)))


async def test_of_concurrent_scans_of_one_ticket_one_succeeds(driver: CheckinDriver) -> None:
    # given
    stations = [await driver.set_up_station(f"Station {n}") for n in range(8)]
    await driver.confirm(runner := person())
    # when
    answers = await asyncio.gather(*(driver.try_scan(station.device, runner.ticket_code) for station in stations))
    # then
    assert statuses(answers) == [201] + [409] * 7
    winner = next(n for n, answer in enumerate(answers) if answer.status == 201)
    assert {answer.body["station_name"] for answer in answers if answer.status == 409} == {f"Station {winner}"}
    assert len(await driver.published(ParticipantCheckedIn)) == 1


async def test_without_the_unique_index_all_concurrent_scans_succeed(driver: CheckinDriver) -> None:
    stations = [await driver.set_up_station(f"Station {n}") for n in range(4)]
    await driver.confirm(runner := person())
    await driver.execute("DROP INDEX uq_checkins_participant_id_standing")
    assert await scans_at_once(driver, stations, runner.ticket_code) == [201] * 4


async def test_the_same_request_sent_twice_at_once_is_one_check_in(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    answers = await asyncio.gather(*(driver.try_scan(station.device, runner.ticket_code, key="1") for _ in range(6)))
    assert statuses(answers) == [201] * 6
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    assert len(await driver.published(ParticipantCheckedIn)) == 1


async def current_session(driver: CheckinDriver) -> StationSession:
    await driver.set_up_station()
    [device] = await driver.rows("SELECT id FROM devices")
    async with driver.database.read() as session:
        found = await active_session(session, device["id"])
    assert found
    return found


async def test_a_check_in_during_a_cancellation_waits_and_is_refused(driver: CheckinDriver) -> None:
    # given
    session = await current_session(driver)
    confirmed = await driver.confirm(runner := person())

    async def check_in() -> None:
        holder = pickup.ticket_holder(ticket_code=runner.ticket_code, participant_id=None)
        async with driver.database.work() as work:
            await pickup.check_in(work, session, holder, notes=None, idempotency_key=None)

    # when
    async with driver.database.work() as work:
        await roster.cancel_registration(work, confirmed.registration_id, revision=9, at=work.now)
        checking_in = asyncio.create_task(check_in())
        await wait_for_a_lock(driver)
    # then
    with pytest.raises(NotValid):
        await checking_in
    assert await driver.rows("SELECT 1 FROM checkins") == []


async def test_a_cancellation_during_a_check_in_waits_and_the_check_in_stays(driver: CheckinDriver) -> None:
    # given
    session = await current_session(driver)
    confirmed = await driver.confirm(runner := person())
    holder = pickup.ticket_holder(ticket_code=runner.ticket_code, participant_id=None)
    # when
    async with driver.database.work() as work:
        await pickup.check_in(work, session, holder, notes=None, idempotency_key=None)
        cancelling = asyncio.create_task(driver.cancel(confirmed))
        await wait_for_a_lock(driver)
    await cancelling
    # then
    [entry] = await driver.rows("SELECT cancelled_at IS NOT NULL AS cancelled FROM roster")
    assert entry["cancelled"]
    assert len(await driver.rows("SELECT 1 FROM checkins WHERE undone_at IS NULL")) == 1


async def test_without_the_row_lock_a_check_in_succeeds_during_a_cancellation(driver: CheckinDriver) -> None:
    session = await current_session(driver)
    confirmed = await driver.confirm(runner := person())
    unlocked = (
        "INSERT INTO checkins (id, participant_id, registration_id, station_id, device_id, station_name,"
        " location_name, checked_in_at) SELECT gen_random_uuid(), participant_id, registration_id, :station, :device,"
        " 'x', 'x', now() FROM roster WHERE ticket_code = :code AND cancelled_at IS NULL"
    )
    values = {"station": session.station_id, "device": session.device_id, "code": runner.ticket_code}
    await driver.execute("ALTER TABLE checkins DISABLE TRIGGER checkins_changed")  # it waits for the cancellation's
    async with driver.database.work() as cancelling:
        await roster.cancel_registration(cancelling, confirmed.registration_id, revision=9, at=cancelling.now)
        await driver.execute(unlocked, **values)
    query = "SELECT 1 FROM checkins JOIN roster USING (participant_id) WHERE cancelled_at < now()"
    assert len(await driver.rows(query))


async def test_a_scan_succeeds_when_an_undo_precedes_its_refusal(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of an older release undoes without waiting for the lock on the roster's row."""
    # given
    undone = "UPDATE checkins SET undone_at = now(), undone_by = 'staff:1', undo_reason = 'x' WHERE undone_at IS NULL"
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    raise_refusal = pickup._raise_refusal

    async def undo_and_raise(*args: object) -> None:
        await driver.execute(undone)
        await raise_refusal(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(pickup, "_raise_refusal", undo_and_raise)
    # when / then
    assert (await driver.try_scan(station.device, runner.ticket_code)).status == 201


async def test_fifty_concurrent_logins_at_two_processes_get_ten_attempts(driver: CheckinDriver) -> None:
    # given
    station_id = await driver.open_station()
    other = driver.another_process()
    driver.hasher.verified = 0
    # when
    answers = await asyncio.gather(*((driver, other)[n % 2].try_log_in(station_id, WRONG_PIN) for n in range(50)))
    # then
    assert driver.hasher.verified + other.hasher.verified == 10
    refused = [answer for answer in answers if answer.status == 401]
    assert sorted(answer.body["attempts_left"] for answer in refused) == list(range(10))
    assert statuses(answers) == [401] * 10 + [423] * 40
    assert (await other.try_log_in(station_id, PIN)).status == 423
    await other.close()


async def test_counting_attempts_after_verifying_would_allow_more_than_ten(driver: CheckinDriver) -> None:
    """Reads the count, verifies the PIN, then counts."""
    station_id = await driver.open_station()
    driver.hasher.verified = 0
    all_have_read = asyncio.Barrier(30)

    async def guess() -> None:
        query = "SELECT pin_hash FROM stations WHERE id = :id AND attempts - forgiven_through < 10"
        found = await driver.rows(query, id=station_id)
        await all_have_read.wait()
        if found and not driver.hasher.verify(WRONG_PIN, found[0]["pin_hash"]):
            await driver.execute("UPDATE stations SET attempts = attempts + 1 WHERE id = :id", id=station_id)

    await driver.execute("ALTER TABLE stations DROP CONSTRAINT ck_stations_failures")
    await driver.execute("ALTER TABLE stations DROP CONSTRAINT ck_stations_locked_when_used_up")
    await asyncio.gather(*(guess() for _ in range(30)))
    assert driver.hasher.verified > 10


async def test_a_right_pin_does_not_reset_wrong_ones_that_came_later(driver: CheckinDriver) -> None:
    """Three wrong PINs, a right one that takes long, four wrong ones meanwhile: the four still count."""
    # given
    station_id = await driver.open_station()
    for _ in range(3):
        await driver.try_log_in(station_id, WRONG_PIN)
    verifying, may_go_on = asyncio.Event(), asyncio.Event()
    matches = driver.app.state.pins.matches

    async def slowly_if_right(pin: str, pin_hash: str | None) -> bool:
        if pin == PIN:
            verifying.set()
            await may_go_on.wait()
        return bool(await matches(pin, pin_hash))

    driver.app.state.pins.matches = slowly_if_right
    # when
    right = asyncio.create_task(driver.try_log_in(station_id, PIN))
    await verifying.wait()
    for _ in range(4):
        await driver.try_log_in(station_id, WRONG_PIN)
    may_go_on.set()
    # then
    assert (await right).status == 200
    assert (await driver.try_log_in(station_id, WRONG_PIN)).body["attempts_left"] == 5


async def test_a_login_is_refused_when_the_pin_changes_during_it(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    matches = driver.app.state.pins.matches

    async def change_meanwhile(pin: str, pin_hash: str | None) -> bool:
        found = bool(await matches(pin, pin_hash))
        await driver.change_station(station_id, pin_code="918273")
        return found

    driver.app.state.pins.matches = change_meanwhile
    assert (await driver.try_log_in(station_id, PIN)).code == "wrong_pin"
    assert await driver.rows("SELECT 1 FROM devices") == []


async def test_an_event_delivered_concurrently_is_handled_once(driver: CheckinDriver) -> None:
    event = await driver.deliver(confirmation(person(), person(is_pic=False)))
    await driver.execute("DELETE FROM roster")
    await driver.execute("DELETE FROM roster_revisions")
    await driver.execute("DELETE FROM processed_events")
    await asyncio.gather(*(driver.redeliver(event) for _ in range(6)))
    assert len(await driver.rows("SELECT 1 FROM roster")) == 2
    assert len(await driver.rows("SELECT 1 FROM processed_events")) == 1
