"""Stations: their PINs are shown once, and what is done to them is said before."""

import json
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.pickup import pins

from .markup import parsed
from .ops_console import Apis, page, post
from .runner_apis import problem
from .walk_ops_answers import CHECKIN, DEVICES, EVENT, LOCKED, NEW_STATION, STATION, STATIONS, device, station
from .walk_staff import json_of

CREATE = ("POST", f"{CHECKIN}/stations")
CHANGE = ("PATCH", f"{CHECKIN}/stations/{STATION}")
EASY = problem(422, "invalid_fields", errors=[{"field": "pin_code", "message": "too easy"}])


def _sent(apis: Apis, method: str, path: str) -> dict[str, Any]:
    [request] = apis.asked(method, path)
    body: dict[str, Any] = json.loads(request.content)
    return body


def _pin_on(answer: httpx.Response) -> str:
    return parsed(answer.text).one("p", class_="pin num").text.replace(" ", "")


async def test_a_new_station_gets_a_pin_that_is_shown_once() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        answer = await post(browser, "/stations/new", **NEW_STATION)
        later = await page(browser, f"/stations/{STATION}")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    pin = _pin_on(answer)
    expected = {"name": "Meja 9", "location_name": "GBK", "event_id": EVENT, "pin_code": pin}
    assert _sent(apis, *CREATE) == expected
    assert pin not in later.text


async def test_a_station_for_any_race_is_tied_to_none() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        await post(browser, "/stations/new", **{**NEW_STATION, "race": "any"})
    assert _sent(apis, *CREATE)["event_id"] is None


async def test_a_form_that_is_sent_again_makes_no_second_station() -> None:
    apis = Apis({STATIONS: json_of({"items": [station(name="Meja 9")], "next_cursor": None})})
    async with apis.browser() as browser:
        answer = await post(browser, "/stations/new", **NEW_STATION)
    assert answer.status_code == 422
    assert "There is a station of this name at this place already" in parsed(answer.text).text
    assert apis.asked(*CREATE) == []


async def test_a_form_that_is_sent_twice_at_once_leads_to_the_station_that_it_made() -> None:
    apis = Apis({CREATE: problem(409, "station_exists")})
    async with apis.browser() as browser:
        key = (await page(browser, "/stations/new")).one("input", name="key").get("value") or ""
        apis.answers[STATIONS] = json_of({"items": [station(id=key, name="Meja 9"), station()], "next_cursor": None})
        answer = await post(browser, "/stations/new", **NEW_STATION, key=key)
        shown = await page(browser, f"/stations/{STATION}?done=added_before")
    assert _sent(apis, *CREATE)["id"] == key
    assert answer.headers["Location"] == f"/en/console/stations/{key}?done=added_before"
    assert "This station was added already" in shown.text


async def test_a_form_that_is_sent_later_again_leads_to_the_station_that_it_made() -> None:
    made = json_of({"items": [station(name="Meja 9")], "next_cursor": None})
    apis = Apis({STATIONS: made, CREATE: problem(409, "station_exists")})
    async with apis.browser() as browser:
        answer = await post(browser, "/stations/new", **NEW_STATION, key=STATION)
    assert answer.headers["Location"] == f"/en/console/stations/{STATION}?done=added_before"


@pytest.mark.parametrize("corrected", [{"name": "Meja 10"}, {"location_name": "Hall B"}, {"race": "any"}])
async def test_a_form_that_is_sent_again_with_other_values_is_shown_with_a_new_key(corrected: dict[str, str]) -> None:
    made = json_of({"items": [station(name="Meja 9")], "next_cursor": None})
    apis = Apis({STATIONS: made, CREATE: problem(409, "station_exists")})
    async with apis.browser() as browser:
        answer = await post(browser, "/stations/new", **{**NEW_STATION, **corrected}, key=STATION)
    shown = parsed(answer.text)
    assert answer.status_code == 409
    assert "This form was sent before with other values, and that was done." in shown.text
    assert shown.one("input", name="name").get("value") == corrected.get("name", "Meja 9")
    assert shown.one("input", name="key").get("value") not in (None, "", STATION)


async def test_a_pin_that_check_in_finds_too_easy_is_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    apis = Apis()
    made = iter(["123456", "111111", "730461"])
    monkeypatch.setattr(pins, "random_pin", lambda: next(made))

    def answer(request: httpx.Request) -> httpx.Response:
        found = apis(request)
        is_easy = request.method == "PATCH" and json.loads(request.content)["pin_code"] != "730461"
        return EASY if is_easy else found

    async with _browser_on(apis, answer) as browser:
        shown = await post(browser, f"/stations/{STATION}/pin")

    assert _pin_on(shown) == "730461"
    assert len(apis.asked(*CHANGE)) == 3


def _browser_on(apis: Apis, answer: Any) -> httpx.AsyncClient:
    class Changed(Apis):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            found: httpx.Response = answer(request)
            return found

    return Changed(apis.answers).browser()


async def test_a_pin_that_is_never_accepted_is_not_shown() -> None:
    apis = Apis({CHANGE: EASY})
    async with apis.browser() as browser:
        answer = await post(browser, f"/stations/{STATION}/pin")
    assert answer.status_code == 422
    assert "pin num" not in answer.text
    assert len(apis.asked(*CHANGE)) == 8


async def test_pins_are_six_digits() -> None:
    found = {pins.random_pin() for _ in range(50)}
    assert len(found) > 1
    assert all(len(each) == 6 and each.isascii() and each.isdigit() for each in found)


async def test_before_a_new_pin_the_page_names_station_and_effect() -> None:
    async with Apis().browser() as browser:
        shown = (await page(browser, f"/stations/{STATION}/pin")).text
    assert "A new PIN for Meja 1?" in shown
    assert "2 devices at this station are logged out at once" in shown


async def test_switching_off_names_its_effect_and_is_asked_of_check_in() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        assert "No device can log in there" in (await page(browser, f"/stations/{STATION}/off")).text
        answer = await post(browser, f"/stations/{STATION}/off")
    assert answer.headers["Location"] == f"/en/console/stations/{STATION}?done=off"
    assert _sent(apis, *CHANGE) == {"is_active": False}


@pytest.mark.parametrize(
    ("action", "body", "done"), [("on", {"is_active": True}, "on"), ("unlock", {"unlock": True}, "unlocked")]
)
async def test_a_station_is_switched_on_and_unlocked(action: str, body: dict[str, Any], done: str) -> None:
    apis = Apis()
    async with apis.browser() as browser:
        answer = await post(browser, f"/stations/{STATION}/{action}")
    assert answer.headers["Location"].endswith(f"?done={done}")
    assert _sent(apis, *CHANGE) == body


async def test_a_locked_station_says_why_and_offers_to_unlock() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, f"/stations/{LOCKED}")
        other = await page(browser, f"/stations/{STATION}")
    assert "10 wrong PINs in a row" in shown.text
    assert shown.one("form", action=f"/en/console/stations/{LOCKED}/unlock").one("button").text == "Unlock"
    assert "/unlock" not in str([each.get("action") for each in other.all("form")])


async def test_a_list_has_the_stations_of_its_race_and_of_any() -> None:
    other = "0190c0de-0000-7000-8000-0000000000ff"
    found = [
        station(name="Ours"),
        station(name="Any", event_id=None),
        station(name="Theirs", event_id=other),
        station(name="Of a race that is gone", event_id="0190c0de-0000-7000-8000-0000000000fe"),
    ]
    apis = Apis({STATIONS: json_of({"items": found, "next_cursor": None})})
    catalog = json.loads(apis.answers["GET", "/api/registration/v1/catalog"].content)
    catalog["items"][1]["id"] = other
    apis.answers["GET", "/api/registration/v1/catalog"] = json_of(catalog)
    async with apis.browser() as browser:
        ours = (await page(browser, "/stations?race=jakarta-fun-run")).one("tbody")
        theirs = (await page(browser, "/stations?race=bandung-lari")).one("tbody")
    assert [each.text.split(" GBK")[0] for each in ours.all("th")] == ["Ours", "Any", "Of a race that is gone"]
    assert [each.text.split(" GBK")[0] for each in theirs.all("th")] == ["Any", "Theirs", "Of a race that is gone"]


async def test_devices_that_are_logged_in_are_counted_at_their_station() -> None:
    async with Apis().browser() as browser:
        table = (await page(browser, "/stations")).one("tbody")
    [link] = [each for each in table.all("a") if each.get("href") == f"/en/console/devices?station={STATION}"]
    assert link.text == "2 devices at Meja 1"


async def test_one_device_at_a_station_is_one_device() -> None:
    apis = Apis({DEVICES: json_of({"items": [device()], "next_cursor": None})})
    async with apis.browser() as browser:
        table = (await page(browser, "/stations")).one("tbody")
    assert "1 device at Meja 1" in [each.text for each in table.all("a")]


async def test_stations_of_several_pages_are_all_listed() -> None:
    apis = Apis()

    class Paged(Apis):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == STATIONS[1] and request.method == "GET":
                is_last = "cursor" in request.url.params
                name = "Last" if is_last else "First"
                return json_of({"items": [station(name=name)], "next_cursor": None if is_last else "more"})
            return super().__call__(request)

    async with Paged(apis.answers).browser() as browser:
        table = (await page(browser, "/stations")).one("tbody")
    assert [each.text for each in table.all("th")] == ["First GBK", "Last GBK"]


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_other_roles_may_not_open_stations_and_devices(role: Role) -> None:
    apis = Apis()
    async with apis.browser(role) as browser:
        for path in ("/stations", f"/stations/{STATION}/pin", "/devices"):
            assert (await browser.get(f"/en/console{path}")).status_code == 403
        assert (await post(browser, f"/stations/{STATION}/pin")).status_code == 403
        menu = (await page(browser, "/pickup")).one("nav", class_="console-menu").text
    assert apis.asked(*CHANGE) == []
    assert "Stations" not in menu
    assert "Pick-up" in menu


async def test_an_administrator_may() -> None:
    async with Apis({DEVICES: json_of({"items": [device()], "next_cursor": None})}).browser(Role.ADMIN) as browser:
        menu = (await page(browser, "/stations")).one("nav", class_="console-menu").text
    assert "Stations" in menu
