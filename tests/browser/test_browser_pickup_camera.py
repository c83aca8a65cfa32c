"""The camera of a volunteer's phone, and a page that was opened without HTTPS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page, async_playwright, expect
from standalone.journey.process import PlatformProcess

from .cameras import video_of
from .conftest import ARGUMENTS
from .devices import PHONE
from .hall import Hall, Phone
from .watch import Watch

_WITH_CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
_IN_THE_HALL = "hall.example"


@asynccontextmanager
async def _phone(chromium: Path, base_url: str, watch: Watch, *arguments: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS, *arguments])
        context = await browser.new_context(base_url=base_url, **PHONE.options())
        context.on("page", watch.over)
        try:
            yield await context.new_page()
        finally:
            await browser.close()


async def test_a_ticket_before_the_camera_is_handed_out_without_a_tap(
    chromium: Path, platform: PlatformProcess, hall: Hall, watch: Watch, tmp_path: Path
) -> None:
    # given a camera that sees one ticket, and later another
    [first], [second] = await hall.tickets(), await hall.tickets()
    video = video_of(tmp_path / "desk.y4m", [first.code, second.code])
    camera = (*_WITH_CAMERA, f"--use-file-for-fake-video-capture={video}")
    async with _phone(chromium, platform.url, watch, *camera) as page:
        phone = Phone(page)
        station_id = await hall.station("Meja kamera")
        await phone.opens(station_id)
        await phone.types_pin()

        # when the camera is switched on
        if await page.locator("[data-camera-start]").is_visible():
            await page.locator("[data-camera-start]").click()

        # then both packs are handed out, with the BIB on the whole screen
        bib = page.locator("[data-show=verdict-bib]")
        await expect(bib).to_have_text(str(first.bib))
        assert await phone.verdict() == "handed_out"
        shown = await bib.bounding_box()
        assert shown is not None
        assert shown["width"] > PHONE.width / 2
        await expect(bib).to_have_text(str(second.bib))
    assert [len(await hall.checkins(each)) for each in (first, second)] == [1, 1]
    assert not watch.complaints, watch.complaints


async def test_a_phone_learns_its_station_from_the_printed_code(
    chromium: Path, platform: PlatformProcess, hall: Hall, watch: Watch, tmp_path: Path
) -> None:
    # given the sheet of a station before the camera
    station_id = await hall.station("Meja lembar")
    video = video_of(tmp_path / "sheet.y4m", [f"{platform.url}/checkin?station={station_id}"])
    camera = (*_WITH_CAMERA, f"--use-file-for-fake-video-capture={video}")
    async with _phone(chromium, platform.url, watch, *camera) as page:
        phone = Phone(page)
        await page.goto("/checkin")

        # when it is scanned
        await page.locator("[data-scan-station]").click()

        # then only PIN and name are asked for
        await expect(page.locator("[data-station-field]")).to_be_hidden()
        await phone.types_pin()
        await expect(page.locator("[data-show=station]")).to_have_text("Meja lembar")


async def test_without_https_the_app_says_what_is_wrong_and_works_while_the_server_answers(
    chromium: Path, platform: PlatformProcess, hall: Hall, watch: Watch
) -> None:
    # given a page that was opened by a plain address of the hall
    [ticket] = await hall.tickets()
    address = f"http://{_IN_THE_HALL}:{urlsplit(platform.url).port}"
    async with _phone(chromium, address, watch, f"--host-resolver-rules=MAP {_IN_THE_HALL} 127.0.0.1") as page:
        phone = Phone(page)
        await phone.opens(await hall.station("Meja tanpa HTTPS"))
        await expect(page.locator("[data-warnings]")).to_contain_text("tanpa HTTPS")

        # when
        await phone.types_pin()
        await expect(phone.view("scan")).to_be_visible()
        await phone.is_synchronised()

        # then a hardware scanner and the search work
        assert await phone.scans(ticket) == "handed_out"
        found = await phone.searches(str(ticket.bib))
        await expect(found.first).to_contain_text("sudah diambil")
    assert len(await hall.checkins(ticket)) == 1
