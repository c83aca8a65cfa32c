"""Banner and logo in the console: sent on to registration, shown to staff before publication, and removed."""

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.races.pictures import MAX_FILE_BYTES, PICTURE_BYTES

from .conftest import picture
from .races_api import API, ONE, RACES, RacesApi, console, error, opened
from .walk import problem
from .walk_races_answers import RACE, staff_race

BANNER = f"{ONE}/pictures/banner"
PUT = f"{RACES}/{RACE}/banner"


def _file(content: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("poster.png", content, "image/png")}


@pytest.mark.parametrize("kind", ["banner", "logo"])
async def test_a_picture_is_sent_on_as_it_is(kind: str) -> None:
    api = RacesApi()
    async with console(api) as browser:
        answer = await browser.post(f"{ONE}/pictures/{kind}", files=_file(b"a picture"))
    assert answer.headers["location"] == f"{ONE}?done={kind}_set"
    [sent] = api.of("PUT", f"{RACES}/{RACE}/{kind}")
    assert b"a picture" in sent.content
    assert sent.headers["authorization"] == "Bearer token"


async def test_the_limits_are_said_before() -> None:
    async with console(RacesApi()) as browser:
        page = await opened(browser, BANNER)
    assert "at most 5 MB and 25 million pixels" in page.text
    assert page.one("input", type="file").get("accept") == "image/jpeg,image/png,image/webp"


async def test_a_picture_of_the_largest_size_arrives_and_a_larger_one_is_refused_in_words() -> None:
    api = RacesApi()
    async with console(api) as browser:
        whole = await browser.post(BANNER, files=_file(bytes(MAX_FILE_BYTES)))
        larger = await browser.post(BANNER, files=_file(bytes(MAX_FILE_BYTES + 1)))
        huge = await browser.post(BANNER, files=_file(bytes(PICTURE_BYTES)))
    assert (whole.status_code, larger.status_code, huge.status_code) == (303, 413, 413)
    assert "larger than 5 MB" in error(larger.text, "file")
    assert len(api.changes) == 1


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (problem(415, "unsupported_image", detail="No picture."), 415, "No picture."),
        (problem(422, "invalid_fields", errors=[{"field": "file", "message": "Wrong."}]), 422, "Wrong."),
        (httpx.Response(502), 503, "Send it once more"),
    ],
)
async def test_a_refusal_is_said_at_the_file(answer: httpx.Response, status: int, said: str) -> None:
    api = RacesApi(refuse=lambda request: answer if request.method == "PUT" else None)
    async with console(api) as browser:
        found = await browser.post(BANNER, files=_file(b"x"))
    assert (found.status_code, said in error(found.text, "file")) == (status, True)


async def test_without_a_file_nothing_is_sent() -> None:
    api = RacesApi()
    async with console(api) as browser:
        answer = await browser.post(BANNER, files=_file(b""))
    assert (answer.status_code, api.changes) == (422, [])
    assert "Choose a picture first." in error(answer.text, "file")


async def test_a_picture_is_removed_after_a_page_that_says_what_follows() -> None:
    api = RacesApi([staff_race(banner=picture())])
    async with console(api) as browser:
        page = await opened(browser, f"{BANNER}/remove")
        assert "Previews of shared links have no picture any more." in page.text
        assert api.changes == []
        for _ in range(2):
            answer = await browser.post(f"{BANNER}/remove")
            assert answer.headers["location"] == f"{ONE}?done=banner_removed"
    assert len(api.of("DELETE", PUT)) == 2


async def test_staff_load_pictures_of_a_race_that_is_not_published() -> None:
    def shown(request: httpx.Request) -> httpx.Response | None:
        is_picture = request.url.path == f"{API}/catalog/{RACE}/banner/320.webp"
        return httpx.Response(200, content=b"webp", headers={"Content-Type": "text/html"}) if is_picture else None

    api = RacesApi([staff_race(banner=picture(), is_active=False)], refuse=shown)
    async with console(api, Role.VIEWER) as browser:
        page = await opened(browser, ONE)
        [address] = [each.get("src") or "" for each in page.all("img") if "/images/" in (each.get("src") or "")]
        assert address.startswith(f"/console/races/{RACE}/images/banner/1280.webp?v=")
        found = await browser.get(address.replace("1280", "320"))
        missing = await browser.get(address)
        strange = await browser.get(f"/console/races/{RACE}/images/banner/..%2Fx")
    assert (found.content, found.headers["Content-Type"], found.headers["Cache-Control"]) == (
        b"webp",
        "image/webp",
        "no-store",
    )
    assert (missing.status_code, strange.status_code) == (404, 404)


async def test_the_preview_shows_pictures_that_only_staff_can_load() -> None:
    api = RacesApi([staff_race(banner=picture(), logo=picture("logo", 96, share=False), is_active=False)])
    async with console(api) as browser:
        page = await opened(browser, f"{ONE}/preview")
    assert {(each.get("src") or "").startswith("/console/races/") for each in page.all("article")[0].all("img")} == {
        True
    }
