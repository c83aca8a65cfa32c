"""The roster as devices keep it: whole once, and then what changed."""

import gzip
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from sqlalchemy import text
from testkit.polling import eventually

from .checkin_driver import RACE, CheckinDriver, another_race, correction, person

RUNNERS = """
    INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,
                        category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic)
    SELECT CAST(lpad(to_hex(1764000000000 + n), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8'
                || substr(md5(random()::text), 1, 15) AS uuid),
           gen_random_uuid(), 'FR10K-' || lpad(n::text, 5, '0'), 1, :race, 'Jakarta Fun Run',
           :category, '10K', initcap(translate(md5(n::text), '0123456789', 'aiueoaiueo')), 10000 + n,
           md5(random()::text), 'l', true
      FROM generate_series(1, 20000) AS n
"""
MOST_BYTES = 2_000_000


async def snapshot(driver: CheckinDriver, device: Any, since: str | None = None) -> dict[str, Any]:
    """Return the roster, or what changed since a version."""
    params = {"since": since} if since else {}
    found: dict[str, Any] = (await driver.call("GET", "/roster/snapshot", by=device, params=params)).require(200)
    return found


async def changed(driver: CheckinDriver, device: Any, since: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what changed since a snapshot, by the runner's name."""
    found = await snapshot(driver, device, since["version"])
    assert not found["whole"]
    return {entry["full_name"]: entry for entry in found["entries"]}


async def test_a_device_gets_all_runners_of_its_race_and_no_ticket_code(driver: CheckinDriver) -> None:
    # given a group of two with one pack handed out, a cancelled runner, and one of another race
    station = await driver.set_up_station(race=RACE)
    one, other, gone, foreign = (person(name) for name in ("Budi", "Siti", "Agus", "Dewi"))
    await driver.confirm(one, other.model_copy(update={"is_pic": False}))
    await driver.cancel(await driver.confirm(gone))
    await driver.confirm(foreign, event=another_race("Bali Fun Run"))
    await driver.scan(station.device, one.ticket_code)

    # when the device asks for the roster
    answer = await driver.call("GET", "/roster/snapshot", by=station.device)

    # then it has what it needs without a network, and a hash for each code
    found = answer.require(200)
    entries = {entry["full_name"]: entry for entry in found["entries"]}
    assert (found["event_id"], found["whole"], found["removed"]) == (str(RACE.event_id), True, [])
    assert set(entries) == {"Budi", "Siti", "Agus"}
    assert entries["Budi"]["ticket_sha256"] == sha256(one.ticket_code.encode()).hexdigest()
    assert [entries[name]["group_size"] for name in ("Budi", "Siti", "Agus")] == [2, 2, 1]
    assert [entries[name]["state"] for name in ("Budi", "Siti", "Agus")] == ["valid", "valid", "cancelled"]
    assert entries["Budi"]["handed_out"]["station_name"] == "Station 1"
    assert entries["Siti"]["handed_out"] is None
    for runner in (one, other, gone, foreign):
        assert runner.ticket_code not in answer.content.decode()
    assert answer.headers["Cache-Control"] == "private, no-store"


async def test_a_station_for_any_race_gets_all_of_them(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(person("Budi"))
    await driver.confirm(person("Dewi"), event=another_race("Bali Fun Run"))
    found = await snapshot(driver, station.device)
    assert (found["event_id"], len(found["entries"])) == (None, 2)
    assert {entry["event_name"] for entry in found["entries"]} == {RACE.name, "Bali Fun Run"}


async def test_afterwards_only_what_changed_comes(driver: CheckinDriver) -> None:
    # given a device with the roster
    station = await driver.set_up_station(race=RACE)
    budi, siti, agus = (person(name) for name in ("Budi", "Siti", "Agus"))
    registrations = [await driver.confirm(each) for each in (budi, siti, agus)]
    before = await snapshot(driver, station.device)
    assert await changed(driver, station.device, before) == {}

    # when a pack is handed out, a runner corrected, a registration cancelled and another confirmed
    await driver.scan(station.device, budi.ticket_code)
    await driver.deliver(correction(registrations[1], siti, revision=9, full_name="Siti Aminah"))
    await driver.cancel(registrations[2])
    await driver.confirm(person("Dewi"))
    await driver.confirm(person("Komang"), event=another_race("Bali Fun Run"))

    # then the next difference has these four, and the one after it none of them
    found = await changed(driver, station.device, before)
    assert set(found) == {"Budi", "Siti Aminah", "Agus", "Dewi"}
    assert (found["Agus"]["state"], found["Budi"]["handed_out"]["location_name"]) == ("cancelled", "Hall A")
    after = await snapshot(driver, station.device, before["version"])
    assert await changed(driver, station.device, after) == {}

    # and an undone hand-out is a change again
    await driver.undo(budi.participant_id)
    assert (await changed(driver, station.device, after))["Budi"]["handed_out"] is None


async def test_new_names_of_race_and_category_reach_every_entry(driver: CheckinDriver) -> None:
    station = await driver.set_up_station(race=RACE)
    confirmed = await driver.confirm(person("Budi"))
    before = await snapshot(driver, station.device)
    race = RACE.model_copy(update={"name": "Jakarta Night Run", "revision": RACE.revision + 1})
    await driver.change_race(race, **{"10K Night": confirmed.category_id})
    entry = (await changed(driver, station.device, before))["Budi"]
    assert (entry["event_name"], entry["category_name"]) == ("Jakarta Night Run", "10K Night")


@pytest.mark.parametrize("careful", [True, False])
async def test_a_change_that_is_committed_late_is_not_missed(driver: CheckinDriver, *, careful: bool) -> None:
    """The negative control names the newest change as version, which a change still under way is older than."""
    # given a change that is under way
    station = await driver.set_up_station(race=RACE)
    budi, siti = person("Budi"), person("Siti")
    await driver.confirm(budi)
    await driver.confirm(siti)
    rename = text("UPDATE roster SET full_name = 'Budi Baru' WHERE participant_id = :id")
    async with driver.database.engine.connect() as connection:
        await connection.execute(rename, {"id": budi.participant_id})

        # when another one is committed after it began, and a device asks before it is committed
        await driver.scan(station.device, siti.ticket_code)
        before = await snapshot(driver, station.device)
        newest = await driver.scalar("SELECT max(changed_in) FROM roster_changes")
        race = before["version"].partition(":")[2]
        await connection.commit()

    # then the next difference has it; a made-up version is none before the other transactions of this server have ended
    since = before if careful else {"version": f"{newest}:{race}"}
    difference = await eventually(lambda: changed(driver, station.device, since), within=30.0)
    assert ("Budi Baru" in difference) is careful


async def test_after_its_station_got_another_race_a_device_gets_the_whole_roster(driver: CheckinDriver) -> None:
    # given a device with the roster of a race, and another race that has not changed since
    station = await driver.set_up_station(race=RACE)
    bali = another_race("Bali Fun Run")
    await driver.confirm(person("Dewi"), event=bali)
    before = await snapshot(driver, station.device)

    # when the station hands out the packs of the other race
    await driver.change_station(station.id, event_id=str(bali.event_id))

    # then all of its runners come
    found = await snapshot(driver, station.device, before["version"])
    assert (found["whole"], [entry["full_name"] for entry in found["entries"]]) == (True, ["Dewi"])


async def test_a_version_that_a_restored_database_has_not_reached_gets_the_whole_roster(driver: CheckinDriver) -> None:
    station = await driver.set_up_station(race=RACE)
    await driver.confirm(person("Budi"))
    found = await snapshot(driver, station.device, f"999999999999999999:{RACE.event_id}")
    assert (found["whole"], len(found["entries"])) == (True, 1)


@pytest.mark.parametrize("version", ["-1:", "1.5:", "x", "7", "1" * 19 + ":"])
async def test_what_is_no_version_is_refused(driver: CheckinDriver, version: str) -> None:
    station = await driver.set_up_station()
    answer = await driver.call("GET", "/roster/snapshot", by=station.device, params={"since": version})
    assert answer.is_problem(422, "invalid_fields")


async def test_only_devices_that_are_logged_in_get_it(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.change_station(station.id, is_active=False)
    assert (await driver.call("GET", "/roster/snapshot", by=station.device)).code == "device_revoked"
    assert (await driver.call("GET", "/roster/snapshot", by=driver.staff(Role.OWNER))).status == 403
    assert (await driver.call("GET", "/roster/snapshot")).status == 401


async def test_twenty_thousand_runners_fit_into_two_megabytes(driver: CheckinDriver) -> None:
    station = await driver.set_up_station(race=RACE)
    await driver.execute(RUNNERS, race=RACE.event_id, category=uuid4())
    answer = await driver.call("GET", "/roster/snapshot", by=station.device)
    assert len(answer.body["entries"]) == 20_000
    assert len(gzip.compress(answer.content, compresslevel=1)) <= MOST_BYTES, "as the gateway compresses"
