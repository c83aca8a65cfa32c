"""What goes wrong at a desk: late answers, scanners that press buttons, other servers, phones that change hands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Error, Route, expect

from .conftest import Arrive
from .hall import PIN, Hall, Phone
from .watch import Watch

_CHECKINS = "**/api/checkin/v1/checkins"
_STORED = """async () => {
    const opening = indexedDB.open("startline-checkin");
    const opened = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
    const stored = {};
    for (const name of opened.objectStoreNames) {
        const reading = opened.transaction(name).objectStore(name);
        const found = await new Promise((done) => (reading.getAll().onsuccess = (e) => done(e.target.result)));
        stored[name] = JSON.stringify(found);
    }
    opened.close();
    return stored;
}"""
_EXACT = """async () => {
    const { Roster } = await import(document.querySelector("script[type=module]").src.replace("app.js", "roster.js"));
    const entry = (bib) => ({
        participant_id: `p${bib}`, ticket_sha256: `t${bib}`, full_name: `Runner ${bib}`, bib_number: bib,
        category_name: "5K", jersey_size: "m", registration_number: `R-${bib}`, group_size: 1, state: "valid",
    });
    const roster = new Roster();
    roster.apply({ whole: true, removed: [], entries: Array.from({ length: 5000 }, (_, index) => entry(index + 1)) });
    roster.apply({ whole: false, removed: [], entries: [entry(10)] });
    return roster.search("10").items[0].bib_number;
}"""


_NUMBERED = """async () => {
    const { Roster } = await import(document.querySelector("script[type=module]").src.replace("app.js", "roster.js"));
    const entry = (bib, number) => ({
        participant_id: `p${bib}`, ticket_sha256: `t${bib}`, full_name: `Runner ${bib}`, bib_number: bib,
        category_name: "5K", jersey_size: "m", registration_number: number, group_size: 1, state: "valid",
    });
    const roster = new Roster();
    const entries = [entry(12, "FR5K-00042"), entry(11, "FR5K-00042"), entry(21, "FR-5K-00042")];
    roster.apply({ whole: true, removed: [], entries });
    const typed = ["tix-fr5k00042-01", " TIX-FR5K00042-02", "TIX-FR5K00042-03", "TIX-FR-5K-00042-01"];
    return typed.map((each) => roster.search(each).items.map((found) => found.bib_number));
}"""


async def test_a_pack_whose_answer_comes_too_late_is_handed_out_once(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given a phone that knows one of two runners
    watch.allow("ERR_FAILED")
    [known] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja lambat"))
    await phone.page.route("**/roster/snapshot*", _nothing_new)
    [unknown] = await hall.tickets()
    for ticket, late in ((known, "handed_out"), (unknown, "unknown")):
        # when the server does what it is asked, and its answer comes too late
        async with _lost_answers(phone):
            assert await phone.scans(ticket) == late
        await phone.goes_on()
        await phone.synchronises()
        if late == "unknown":
            assert await phone.scans(ticket) == "handed_out"

        # then it is one check-in and no conflict
        assert len(await hall.checkins(ticket)) == 1
        assert await hall.conflicts(ticket) == []


async def _nothing_new(route: Route) -> None:
    [since] = parse_qs(urlsplit(route.request.url).query)["since"]
    event_id = since.partition(":")[2]
    body = {"version": since, "event_id": event_id, "whole": False, "entries": [], "removed": []}
    await route.fulfill(json=body)


@asynccontextmanager
async def _lost_answers(phone: Phone) -> AsyncIterator[None]:
    is_over = asyncio.Event()

    async def lose(route: Route) -> None:
        await route.fetch()
        await is_over.wait()
        with suppress(Error):  # the app has given the request up
            await route.abort()

    await phone.page.route(_CHECKINS, lose)
    yield
    is_over.set()
    await phone.page.unroute(_CHECKINS)


async def test_a_scanner_presses_no_button_and_leaves_fields_as_they_were(arrive: Arrive, hall: Hall) -> None:
    # given the list of a group on the screen
    tickets, [other] = await hall.tickets(5), await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja pemindai"))
    await phone.types_code(tickets[0].code)
    await expect(phone.page.locator("[data-members] li")).to_have_count(5)

    # when the next runner's ticket is scanned
    assert await phone.scans(other) == "handed_out"

    # then that pack is handed out, and none of the group's
    assert [len(await hall.checkins(each)) for each in (other, *tickets)] == [1, 0, 0, 0, 0, 0]

    # and a scan while a name is typed does not end up in the name
    [third] = await hall.tickets()
    await phone.goes_on()
    await phone.synchronises()
    await phone.page.locator("[data-open=proxy]").click()
    await phone.page.locator("#collected-by").fill("Bu Tini")
    await phone.page.locator("#collected-by").focus()
    await phone.page.keyboard.type(third.code)
    await phone.page.keyboard.press("Enter")
    assert await phone.verdict() == "handed_out"
    assert [each["collected_by"] for each in await hall.checkins(third)] == ["Bu Tini"]


async def test_of_a_group_it_is_said_which_packs_went_and_which_did_not(
    arrive: Arrive, hall: Hall, watch: Watch
) -> None:
    # given a member whose pack another desk hands out while the list is open
    watch.allow("409")
    tickets = await hall.tickets(5)
    phone, other = Phone(await arrive()), Phone(await arrive())
    await phone.signs_in(await hall.station("Meja grup"))
    await other.signs_in(await hall.station("Meja lain"))
    await phone.types_code(tickets[0].code)
    await expect(phone.page.locator("[data-members] li")).to_have_count(5)
    assert await other.scans(tickets[1]) == "handed_out"

    # when all five are handed out
    await phone.page.locator("[data-show=group-hand-out]").click()

    # then the screen says four, which, and why not the fifth
    assert await phone.verdict() == "group_some"
    assert (await phone.says("word")).upper() == "4 PAKET"
    lines = (await phone.says("name")).splitlines()
    assert sum(" · " in line for line in lines) == 4
    assert f"{tickets[1].bib}: Sudah diambil" in lines


async def test_a_verdict_is_gone_while_the_next_scan_is_asked(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given a green screen
    watch.allow("409")
    [first], [second] = await hall.tickets(), await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja antre"))
    assert await phone.scans(first) == "handed_out"
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    # when the next ticket is asked for
    await phone.page.route(_CHECKINS, hold)
    await phone.page.keyboard.type(second.code)
    await phone.page.keyboard.press("Enter")

    # then the screen is not green before there is an answer
    await expect(phone.page.locator("[data-verdict]")).to_be_hidden()
    held.set()
    assert await phone.verdict() == "handed_out"
    assert await phone.says("bib") == str(second.bib)


async def test_a_ticket_that_is_read_twice_in_a_row_stays_green(arrive: Arrive, hall: Hall) -> None:
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja dobel"))
    assert await phone.scans(ticket) == "handed_out"
    await phone.page.keyboard.type(ticket.code)
    await phone.page.keyboard.press("Enter")
    await phone.synchronises_behind()
    assert await phone.verdict() == "handed_out"


async def test_answers_of_another_server_are_none(arrive: Arrive, hall: Hall) -> None:
    # given a network that asks to log in, and answers everything itself
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja hotel"))
    await phone.page.route("**/api/**", lambda route: route.fulfill(json={"ok": True}))

    # when a ticket is scanned
    assert await phone.scans(ticket) == "handed_out"

    # then the scan is kept, and sent when the real server answers
    await expect(phone.state).to_contain_text("1 belum dikirim")
    await phone.page.unroute("**/api/**")
    await phone.goes_on()
    await phone.synchronises()
    assert len(await hall.checkins(ticket)) == 1


async def test_a_phone_that_is_signed_out_keeps_nothing_of_runners(arrive: Arrive, hall: Hall) -> None:
    # given a phone with a roster, a scan and a name for others
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    station_id = await hall.station("Meja malam")
    await phone.signs_in(station_id)
    await phone.page.locator("[data-open=proxy]").click()
    await phone.page.locator("#collected-by").fill("Pak Dedi")
    await phone.page.locator("[data-sheet=details] button[type=submit]").click()
    assert await phone.scans(ticket) == "handed_out"
    await phone.goes_on()

    # when it is signed out
    await phone.opens_menu()
    await phone.page.locator("[data-sign-out]").click()
    await expect(phone.view("login")).to_be_visible()

    # then no name is left, and the next volunteer hands out in no other's name
    stored = await phone.page.evaluate(_STORED)
    assert [word for word in (ticket.full_name, ticket.number, "Pak Dedi") if word in "".join(stored.values())] == []
    await phone.types_pin(PIN, "Ponsel Rudi")
    await expect(phone.view("scan")).to_be_visible()
    await expect(phone.page.locator("[data-proxy]")).to_be_hidden()


async def test_what_an_earlier_session_handed_out_can_still_be_changed(arrive: Arrive, hall: Hall) -> None:
    # given a hand-out, a phone that staff sign out later, and a new session of it without what it sent
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    station_id = await hall.station("Meja pagi")
    await phone.signs_in(station_id)
    assert await phone.scans(ticket) == "handed_out"
    await phone.goes_on()
    await phone.page.evaluate(_FORGET_SESSION)
    await phone.page.reload()
    await phone.types_pin()
    await expect(phone.view("scan")).to_be_visible()
    await phone.is_synchronised()

    # when the size is changed in the new session
    await phone.opens_menu("scans")
    await phone.page.locator("[data-scans] .plain").first.click()
    sheet = phone.page.locator("[data-sheet=details]")
    await sheet.locator("#collected-by").fill("Bu Ani")
    await sheet.locator("button[type=submit]").click()
    await phone.synchronises()

    # then it is noted at the same hand-out
    async def noted() -> bool:
        return [each["collected_by"] for each in await hall.checkins(ticket)] == ["Bu Ani"]

    await hall.eventually(noted, "the remark")
    assert await hall.conflicts(ticket) == []


_FORGET_SESSION = """() => new Promise((done) => {
    indexedDB.open("startline-checkin").onsuccess = ({ target: { result: opened } }) => {
        const writing = opened.transaction("meta", "readwrite");
        writing.objectStore("meta").delete("session");
        writing.oncomplete = () => (opened.close(), done());
    };
})"""


async def test_a_station_that_gets_another_race_keeps_its_roster(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given a phone at a station of any race
    watch.allow("ERR_INTERNET_DISCONNECTED")
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    station_id = await hall.station("Meja pindah", race=None)
    await phone.signs_in(station_id)
    await expect(phone.page.locator("[data-show=race]")).to_have_text("Semua lomba")

    # when staff give the station a race, and the phone is opened again without a network
    await hall.give_race(station_id)
    await phone.synchronises()
    await expect(phone.page.locator("[data-show=race]")).to_have_text("Lari Malam Braga")
    await phone.loses_the_network()
    await phone.ends_and_begins_again()

    # then it hands out
    assert await phone.scans(ticket) == "handed_out"


async def test_an_exact_bib_is_found_first_however_many_begin_with_it(arrive: Arrive) -> None:
    page = await arrive()
    await page.goto("/checkin")
    assert await page.evaluate(_EXACT) == 10


async def test_a_ticket_number_finds_its_runner_without_a_network(arrive: Arrive) -> None:
    page = await arrive()
    await page.goto("/checkin")
    assert await page.evaluate(_NUMBERED) == [[11], [12], [], [21]]
