"""Scans that staff have to look at: packs that left twice or should not have left, and what staff decide."""

from datetime import timedelta
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from contracts import ParticipantCheckedIn
from testkit.clocks import ManualClock

from .checkin_driver import RACE, CheckinDriver, another_race, person
from .checkin_scans import conflicts, halls, handed_out, results, revoke, scan, sync, try_sync


async def test_packs_that_should_not_have_left_are_kept_for_somebody_to_look_at(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    # given a device whose roster is old: a cancelled runner, one of another race, and a ticket that is none
    station = await driver.set_up_station(race=RACE)
    clock.advance(timedelta(hours=2))
    cancelled, foreign, nobody = person("Agus"), person("Dewi"), person("Hantu")
    await driver.cancel(await driver.confirm(cancelled))
    await driver.confirm(foreign, event=another_race("Bali Fun Run"))

    # when
    sent = [scan(each, clock() - timedelta(minutes=5)) for each in (cancelled, foreign, nobody)]
    told = await results(driver, station, *sent, scan(nobody, clock(), ticket_code="no code at all"))

    # then
    assert told == ["not_valid", "other_event", "unknown", "unknown"]
    found = await conflicts(driver)
    assert sorted((each["kind"], each["full_name"]) for each in found if each["full_name"]) == [
        ("not_valid", "Agus"),
        ("other_event", "Dewi"),
    ]
    assert len(found) == 4
    assert await driver.published(ParticipantCheckedIn) == []


async def test_scans_of_a_revoked_device_are_kept_until_staff_decide(driver: CheckinDriver, clock: ManualClock) -> None:
    # given a device that is revoked while it has no network
    station, other = await halls(driver)
    one, both = person("Budi"), person("Siti")
    for runner in (one, both):
        await driver.confirm(runner)
    await revoke(driver, station)

    # when it sends its scans
    answer = await sync(driver, station, scan(one, clock()), scan(both, clock()))

    # then it hears that it is revoked, nothing counts yet, and others go on
    assert (answer["device_revoked"], {each["result"] for each in answer["items"]}) == (True, {"conflict"})
    assert (await driver.try_scan(station.device, one.ticket_code)).code == "device_revoked"
    await driver.scan(other.device, both.ticket_code)
    found = {each["full_name"]: each for each in await conflicts(driver)}
    assert {each["kind"] for each in found.values()} == {"device_revoked"}

    # and an admin lets one of them count; the other pack left twice
    path = "/conflicts/{}/resolve"
    accepted = {"reason": "the phone was found", "accept": True}
    (await driver.call("POST", path.format(found["Budi"]["id"]), by=driver.admin, json=accepted)).require(204)
    refused = await driver.call("POST", path.format(found["Siti"]["id"]), by=driver.admin, json=accepted)
    assert refused.is_problem(409, "already_checked_in")
    assert (await handed_out(driver, one))[0] == "Station 0"
    assert (await handed_out(driver, both))[0] == "Station 1"


async def test_when_a_check_in_is_undone_the_scan_of_the_other_device_holds(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    early, late = await halls(driver)
    await driver.confirm(runner := person())
    then = clock() - timedelta(hours=1)
    await sync(driver, early, scan(runner, then))
    await sync(driver, late, scan(runner, then + timedelta(minutes=1)))
    await driver.undo(runner.participant_id)
    assert await handed_out(driver, runner) == ("Station 1", then + timedelta(minutes=1))
    assert await conflicts(driver) == []
    assert len(await driver.published(ParticipantCheckedIn)) == 1


async def test_a_conflict_is_decided_once_by_an_admin(driver: CheckinDriver, clock: ManualClock) -> None:
    early, late = await halls(driver)
    await driver.confirm(runner := person())
    for station, minutes in ((early, 9), (late, 5)):
        await sync(driver, station, scan(runner, clock() - timedelta(minutes=minutes)))
    [conflict] = await conflicts(driver)
    path, body = f"/conflicts/{conflict['id']}/resolve", {"reason": "one came back"}
    for role in (Role.VIEWER, Role.CHECKIN, Role.FINANCE):
        assert (await driver.call("POST", path, by=driver.staff(role), json=body)).status == 403
        assert (await driver.call("GET", "/conflicts", by=driver.staff(role))).status == 403
    assert (await driver.call("POST", path, by=driver.admin, json={**body, "accept": True})).code == "cannot_accept"
    (await driver.call("POST", path, by=driver.admin, json=body)).require(204)
    assert (await driver.call("POST", path, by=driver.admin, json=body)).is_problem(409, "conflict_resolved")
    gone = await driver.call("POST", f"/conflicts/{uuid4()}/resolve", by=driver.admin, json=body)
    assert gone.is_problem(404, "unknown_conflict")
    assert await conflicts(driver) == []
    [done] = (await driver.call("GET", "/conflicts?state=resolved", by=driver.admin)).require(200)["items"]
    assert (done["resolution"], UUID(done["id"])) == ("one came back", UUID(conflict["id"]))


async def test_conflicts_have_pages(driver: CheckinDriver, clock: ManualClock) -> None:
    [station] = await halls(driver, 1)
    for _ in range(3):
        await sync(driver, station, *(scan(person(), clock()) for _ in range(3)))
        clock.advance(timedelta(minutes=1))
    first = (await driver.call("GET", "/conflicts?limit=5", by=driver.admin)).require(200)
    params = {"limit": "5", "cursor": first["next_cursor"]}
    second = (await driver.call("GET", "/conflicts", by=driver.admin, params=params)).require(200)
    found = [each["id"] for page in (first, second) for each in page["items"]]
    assert (len(found), len(set(found)), second["next_cursor"]) == (9, 9, None)


async def test_an_accepted_scan_that_an_earlier_one_displaces_is_a_conflict_again(driver: CheckinDriver) -> None:
    # given the scan of a revoked device that staff accepted
    revoked, other = await halls(driver)
    await driver.confirm(runner := person())
    await driver.execute("UPDATE devices SET revoked_at = now() WHERE station_id = :id", id=revoked.id)
    then = driver.clock() - timedelta(hours=1)
    await sync(driver, revoked, scan(runner, then + timedelta(minutes=5)))
    [kept] = await conflicts(driver)
    accepted = {"reason": "the phone was found", "accept": True}
    (await driver.call("POST", f"/conflicts/{kept['id']}/resolve", by=driver.admin, json=accepted)).require(204)

    # when a device that handed the pack out before it sends its scan
    await sync(driver, other, scan(runner, then))

    # then that holds, and staff see that the pack left twice
    assert await handed_out(driver, runner) == ("Station 1", then)
    [again] = await conflicts(driver)
    assert (again["id"], again["kind"]) == (kept["id"], "handed_out_twice")


KEPT = """
    INSERT INTO scans (id, device_id, key, station_id, station_name, location_name, scanned_at, received_at, result,
                       conflict)
    SELECT gen_random_uuid(), id, 'kept-' || n, station_id, 'Station', 'Hall', now(), now(), 'conflict',
           'device_revoked'
      FROM devices, generate_series(1, 4999) AS n WHERE station_id = :id
"""


async def test_five_thousand_scans_of_a_revoked_device_are_kept(driver: CheckinDriver, clock: ManualClock) -> None:
    # given a revoked device with one scan less
    revoked, other = await halls(driver)
    await revoke(driver, revoked)
    await driver.execute(KEPT, id=revoked.id)
    last, beyond = scan(person(), clock()), scan(person(), clock())

    # when it sends two more, then the first of them
    refused = await try_sync(driver, revoked, last, beyond)
    kept = await results(driver, revoked, last)

    # then that one is kept and may be sent again, and the other is refused; other devices go on
    assert refused.is_problem(409, "too_many_scans")
    assert kept == await results(driver, revoked, last) == ["conflict"]
    assert (await try_sync(driver, revoked, beyond)).is_problem(409, "too_many_scans")
    assert await driver.scalar("SELECT count(*) FROM scans") == 5000
    assert await results(driver, other, beyond) == ["unknown"]
