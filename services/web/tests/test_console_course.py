"""The course of a race and its links to Strava, as staff set them."""

import httpx
import pytest
from chassis.auth.principals import Role

from .own_console import own_console
from .walk import Answers
from .walk_prices import ANSWERS
from .walk_races_answers import RACE
from .walk_staff import API, json_of

COURSE = f"/console/races/{RACE}/course"
PUT = ("PUT", f"{API}/events/{RACE}/course")
FILE = ("GET", f"{API}/catalog/{RACE}/course.gpx")


async def _sent(file: bytes, answers: Answers) -> tuple[httpx.Response, list[httpx.Request]]:
    async with own_console({**ANSWERS, **answers}) as console:
        answer = await console.client.post(f"/en{COURSE}", files={"file": ("5k.gpx", file, "application/gpx+xml")})
        return answer, [each for each in console.requests if each.method == "PUT"]


async def test_a_file_is_sent_on_to_registration() -> None:
    answer, [asked] = await _sent(b"<gpx/>", {PUT: json_of({})})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/en/console/races/{RACE}?done=course_set")
    assert b"<gpx/>" in asked.content


@pytest.mark.parametrize("size", [0, 5 * 1024 * 1024 + 1])
async def test_no_file_and_a_large_one_are_refused_here(size: int) -> None:
    answer, asked = await _sent(b"x" * size, {PUT: json_of({})})
    assert (answer.status_code, asked) == (413 if size else 422, [])


async def test_a_refusal_stands_at_the_file() -> None:
    content = {"code": "invalid_fields", "detail": "-", "errors": [{"field": "file", "message": "This is not a GPX."}]}
    answer, _ = await _sent(b"x", {PUT: httpx.Response(422, json=content)})
    assert (answer.status_code, "This is not a GPX." in answer.text) == (422, True)


async def test_staff_download_the_course_of_any_race() -> None:
    async with own_console({**ANSWERS, FILE: httpx.Response(200, content=b"<gpx/>")}, role=Role.VIEWER) as console:
        answer = await console.client.get(f"{COURSE}/file")
        assert (await console.client.get(COURSE)).status_code == 403
    assert (answer.content, answer.headers["Content-Type"]) == (b"<gpx/>", "application/gpx+xml")
    assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_a_course_is_removed() -> None:
    async with own_console({**ANSWERS, ("DELETE", PUT[1]): httpx.Response(204)}) as console:
        assert await console.sent_to(f"{COURSE}/remove") == f"/en/console/races/{RACE}?done=course_removed"


async def test_links_are_changed_with_the_race() -> None:
    async with own_console({**ANSWERS, ("PATCH", f"{API}/events/{RACE}"): json_of({})}) as console:
        page = await console.open(f"/console/races/{RACE}/edit")
        [base] = [each.attributes["value"] for each in page.all("input") if each.get("name") == "base"]
        link = "https://www.strava.com/clubs/other"
        known = {"strava_event_url": "https://www.strava.com/clubs/lari/group_events/1"}
        await console.sent_to(f"/console/races/{RACE}/edit", base=base or "", strava_club_url=link, **known)
        [body] = console.bodies("PATCH", f"{API}/events/{RACE}")
    assert (body["strava_club_url"], body["strava_route_url"], "strava_event_url" in body) == (link, "", False)
