"""Stations and their PINs, devices and their tokens."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from checkin.stations.pins import Pins
from checkin.stations.rules import is_guessable
from testkit.clocks import ManualClock
from testkit.polling import eventually

from .checkin_driver import PIN, WRONG_PIN, CheckinDriver, person, statuses

NEW_PIN = "918273"


async def test_a_station_is_opened_and_its_pin_never_returned(driver: CheckinDriver) -> None:
    # when
    opened = await driver.try_open_station()
    listed = await driver.call("GET", "/stations", by=driver.admin)
    # then
    assert opened.status == 201
    assert listed.body == {"items": [opened.body], "next_cursor": None}
    assert opened.body.keys() == {
        *("id", "name", "location_name", "event_id", "event_name", "is_active", "failed_attempts"),
        *("locked_at", "pin_changed_at", "created_at", "updated_at"),
    }
    [stored] = await driver.rows("SELECT pin_hash FROM stations")
    assert stored["pin_hash"].startswith("$argon2id$")
    assert [entry["action"] for entry in await driver.audit_log()] == ["station.open"]


async def test_a_request_that_is_sent_twice_opens_one_station(driver: CheckinDriver) -> None:
    own_id = uuid4()
    both = await asyncio.gather(*(driver.try_open_station(pin_code=pin, id=str(own_id)) for pin in (PIN, NEW_PIN)))
    later = await driver.try_open_station("Another name", id=str(own_id))
    assert sorted(each.status for each in both) == [201, 409]
    assert later.is_problem(409, "station_exists")
    [station] = (await driver.call("GET", "/stations", by=driver.admin)).body["items"]
    assert (station["id"], station["name"]) == (str(own_id), "Station 1")
    assert [entry["action"] for entry in await driver.audit_log()] == ["station.open"]
    kept = PIN if both[0].status == 201 else NEW_PIN
    assert (await driver.try_log_in(own_id, kept)).status == 200


async def test_pins_cost_what_argon2id_should_unless_a_test_says_otherwise() -> None:
    pin_hash = await Pins().hash(PIN)
    assert pin_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PIN not in pin_hash


EASY = ("000000", "111111", "999999", "123456", "654321", "234567", "890123", "012345", "121212", "123123", "112233")
DATES = (
    *("170845", "450817", "171945", "194508"),
    *("010190", "311299", "290200", "250826", "900131", "260817", "081990", "199008"),
    *("850817", "730416", "081785", "122585", "011390", "123199"),
)


async def test_a_guessable_pin_is_refused(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    for pin in (*EASY, *DATES):
        answer = await driver.try_open_station(pin_code=pin)
        assert (answer.status, answer.wrong_fields) == (422, ["pin_code"]), pin
        assert pin not in str({**answer.body, "correlation_id": ""})
        assert (await driver.try_change_station(station_id, pin_code=pin)).status == 422, pin


@pytest.mark.parametrize("pin", ["320190", "133290", "300290", "310490", "010145", "132026", "190013", "730461"])
def test_a_pin_that_is_no_likely_date_is_not_guessable(pin: str) -> None:
    assert not is_guessable(pin)


def test_fewer_than_five_pins_of_a_hundred_are_refused() -> None:
    pins = [f"{number:06d}" for number in random.Random(2).sample(range(10**6), 100_000)]
    assert 0.04 < sum(map(is_guessable, pins)) / len(pins) < 0.05


async def test_the_right_pin_logs_a_device_in(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    answer = await driver.try_log_in(station_id, device_name="Phone of Ani")
    assert answer.status == 200
    assert answer.body["expires_in"] == 16 * 3600
    assert answer.body["station"] == {
        "id": str(station_id),
        "name": "Station 1",
        "location_name": "Hall A",
        "event_id": None,
        "event_name": None,
    }
    devices = await driver.call("GET", f"/devices?station_id={station_id}", by=driver.admin)
    assert [(each["name"], each["revoked_at"]) for each in devices.body["items"]] == [("Phone of Ani", None)]
    device = {"Authorization": f"Bearer {answer.body['device_token']}"}
    assert (await driver.call("GET", "/stats", by=device)).status == 200


async def test_a_wrong_pin_an_unknown_and_a_closed_station_get_the_same_answer(driver: CheckinDriver) -> None:
    # given
    station_id, closed = await driver.open_station(), await driver.open_station("Station 2")
    await driver.change_station(closed, is_active=False)
    driver.hasher.verified = 0
    # when
    answers = [
        await driver.try_log_in(station_id, WRONG_PIN),
        await driver.try_log_in(uuid4()),
        await driver.try_log_in(closed),
    ]
    # then
    for answer in answers:
        answer.body.pop("correlation_id")
    assert answers[0].body == answers[1].body == answers[2].body
    assert (answers[0].status, answers[0].code, answers[0].body["attempts_left"]) == (401, "wrong_pin", 9)
    assert driver.hasher.verified == 3


async def test_ten_wrong_pins_lock_a_station_until_staff_unlock_it(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    for left in reversed(range(10)):
        assert (await driver.try_log_in(station_id, WRONG_PIN)).body["attempts_left"] == left
    # then
    answer = await driver.try_log_in(station_id, PIN)
    assert (answer.status, answer.code) == (423, "station_locked")
    [station] = (await driver.call("GET", "/stations", by=driver.admin)).body["items"]
    assert station["failed_attempts"] == 10
    assert station["locked_at"]
    [locking] = await driver.audit_log("station.lock")
    assert (locking["actor"], locking["subject"]) == ("system", f"station:{station_id}")
    # when
    await driver.change_station(station_id, unlock=True)
    assert (await driver.try_log_in(station_id, PIN)).status == 200


async def test_a_lock_survives_a_restart(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    for _ in range(10):
        await driver.try_log_in(station_id, WRONG_PIN)
    restarted = driver.another_process()
    assert (await restarted.try_log_in(station_id)).status == 423
    await restarted.close()


async def test_the_right_pin_resets_failed_attempts(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    for _ in range(9):
        await driver.try_log_in(station_id, WRONG_PIN)
    assert (await driver.try_log_in(station_id)).status == 200
    assert (await driver.try_log_in(station_id, WRONG_PIN)).body["attempts_left"] == 9


@pytest.mark.parametrize("typed", ["{} {}", "{}-{}", " {}\N{NO-BREAK SPACE}{} "])
async def test_a_pin_may_be_typed_with_spaces_and_hyphens(driver: CheckinDriver, typed: str) -> None:
    station_id = await driver.open_station()
    assert (await driver.try_log_in(station_id, typed.format(PIN[:3], PIN[3:]))).status == 200


async def test_a_new_pin_unlocks_and_logs_out(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    for _ in range(10):
        await driver.try_log_in(station.id, WRONG_PIN)
    await driver.change_station(station.id, pin_code=NEW_PIN)
    assert (await driver.call("GET", "/stats", by=station.device)).code == "device_revoked"
    assert (await driver.try_log_in(station.id, PIN)).code == "wrong_pin"
    assert (await driver.try_log_in(station.id, NEW_PIN)).status == 200


async def test_a_closed_station_logs_its_devices_out_for_good(driver: CheckinDriver) -> None:
    station, other = await driver.set_up_station(), await driver.set_up_station("Station 2")
    await driver.confirm(runner := person())
    await driver.change_station(station.id, is_active=False)
    answer = await driver.try_scan(station.device, runner.ticket_code)
    assert (answer.status, answer.code) == (401, "device_revoked")
    await driver.change_station(station.id, is_active=True)
    assert (await driver.try_scan(station.device, runner.ticket_code)).code == "device_revoked"
    assert (await driver.try_scan(other.device, runner.ticket_code)).status == 201


async def test_a_revoked_device_is_logged_out_at_once_and_no_other(driver: CheckinDriver) -> None:
    # given
    station = await driver.set_up_station()
    other = await driver.log_in(station.id)
    [_, lost] = (await driver.call("GET", "/devices", by=driver.admin)).body["items"]
    # when
    first = await driver.call("DELETE", f"/devices/{lost['id']}", by=driver.admin)
    again = await driver.call("DELETE", f"/devices/{lost['id']}", by=driver.admin)
    # then
    assert (first.status, again.status) == (204, 204)
    refused = [
        await driver.call("GET", "/roster?q=x", by=station.device),
        await driver.call("GET", "/stats", by=station.device),
    ]
    assert [answer.code for answer in refused] == ["device_revoked"] * 2
    assert (await driver.call("GET", "/stats", by=other)).status == 200
    assert len(await driver.audit_log("device.revoke")) == 1


async def test_a_renamed_station_keeps_its_devices_and_later_check_ins_have_the_new_name(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(early := person(), late := person(is_pic=False))
    await driver.scan(station.device, early.ticket_code)
    await driver.change_station(station.id, name="Station 9", location_name="Tent")
    await driver.scan(station.device, late.ticket_code)
    assert (await driver.try_scan(station.device, early.ticket_code)).body["location_name"] == "Hall A"
    assert (await driver.try_scan(station.device, late.ticket_code)).body["location_name"] == "Tent"


async def test_a_device_token_of_another_issuer_is_refused(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    forged = driver.issuer.device(station.id)
    assert (await driver.call("GET", "/stats", by=forged)).code == "invalid_token"


async def test_device_tokens_survive_a_new_signing_key(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.app.state.signing_keys.rotate()
    assert (await driver.call("GET", "/stats", by=station.device)).status == 200
    newer = await driver.log_in(station.id)

    async def the_newer_key_is_known() -> bool:
        return (await driver.call("GET", "/stats", by=newer)).status == 200

    await eventually(the_newer_key_is_known, within=2)
    assert len(await driver.rows("SELECT 1 FROM signing_keys")) == 2


async def test_devices_show_their_station_and_when_they_were_seen(driver: CheckinDriver, clock: ManualClock) -> None:
    station = await driver.set_up_station("Hall station", "Hall")

    async def seen() -> datetime:
        [device] = (await driver.call("GET", "/devices", by=driver.admin)).require(200)["items"]
        assert (device["station_name"], device["location_name"]) == ("Hall station", "Hall")
        return datetime.fromisoformat(device["last_seen_at"])

    logged_in = await seen()
    assert clock() - logged_in < timedelta(seconds=30)
    clock.advance(timedelta(seconds=20))
    await driver.call("GET", "/stats", by=station.device)
    assert await seen() == logged_in, "written once a minute at most"
    clock.advance(timedelta(seconds=60))
    await driver.call("GET", "/stats", by=station.device)
    assert await seen() - logged_in > timedelta(seconds=60)


async def test_unknown_stations_and_devices_cannot_be_changed(driver: CheckinDriver) -> None:
    station = await driver.try_change_station(uuid4(), is_active=False)
    device = await driver.call("DELETE", f"/devices/{uuid4()}", by=driver.admin)
    assert (station.status, station.code) == (404, "unknown_station")
    assert (device.status, device.code) == (404, "unknown_device")


async def test_lists_are_paged_without_gaps(driver: CheckinDriver) -> None:
    made = [str(await driver.open_station(f"Station {n}")) for n in range(5)]
    for station_id in made:
        await driver.log_in(UUID(station_id))
    stations, devices = await pages(driver, "/stations"), await pages(driver, "/devices")
    assert [each["id"] for each in stations] == made
    assert [each["station_id"] for each in devices] == made[::-1]


async def pages(driver: CheckinDriver, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await driver.call("GET", f"{path}?limit=2{cursor}", by=driver.admin)).body
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['next_cursor']}"


async def test_too_many_concurrent_logins_get_retry_after_and_count_no_attempt(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    may_go_on = asyncio.Event()

    async def stuck(pin: str, pin_hash: str | None) -> bool:
        await may_go_on.wait()
        return False

    driver.app.state.pins.matches = stuck
    guesses = [asyncio.create_task(driver.try_log_in(uuid4(), WRONG_PIN)) for _ in range(60)]
    # when
    await eventually(lambda: sum(guess.done() for guess in guesses) == 20)
    refused = await driver.try_log_in(station_id, PIN)
    may_go_on.set()
    # then
    assert (refused.status, refused.code, "Retry-After" in refused.headers) == (503, "unavailable", True)
    assert statuses(await asyncio.gather(*guesses)) == [401] * 40 + [503] * 20
    assert await driver.rows("SELECT attempts FROM stations") == [{"attempts": 0}]
