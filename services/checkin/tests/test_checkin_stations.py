"""Stations and their PINs, devices and their tokens."""

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import pytest
from checkin.stations.pins import Pins
from checkin.stations.rules import is_guessable
from testkit.polling import eventually

from .checkin_world import PIN, PackDay, person, statuses

WRONG = "528307"
NEW_PIN = "918273"


async def change(day: PackDay, station_id: UUID, **changes: Any) -> int:
    return (await day.call("PATCH", f"/stations/{station_id}", day.admin, changes)).status


async def test_a_station_is_opened_and_its_pin_never_shown(day: PackDay) -> None:
    # when
    body = {"name": "Desk 1", "location_name": "Hall A", "pin_code": PIN}
    opened = await day.call("POST", "/stations", day.admin, body)
    listed = await day.call("GET", "/stations", day.admin)
    # then
    assert opened.status == 201
    assert listed.body == {"items": [opened.body], "next_cursor": None}
    assert opened.body.keys() == {
        *("id", "name", "location_name", "event_id", "event_name", "is_active", "failed_attempts"),
        *("locked_at", "pin_changed_at", "created_at", "updated_at"),
    }
    [kept] = await day.rows("SELECT pin_hash FROM stations")
    assert kept["pin_hash"].startswith("$argon2id$")
    assert [entry[1] for entry in await day.audited()] == ["station.open"]


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


async def test_a_pin_that_is_tried_first_is_refused(day: PackDay) -> None:
    station_id = await day.station()
    for pin in (*EASY, *DATES):
        body = {"name": "Desk", "location_name": "Hall", "pin_code": pin}
        answer = await day.call("POST", "/stations", day.admin, body)
        assert (answer.status, answer.wrong_fields) == (422, ["pin_code"]), pin
        assert pin not in str({**answer.body, "correlation_id": ""})
        assert await change(day, station_id, pin_code=pin) == 422, pin


@pytest.mark.parametrize("pin", ["320190", "133290", "300290", "310490", "010145", "132026", "190013", "730461"])
def test_what_is_no_date_or_none_that_people_remember_is_a_good_pin(pin: str) -> None:
    assert not is_guessable(pin)


def test_fewer_than_five_pins_of_a_hundred_are_refused() -> None:
    pins = [f"{number:06d}" for number in random.Random(2).sample(range(10**6), 100_000)]
    assert 0.04 < sum(map(is_guessable, pins)) / len(pins) < 0.05


async def test_the_right_pin_logs_a_device_in(day: PackDay) -> None:
    station_id = await day.station()
    answer = await day.log_in(station_id, device_name="Phone of Ani")
    assert answer.status == 200
    assert answer.body["expires_in"] == 16 * 3600
    assert answer.body["station"] == {
        "id": str(station_id),
        "name": "Desk 1",
        "location_name": "Hall A",
        "event_id": None,
        "event_name": None,
    }
    devices = await day.call("GET", f"/devices?station_id={station_id}", day.admin)
    assert [(each["name"], each["revoked_at"]) for each in devices.body["items"]] == [("Phone of Ani", None)]
    assert (await day.call("GET", "/stats", bearer(answer.body["device_token"]))).status == 200


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_wrong_pin_an_unknown_and_a_closed_station_get_the_same_answer(day: PackDay) -> None:
    # given
    station_id, closed = await day.station(), await day.station("Desk 2")
    assert await change(day, closed, is_active=False) == 200
    day.hasher.looked = 0
    # when
    answers = [await day.log_in(station_id, WRONG), await day.log_in(uuid4()), await day.log_in(closed)]
    # then
    for answer in answers:
        answer.body.pop("correlation_id")
    assert answers[0].body == answers[1].body == answers[2].body
    assert (answers[0].status, answers[0].code, answers[0].body["attempts_left"]) == (401, "wrong_pin", 9)
    assert day.hasher.looked == 3


async def test_ten_wrong_pins_lock_a_station_until_staff_unlock_it(day: PackDay) -> None:
    station_id = await day.station()
    for left in reversed(range(10)):
        assert (await day.log_in(station_id, WRONG)).body["attempts_left"] == left
    # then
    answer = await day.log_in(station_id, PIN)
    assert (answer.status, answer.code) == (423, "station_locked")
    [station] = (await day.call("GET", "/stations", day.admin)).body["items"]
    assert station["failed_attempts"] == 10
    assert station["locked_at"]
    assert ("system", "station.lock", f"station:{station_id}") in await day.audited()
    # when
    assert await change(day, station_id, unlock=True) == 200
    assert (await day.log_in(station_id, PIN)).status == 200


async def test_a_lock_survives_a_restart_and_waiting(day: PackDay) -> None:
    station_id = await day.station()
    for _ in range(10):
        await day.log_in(station_id, WRONG)
    restarted = PackDay(day.settings.database_url)
    assert (await restarted.log_in(station_id)).status == 423
    await restarted.close()


async def test_the_right_pin_forgives_what_went_wrong_before(day: PackDay) -> None:
    station_id = await day.station()
    for _ in range(9):
        await day.log_in(station_id, WRONG)
    assert (await day.log_in(station_id)).status == 200
    assert (await day.log_in(station_id, WRONG)).body["attempts_left"] == 9


async def test_a_new_pin_unlocks_and_logs_out(day: PackDay) -> None:
    desk = await day.desk()
    for _ in range(10):
        await day.log_in(desk.id, WRONG)
    assert await change(day, desk.id, pin_code=NEW_PIN) == 200
    assert (await day.call("GET", "/stats", desk.device)).code == "device_revoked"
    assert (await day.log_in(desk.id, PIN)).code == "wrong_pin"
    assert (await day.log_in(desk.id, NEW_PIN)).status == 200


async def test_a_closed_station_logs_its_devices_out_and_reopening_does_not_bring_them_back(day: PackDay) -> None:
    desk, other = await day.desk(), await day.desk("Desk 2")
    await day.confirmed(runner := person())
    assert await change(day, desk.id, is_active=False) == 200
    answer = await day.scan(desk.device, runner.ticket_code)
    assert (answer.status, answer.code) == (401, "device_revoked")
    assert await change(day, desk.id, is_active=True) == 200
    assert (await day.scan(desk.device, runner.ticket_code)).code == "device_revoked"
    assert (await day.scan(other.device, runner.ticket_code)).status == 201


async def test_a_lost_device_is_logged_out_at_once_and_alone(day: PackDay) -> None:
    # given
    desk = await day.desk()
    other = await day.device(desk.id)
    [_, lost] = (await day.call("GET", "/devices", day.admin)).body["items"]
    # when
    first = await day.call("DELETE", f"/devices/{lost['id']}", day.admin)
    again = await day.call("DELETE", f"/devices/{lost['id']}", day.admin)
    # then
    assert (first.status, again.status) == (204, 204)
    refused = [await day.call("GET", "/roster?q=x", desk.device), await day.call("GET", "/stats", desk.device)]
    assert [answer.code for answer in refused] == ["device_revoked"] * 2
    assert (await day.call("GET", "/stats", other)).status == 200
    assert [entry[1] for entry in await day.audited()].count("device.revoke") == 1


async def test_renaming_a_station_keeps_its_devices_and_moves_new_hand_overs(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(early := person(), late := person(is_pic=False))
    await day.scan(desk.device, early.ticket_code)
    assert await change(day, desk.id, name="Desk 9", location_name="Tent") == 200
    await day.scan(desk.device, late.ticket_code)
    assert (await day.scan(desk.device, early.ticket_code)).body["location_name"] == "Hall A"
    assert (await day.scan(desk.device, late.ticket_code)).body["location_name"] == "Tent"


async def test_a_token_of_another_make_is_refused(day: PackDay) -> None:
    desk = await day.desk()
    forged = day.issuer.device(desk.id)
    assert (await day.call("GET", "/stats", forged)).code == "invalid_token"


async def test_device_tokens_survive_a_new_signing_key(day: PackDay) -> None:
    desk = await day.desk()
    await day.app.state.signing_keys.rotate()
    assert (await day.call("GET", "/stats", desk.device)).status == 200
    newer = await day.device(desk.id)

    async def the_newer_key_is_known() -> bool:
        return (await day.call("GET", "/stats", newer)).status == 200

    await eventually(the_newer_key_is_known, within=2)
    assert len(await day.rows("SELECT 1 FROM signing_keys")) == 2


async def test_what_is_not_there_cannot_be_changed(day: PackDay) -> None:
    station = await day.call("PATCH", f"/stations/{uuid4()}", day.admin, {"is_active": False})
    device = await day.call("DELETE", f"/devices/{uuid4()}", day.admin)
    assert (station.status, station.code) == (404, "unknown_station")
    assert (device.status, device.code) == (404, "unknown_device")


async def test_lists_are_paged_without_gaps(day: PackDay) -> None:
    made = [str(await day.station(f"Desk {n}")) for n in range(5)]
    for station_id in made:
        await day.device(UUID(station_id))
    stations, devices = await pages(day, "/stations"), await pages(day, "/devices")
    assert [each["id"] for each in stations] == made
    assert [each["station_id"] for each in devices] == made[::-1]


async def pages(day: PackDay, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await day.call("GET", f"{path}?limit=2{cursor}", day.admin)).body
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['next_cursor']}"


async def test_too_many_logins_at_once_are_told_to_come_back_and_cost_no_try(day: PackDay) -> None:
    station_id = await day.station()
    door = asyncio.Event()

    async def stuck(pin: str, pin_hash: str | None) -> bool:
        await door.wait()
        return False

    day.app.state.pins.matches = stuck
    guesses = [asyncio.create_task(day.log_in(uuid4(), WRONG)) for _ in range(60)]
    # when
    await eventually(lambda: sum(guess.done() for guess in guesses) == 20)
    refused = await day.log_in(station_id, PIN)
    door.set()
    # then
    assert (refused.status, refused.code, "Retry-After" in refused.headers) == (503, "unavailable", True)
    assert statuses(await asyncio.gather(*guesses)) == [401] * 40 + [503] * 20
    assert await day.rows("SELECT attempts FROM stations") == [{"attempts": 0}]
