"""Volunteers hand race packs out where the network breaks: nothing is lost, and what went out twice is seen."""

from playwright.async_api import expect
from standalone.journey.process import PlatformProcess

from .conftest import Arrive
from .hall import Hall, Phone
from .watch import Watch

_NO_NETWORK = "ERR_INTERNET_DISCONNECTED"
_IS_FULL = """() => new Promise((done) => {
    const opening = indexedDB.open("filler", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("filler");
    opening.onerror = () => done(true);
    opening.onsuccess = () => {
        const writing = opening.result.transaction("filler", "readwrite");
        writing.objectStore("filler").put(new Uint8Array(100_000), 1);
        const end = (isFull) => () => (opening.result.close(), done(isFull));
        writing.oncomplete = end(false);
        writing.onabort = end(true);
    };
})"""


async def test_three_phones_without_a_network_and_with_wrong_clocks_end_up_with_one_hand_out(
    arrive: Arrive, hall: Hall, watch: Watch
) -> None:
    # given three phones in a hall whose network is gone; two clocks are wrong by minutes
    watch.allow(_NO_NETWORK)
    [shared], [own] = await hall.tickets(), await hall.tickets()
    phones = [Phone(await arrive()) for _ in range(3)]
    for number, (phone, minutes) in enumerate(zip(phones, (0, 7, -9), strict=True), start=1):
        await phone.clock_is_off(minutes)
        await phone.signs_in(await hall.station(f"Pintu {number}"), name=f"Ponsel {number}")
    for phone in phones:
        await phone.loses_the_network()

    # when all hand the same pack out, one after the other, and the last one another pack, too
    for phone in phones:
        assert await phone.scans(shared) == "handed_out"
    assert await phones[2].scans(own) == "handed_out"
    await expect(phones[2].state).to_contain_text("2 belum dikirim")

    # and they come back in another order
    for phone in (phones[1], phones[2], phones[0]):
        await phone.finds_a_network()

    # then the first hand-out holds, the two others are conflicts, and each phone shows its own
    [holds] = await hall.checkins(shared)
    assert holds["station_name"] == "Pintu 1"
    assert len(await hall.checkins(own)) == 1
    assert {each["station_name"] for each in await hall.conflicts(shared)} == {"Pintu 2", "Pintu 3"}
    await phones[2].goes_on()
    await phones[2].synchronises()
    await phones[2].opens_menu("conflicts")
    await expect(phones[2].page.locator("[data-conflicts] li")).to_have_count(1)
    await expect(phones[2].page.locator("[data-conflicts]")).to_contain_text("Pintu 1")


async def test_a_scan_survives_the_end_of_the_page_and_is_sent_when_there_is_a_network(
    arrive: Arrive, hall: Hall, watch: Watch
) -> None:
    # given a pack that was handed out without a network
    watch.allow(_NO_NETWORK)
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja putus"))
    await phone.loses_the_network()
    assert await phone.scans(ticket) == "handed_out"

    # when the page ends and is opened again, still without a network
    await phone.ends_and_begins_again()
    await expect(phone.state).to_contain_text("1 belum dikirim")

    # then a second scan is refused, and the first is sent when the network is back
    assert await phone.scans(ticket) == "already"
    assert await hall.checkins(ticket) == []
    await phone.goes_on()
    await phone.finds_a_network()
    assert len(await hall.checkins(ticket)) == 1
    assert await hall.conflicts(ticket) == []


async def test_a_phone_whose_storage_is_full_hands_nothing_out(
    arrive: Arrive, hall: Hall, watch: Watch, platform: PlatformProcess
) -> None:
    # given
    watch.allow(_NO_NETWORK)
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja penuh"))
    await phone.loses_the_network()

    # when the phone has no room for the scan; Chromium takes up to half a minute to notice
    session = await phone.page.context.new_cdp_session(phone.page)
    await session.send("Storage.overrideQuotaForOrigin", {"origin": platform.url, "quotaSize": 1})

    async def is_full() -> bool:
        return bool(await phone.page.evaluate(_IS_FULL))

    await hall.eventually(is_full, "a full storage")

    # then the screen is red, nothing is counted, and with room again the pack is handed out
    assert await phone.scans(ticket) == "not_stored"
    await expect(phone.page.locator("[data-verdict]")).to_have_attribute("data-colour", "bad")
    await expect(phone.page.locator("[data-warnings]")).to_contain_text("Ponsel ini tidak dapat menyimpan data baru.")
    await expect(phone.page.locator("[data-show=count-desk]")).to_have_text("0")
    await session.send("Storage.overrideQuotaForOrigin", {"origin": platform.url})
    assert await phone.scans(ticket) == "handed_out"
    await expect(phone.page.locator("[data-warnings]")).not_to_contain_text("Ponsel ini tidak dapat menyimpan")


async def test_a_phone_that_was_signed_out_meanwhile_hears_it_and_its_scans_are_kept(
    arrive: Arrive, hall: Hall, watch: Watch
) -> None:
    # given a phone without a network that staff have signed out
    watch.allow(_NO_NETWORK)
    watch.allow("401")
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    station_id = await hall.station("Meja hilang")
    await phone.signs_in(station_id)
    await phone.loses_the_network()
    assert await phone.scans(ticket) == "handed_out"
    await hall.revoke(station_id)

    # when it is back
    await phone.goes_on()
    await phone.page.context.set_offline(False)

    # then it says so, and staff decide about its scan
    await expect(phone.view("login")).to_be_visible()
    await expect(phone.page.locator("[data-login-message]")).to_contain_text("Petugas mengeluarkan ponsel ini")
    await expect(phone.page.locator("[data-login-message]")).to_contain_text("Menunggu keputusan: 1.")
    assert await hall.checkins(ticket) == []
    assert [each["kind"] for each in await hall.conflicts(ticket)] == ["device_revoked"]


async def test_a_phone_with_scans_to_send_is_not_signed_out(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given
    watch.allow(_NO_NETWORK)
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja pulang"))
    await phone.loses_the_network()
    assert await phone.scans(ticket) == "handed_out"
    await phone.goes_on()

    # when
    await phone.opens_menu()
    await phone.page.locator("[data-sign-out]").click()

    # then
    await expect(phone.page.locator("[data-show=menu-message]")).to_contain_text("1 pindaian belum dikirim")
    await expect(phone.view("login")).to_be_hidden()
    await phone.page.locator("[data-sheet=menu] [data-close]").click()
    await phone.finds_a_network()
    await phone.opens_menu()
    await phone.page.locator("[data-sign-out]").click()
    await expect(phone.view("login")).to_be_visible()
