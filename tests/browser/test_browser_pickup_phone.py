"""What a phone does for its volunteer: sounds, warnings, numbers, and everything kept when it crashes or is updated."""

import asyncio
from contextlib import suppress

import pytest
from chassis.auth.principals import Role
from playwright.async_api import Error, expect
from standalone.journey.process import PlatformProcess

from .conftest import Arrive
from .crew import CONSOLE, Crew
from .devices import DESKTOP, PHONE, Device
from .front import Front, none
from .hall import PIN, Hall, Phone
from .looks import too_wide
from .watch import Watch

pytestmark = pytest.mark.soak

_NO_NETWORK = "ERR_INTERNET_DISCONNECTED"
_UNKNOWN = "0" * 32
_HEARD = """(() => {
    globalThis.heard = { tones: [], moved: [] };
    navigator.vibrate = (pattern) => heard.moved.push(pattern) > 0;
    const pitch = { set value(hertz) { heard.tones.push(hertz); } };
    const tone = () => ({ frequency: pitch, connect: (to) => to, start() {}, stop() {} });
    const volume = () => ({ gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to });
    globalThis.AudioContext = class {
        state = "running";
        currentTime = 0;
        resume() {}
        createOscillator() { return tone(); }
        createGain() { return volume(); }
    };
})()"""
_TAKE = "() => heard.tones.splice(0).concat(['/'], heard.moved.splice(0).flat())"


async def test_each_verdict_has_its_colour_sound_and_vibration_until_they_are_switched_off(
    arrive: Arrive, hall: Hall, watch: Watch
) -> None:
    # given
    watch.allow("409")
    watch.allow("404")
    [ticket], [other] = await hall.tickets(), await hall.tickets()
    phone = Phone(await arrive())
    await phone.page.add_init_script(_HEARD)
    await phone.signs_in(await hall.station("Meja bunyi"))

    async def signal(code: str, kind: str) -> list[object]:
        await phone.types_code(code)
        await expect(phone.page.locator("[data-verdict]")).to_have_attribute("data-kind", kind)
        await expect(phone.page.locator("[data-verdict]")).to_be_visible()
        found: list[object] = await phone.page.evaluate(_TAKE)
        return [await phone.page.locator("[data-verdict]").get_attribute("data-colour"), *found]

    # then a pack to hand over, one that is gone, and an unknown ticket are told apart without a look at the screen
    assert await signal(ticket.code, "handed_out") == ["good", 880, 1320, "/", 80]
    assert await signal(_UNKNOWN, "unknown") == ["bad", 180, "/", 500]
    assert await signal(ticket.code, "already") == ["warn", 440, 440, "/", 120, 80, 120]

    # and a phone that is to be quiet is
    await phone.goes_on()
    await phone.opens_menu()
    await phone.page.locator("[data-sound]").click()
    await phone.page.locator("[data-sheet=menu] [data-close]").click()
    assert await signal(other.code, "handed_out") == ["good", "/"]


_LARGE = """() => [...document.querySelectorAll("[data-show=verdict-bib], [data-show=verdict-size]")]
    .map((each) => parseFloat(getComputedStyle(each).fontSize))"""


@pytest.mark.parametrize("device", [PHONE, Device(320, 600)], ids=["phone", "small phone"])
async def test_bib_and_size_are_large_enough_for_two_metres(arrive: Arrive, hall: Hall, device: Device) -> None:
    """A phone is 65 mm wide: 80 px of 360 are letters of 10 mm, of which a good eye needs 3 mm at two metres."""
    [ticket] = await hall.tickets()
    phone = Phone(await arrive(device))
    await phone.signs_in(await hall.station(f"Meja besar {device.width}"))
    assert await phone.scans(ticket) == "handed_out"
    bib, size = await phone.page.evaluate(_LARGE)
    assert bib >= 80 * device.width / 360
    assert size >= 48
    assert await too_wide(phone.page) == []


async def test_a_phone_that_is_nearly_full_says_so_while_it_hands_out(arrive: Arrive, hall: Hall) -> None:
    """Only browsers that tell how much is left: Chromium answers ten gigabytes whatever there is."""
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.page.add_init_script("navigator.storage.estimate = async () => ({ quota: 40e6, usage: 9e6 })")
    await phone.signs_in(await hall.station("Meja sempit"))
    await expect(phone.page.locator("[data-warnings]")).to_contain_text("Memori ponsel hampir penuh: sisa 30 MB")
    assert await phone.scans(ticket) == "handed_out"


async def test_a_list_that_is_half_an_hour_old_says_so(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    watch.allow(_NO_NETWORK)
    phone = Phone(await arrive())
    await phone.page.add_init_script("navigator.storage.persist = async () => true")
    await phone.page.clock.install()
    await phone.signs_in(await hall.station("Meja lama"))
    await phone.loses_the_network()
    await phone.page.clock.fast_forward(25 * 60_000)
    await expect(phone.state).to_contain_text("25 menit lalu")
    await expect(phone.page.locator("[data-warnings]")).to_be_empty()
    await phone.page.clock.fast_forward(6 * 60_000)
    await expect(phone.page.locator("[data-warnings]")).to_contain_text("Daftar di ponsel ini")


async def test_a_scan_survives_a_crash_of_the_app(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given a pack that was handed out without a network
    watch.allow(_NO_NETWORK)
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja mogok"))
    await phone.loses_the_network()
    assert await phone.scans(ticket) == "handed_out"

    # when the process of the page is killed, and the app is opened again
    again = Phone(await phone.page.context.new_page())
    await _crash(phone)
    await phone.page.close()
    await again.page.goto("/checkin")
    await expect(again.view("scan")).to_be_visible()

    # then the scan is there, and is sent when there is a network
    await expect(again.state).to_contain_text("1 belum dikirim")
    assert await again.scans(ticket) == "already"
    await again.goes_on()
    await again.finds_a_network()
    assert len(await hall.checkins(ticket)) == 1
    assert await hall.conflicts(ticket) == []


async def _crash(phone: Phone) -> None:
    session = await phone.page.context.new_cdp_session(phone.page)
    async with phone.page.expect_event("crash"):
        crashing = asyncio.ensure_future(session.send("Page.crash"))
    crashing.cancel()
    with suppress(asyncio.CancelledError, Error):
        await crashing


async def test_a_new_version_that_starts_without_a_network_has_the_scans_that_were_not_sent(
    arrive: Arrive, hall: Hall, platform: PlatformProcess, watch: Watch
) -> None:
    watch.allow(_NO_NETWORK)
    async with Front(platform.url, none) as front:
        # given a phone that got a new version, and then lost the network
        [ticket] = await hall.tickets()
        phone = Phone(await arrive(at=front.url))
        await phone.signs_in(await hall.station("Meja pembaruan"))
        front.release_the_app("abcdef012345")
        await phone.page.evaluate("() => navigator.serviceWorker.ready.then((each) => each.update())")
        await expect(phone.page.locator("[data-warnings]")).to_contain_text("Versi baru siap")
        await phone.loses_the_network()
        assert await phone.scans(ticket) == "handed_out"
        await phone.goes_on()

        # when the new version is started
        await phone.opens_menu()
        await phone.page.locator("[data-update]").click()
        await expect(phone.page.locator("body")).to_have_attribute("data-version", "abcdef012345")

        # then nothing is lost
        await expect(phone.state).to_contain_text("1 belum dikirim")
        assert await phone.scans(ticket) == "already"
        await phone.goes_on()
        await phone.finds_a_network()
        assert len(await hall.checkins(ticket)) == 1


async def test_a_locked_station_is_said_clearly(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given a station at which ten wrong PINs were tried
    watch.allow("423")
    station_id = await hall.station("Meja terkunci")
    wrong = {"pin_code": "111222", "device_name": "Ponsel asing"}
    for _ in range(10):
        await hall.site.call("POST", f"/checkin/v1/stations/{station_id}/login", json=wrong, expect=(401, 423))

    # when the right one is typed
    phone = Phone(await arrive())
    await phone.opens(station_id)
    await phone.types_pin(PIN)

    # then the app says who can help
    await expect(phone.page.locator("[data-login-message]")).to_contain_text("admin harus membuka kunci meja ini")
    await expect(phone.view("scan")).to_be_hidden()


async def test_packs_and_jerseys_are_counted_on_the_phone(arrive: Arrive, hall: Hall) -> None:
    # given what was brought of a size
    [ticket] = await hall.tickets()
    left = await hall.brings("m", 500)
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja hitung"))
    desk, everywhere, waiting = [phone.page.locator(f"[data-show=count-{name}]") for name in ("desk", "all", "waiting")]
    await expect(desk).to_have_text("0")
    before, to_come = int(await everywhere.inner_text()), int(await waiting.inner_text())

    # when a pack is handed out
    assert await phone.scans(ticket) == "handed_out"

    # then the sizes say what is left, and desk and hall count the pack
    await phone.page.locator("[data-verdict-details]").click()
    await expect(phone.page.locator("[data-sizes]")).to_contain_text(f"M (sisa {left})")
    await phone.page.locator("[data-sheet=details] [data-close]").click()
    await expect(desk).to_have_text("1")
    await phone.opens_menu("counts")
    total = phone.page.locator("[data-count-rows] tr").last.locator("td")
    await expect(total).to_have_text([str(before + 1), str(to_come - 1)])


async def test_who_synchronises_gets_the_stock_as_it_is_now(arrive: Arrive, hall: Hall) -> None:
    # given a phone that has just fetched the stock, before more was brought
    [ticket] = await hall.tickets()
    await hall.brings("m", 500)
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja stok"))
    assert await phone.scans(ticket) == "handed_out"
    left = await hall.brings("m", 900)

    # when
    await phone.goes_on()
    await phone.synchronises()

    # then
    await phone.opens_menu("scans")
    await phone.page.locator("[data-scans] button").first.click()
    await expect(phone.page.locator("[data-sizes]")).to_contain_text(f"M (sisa {left})")


async def test_a_cancelled_runner_counts_for_no_pack_on_the_phone(arrive: Arrive, hall: Hall) -> None:
    [ticket] = await hall.tickets()
    await hall.cancel(ticket)
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja daftar"))
    counts = [phone.page.locator(f"[data-show=count-{name}]") for name in ("all", "waiting")]
    packs = sum([int(await each.inner_text()) for each in counts])
    await phone.opens_menu()
    await expect(phone.page.locator("[data-show=about]")).to_contain_text(f"{packs} paket di daftar ponsel ini")


@pytest.mark.timeout(240)
async def test_what_staff_take_back_and_decide_in_the_console_reaches_the_phones(
    arrive: Arrive, hall: Hall, watch: Watch, crew: Crew
) -> None:
    # given a pack that two phones without a network handed out
    watch.allow(_NO_NETWORK)
    [ticket] = await hall.tickets()
    phones = [Phone(await arrive()) for _ in range(2)]
    for number, phone in enumerate(phones, start=1):
        await phone.signs_in(await hall.station(f"Loket {number}"))
        await phone.loses_the_network()
        assert await phone.scans(ticket) == "handed_out"
        await phone.goes_on()
    for phone in phones:
        await phone.finds_a_network()
    await expect(phones[1].page.locator("[data-show=conflict-count]")).to_have_text("1")
    page = await arrive(DESKTOP)
    await crew.logs_in(page, Role.ADMIN)

    # when an admin decides the conflict, by clicks
    await page.goto(f"{CONSOLE}/conflicts")
    await page.locator("main tr", has_text=ticket.full_name).locator("a").first.click()
    await page.locator("#reason").fill("Paket kedua sudah dikembalikan.")
    await page.locator("main form button[type=submit]").first.click()
    await page.wait_for_url("**done=resolved**")

    # then the phone has none any more
    await phones[1].synchronises()
    await expect(phones[1].page.locator("[data-show=conflict-count]")).to_have_text("")
    assert await hall.conflicts(ticket) == []

    # when the hand-out that holds is taken back with a reason
    await page.goto(f"{CONSOLE}/pickup/handouts/{ticket.participant_id}/undo")
    await expect(page.locator("main")).to_contain_text(ticket.full_name)
    await page.locator("#reason").fill("Salah orang.")
    await page.locator("main form button[type=submit]").first.click()
    await page.wait_for_url("**done=undone**")

    # then the phone that made it may hand the pack out again
    assert await hall.checkins(ticket) == []
    await phones[0].synchronises()
    assert await phones[0].scans(ticket) == "handed_out"
    assert len(await hall.checkins(ticket)) == 1
