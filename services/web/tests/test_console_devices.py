"""Devices: who is connected, when they were last seen, and taking their access away."""

import httpx

from .ops_console import Apis, page, post
from .runner_apis import at
from .walk_ops_answers import CHECKIN, DEVICE, DEVICES, GONE_DEVICE, STATION, device
from .walk_staff import json_of


def _devices(*found: object, next_cursor: str | None = None) -> httpx.Response:
    return json_of({"items": list(found), "next_cursor": next_cursor})


async def test_the_list_says_who_is_connected_and_when_they_were_seen() -> None:
    found = [
        device(name="A", last_seen_at=at(-0.01)),
        device(name="B", last_seen_at=at(-2.5)),
        device(name="C", last_seen_at=at(-80), expires_at=at(-1)),
        device(name="D", last_seen_at=None, revoked_at=at(-1)),
    ]
    async with Apis({DEVICES: _devices(*found)}).browser() as browser:
        rows = (await page(browser, "/devices")).one("tbody").all("tr")
    words = [[each.text for each in row.all("td")][1:3] for row in rows]
    assert words[:2] == [["Logged in", "Just now"], ["Logged in", "2 hours ago"]]
    assert words[2] == ["Login ran out", "1 Jan 2027, 02:00 WIB"]
    assert words[3] == ["Logged out", "Not seen since"]
    assert [bool(row.all("a")[1:]) for row in rows] == [True, True, False, False], "only who is in can be logged out"


async def test_the_devices_of_a_station_are_asked_for_page_by_page() -> None:
    apis = Apis({DEVICES: _devices(device(), next_cursor="more")})
    async with apis.browser() as browser:
        shown = await page(browser, f"/devices?station={STATION}&cursor=x")
    assert apis.query(f"{CHECKIN}/devices") == {"station_id": STATION, "limit": "50", "cursor": "x"}
    following = next(each.get("href") for each in shown.all("a") if each.get("rel") == "next")
    assert following == f"/en/console/devices?station={STATION}&cursor=more"
    [chip] = [each for each in shown.all("a") if each.get("class") == "chip"]
    assert (chip.get("href"), "Meja 1" in chip.text) == ("/en/console/devices?", True)


async def test_revoking_names_the_device_and_its_effect_first() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        asked = await page(browser, f"/devices/{DEVICE}/revoke")
        assert "Log Sari Dewi out?" in asked.text
        assert "can hand out no further packs" in asked.text
        assert "not sent yet are kept when it sends them, but are not counted" in asked.text
        assert apis.asked("DELETE", f"{CHECKIN}/devices/{DEVICE}") == []
        answer = await post(browser, f"/devices/{DEVICE}/revoke")
    assert answer.headers["Location"] == "/en/console/devices?done=revoked"
    assert len(apis.asked("DELETE", f"{CHECKIN}/devices/{DEVICE}")) == 1


async def test_a_device_that_is_out_already_is_not_asked_about_again() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, f"/devices/{GONE_DEVICE}/revoke")
    assert "logged out already" in shown.text
    assert "button-danger" not in str([each.get("class") for each in shown.all("button")])


async def test_while_check_in_is_away_nothing_is_revoked_and_the_page_says_so() -> None:
    apis = Apis({("DELETE", f"{CHECKIN}/devices/{DEVICE}"): httpx.Response(502)})
    async with apis.browser() as browser:
        assert (await post(browser, f"/devices/{DEVICE}/revoke")).status_code == 503
