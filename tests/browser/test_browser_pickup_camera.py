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
_WITH_TWO_CAMERAS = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=2")
_IN_THE_HALL = "hall.example"
_RECORDED = """(() => {
    globalThis.recorded = { streams: [], set: [], locks: 0 };
    const ask = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (wanted) {
        const stream = await ask.call(this, wanted);
        recorded.streams.push(stream);
        return stream;
    };
    MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 3 } });
    MediaStreamTrack.prototype.applyConstraints = async ({ advanced: [set] }) => { recorded.set.push(set); };
    const lock = () => (recorded.locks += 1, { release: async () => { recorded.locks -= 1; } });
    Object.defineProperty(Navigator.prototype, "wakeLock", { get: () => ({ request: async () => lock() }) });
})()"""
_IN_USE = "() => [recorded.streams.filter((each) => each.active).length, recorded.locks]"
_CAMERA = "() => document.querySelector('[data-video]').srcObject.getVideoTracks()[0].getSettings().deviceId"
_CAMERA_IS_GONE = """() => new Promise((done) => {
    indexedDB.open("startline-checkin").onsuccess = ({ target: { result: opened } }) => {
        const writing = opened.transaction("meta", "readwrite");
        writing.objectStore("meta").put("a camera that is gone", "camera");
        writing.oncomplete = () => (opened.close(), done());
    };
})"""
_HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


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


async def _signs_in_with_a_camera(page: Page, hall: Hall, station: str) -> None:
    """Sign a phone with recorded cameras in, and wait for its camera."""
    await page.context.grant_permissions(["camera"])
    await page.add_init_script(_RECORDED)
    await Phone(page).opens(await hall.station(station))
    await Phone(page).types_pin()
    await expect(page.locator("[data-camera]")).to_have_attribute("data-on", "yes")


async def _holds(page: Page, hall: Hall, cameras: int) -> None:
    """Wait until so many cameras are in use, and as many locks keep the screen on."""

    async def held() -> bool:
        return bool(await page.evaluate(_IN_USE) == [cameras, cameras])

    await hall.eventually(held, f"{cameras} cameras in use")


async def test_another_camera_can_be_chosen_and_begins_without_light_and_zoom(
    chromium: Path, platform: PlatformProcess, hall: Hall, watch: Watch
) -> None:
    # given a phone with two cameras, light and zoom
    async with _phone(chromium, platform.url, watch, *_WITH_TWO_CAMERAS) as page:
        await _signs_in_with_a_camera(page, hall, "Meja dua kamera")
        light, zoom = page.locator("[data-torch]"), page.locator("[data-zoom]")
        first = await page.evaluate(_CAMERA)

        # when light and zoom are used
        await light.click()
        await zoom.click()
        await expect(light).to_have_attribute("aria-pressed", "true")

        # then the other camera begins without them
        await page.locator("[data-next-camera]").click()
        await expect(light).to_have_attribute("aria-pressed", "false")
        assert (second := await page.evaluate(_CAMERA)) != first
        await zoom.click()
        await light.click()
        assert await page.evaluate("() => recorded.set") == [{"torch": True}, {"zoom": 2}, {"zoom": 2}, {"torch": True}]

        # and it is the one that is used when the app is opened again
        await page.reload()
        await expect(page.locator("[data-camera]")).to_have_attribute("data-on", "yes")
        assert await page.evaluate(_CAMERA) == second

        # and without that camera, any other
        await page.evaluate(_CAMERA_IS_GONE)
        await page.reload()
        await expect(page.locator("[data-camera]")).to_have_attribute("data-on", "yes")
        assert await page.evaluate(_CAMERA) == first
    assert not watch.complaints, watch.complaints


async def test_the_camera_rests_while_the_app_is_hidden_and_the_screen_stays_on_while_it_reads(
    chromium: Path, platform: PlatformProcess, hall: Hall, watch: Watch
) -> None:
    async with _phone(chromium, platform.url, watch, *_WITH_TWO_CAMERAS) as page:
        await _signs_in_with_a_camera(page, hall, "Meja istirahat")
        camera = page.locator("[data-camera]")
        await _holds(page, hall, 1)

        # when the app is hidden
        await page.evaluate(_HIDE, True)  # an argument of the script
        await expect(camera).not_to_have_attribute("data-on", "yes")
        await _holds(page, hall, 0)

        # then one camera is on when it is back, also after it came and went at once
        await page.evaluate(f"() => {{ for (const hidden of [false, true, false]) ({_HIDE})(hidden); }}")
        await expect(camera).to_have_attribute("data-on", "yes")
        await page.wait_for_timeout(500)
        await _holds(page, hall, 1)
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
