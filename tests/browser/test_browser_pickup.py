"""Volunteers hand race packs out with their phones: with a network."""

import pytest
from playwright.async_api import expect
from standalone.journey.process import PlatformProcess
from testkit.axe import violations

from .conftest import Arrive
from .devices import DESKTOP, PHONE, Device
from .front import Front, none
from .hall import PIN, Hall, Phone
from .watch import Watch


async def test_two_phones_with_a_network_hand_a_pack_out_once(arrive: Arrive, hall: Hall, watch: Watch) -> None:
    # given two phones at two desks
    watch.allow("status 409")
    watch.allow("409 (Conflict)")
    [ticket] = await hall.tickets()
    first, second = Phone(await arrive()), Phone(await arrive())
    await first.signs_in(await hall.station("Meja 1"))
    await second.signs_in(await hall.station("Meja 2"))

    # when both scan the same ticket
    verdicts = [await first.scans(ticket), await second.scans(ticket)]

    # then one hands out, and the other says when and where
    assert verdicts == ["handed_out", "already"]
    assert (await first.says("bib"), await first.says("name")) == (str(ticket.bib), ticket.full_name)
    assert "Meja 1, Gedung Merdeka" in await second.says("note")
    assert len(await hall.checkins(ticket)) == 1
    assert await hall.conflicts(ticket) == []


async def test_a_captain_collects_some_of_the_group_and_later_the_others(arrive: Arrive, hall: Hall) -> None:
    # given a group of five, whose captain shows the code
    tickets = await hall.tickets(5)
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja rombongan"))
    await phone.types_code(tickets[0].code)
    members = phone.page.locator("[data-members] li")
    await expect(members).to_have_count(5)

    # when two of them are left for later
    for ticket in tickets[3:]:
        await phone.page.locator(f"[data-members] input[value='{ticket.participant_id}']").uncheck()
    await phone.page.locator("[data-show=group-hand-out]").click()

    # then three packs are handed out, and the captain's code offers the other two
    assert await phone.verdict() == "group_done"
    assert [len(await hall.checkins(each)) for each in tickets] == [1, 1, 1, 0, 0]
    await phone.types_code(tickets[0].code)
    await expect(phone.page.locator("[data-members] input:checked")).to_have_count(2)


async def test_a_runner_is_found_by_name_and_by_bib(arrive: Arrive, hall: Hall) -> None:
    # given
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja cari"))

    # when the volunteer types a name and a BIB
    by_name = await phone.searches(ticket.full_name)
    await expect(by_name.filter(has_text=ticket.number)).to_have_count(1)
    by_bib = await phone.searches(str(ticket.bib))
    await by_bib.first.click()

    # then the runner is shown, and the pack is handed out by a tap
    await expect(phone.page.locator("[data-show=person-name]")).to_have_text(ticket.full_name)
    await phone.page.locator("[data-hand-out]").click()
    assert await phone.verdict() == "handed_out"
    assert len(await hall.checkins(ticket)) == 1


async def test_another_size_and_another_person_are_noted_after_the_scan(arrive: Arrive, hall: Hall) -> None:
    # given a pack that was handed out
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja ukuran"))
    assert await phone.scans(ticket) == "handed_out"

    # when the volunteer notes that another size went to another person, who showed a letter
    await phone.page.locator("[data-verdict-details]").click()
    sheet = phone.page.locator("[data-sheet=details]")
    other = sheet.locator("input[name=handed_size]:not(:checked)").first
    size = await other.get_attribute("value")
    await other.check(force=True)
    await sheet.locator("#collected-by").fill("Bu Tini")
    await sheet.locator("input[name=letter_seen]").check()
    await sheet.locator("button[type=submit]").click()

    # then staff see it
    async def noted() -> bool:
        [found] = await hall.checkins(ticket)
        seen = (found["collected_by"], found["letter_seen"], found["identity_seen"], found["handed_size"])
        return seen == ("Bu Tini", True, False, size)

    await hall.eventually(noted, "the size at staff's")


async def test_one_person_collects_for_several_until_that_is_ended(arrive: Arrive, hall: Hall) -> None:
    # given
    [first], [second] = await hall.tickets(), await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja wakil"))

    # when a name is noted before the first scan, and ended before the second
    await phone.page.locator("[data-open=proxy]").click()
    await phone.page.locator("#collected-by").fill("Pak Dedi")
    await phone.page.locator("[data-sheet=details] button[type=submit]").click()
    assert await phone.scans(first) == "handed_out"
    await phone.goes_on()
    await phone.page.locator("[data-proxy-end]").click()
    assert await phone.scans(second) == "handed_out"

    # then only the first was collected by that person
    assert [each["collected_by"] for ticket in (first, second) for each in await hall.checkins(ticket)] == [
        "Pak Dedi",
        None,
    ]


async def test_without_a_name_it_is_said_that_one_is_missing(arrive: Arrive, hall: Hall) -> None:
    # given
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja tanpa nama"))
    sheet = phone.page.locator("[data-sheet=details]")
    label, problem = sheet.locator("label[for=collected-by]"), sheet.locator("[data-show=details-problem]")

    # when no name is typed for one person who collects for several
    await phone.page.locator("[data-open=proxy]").click()
    await expect(label).to_have_text("Diambil oleh")
    await sheet.locator("button[type=submit]").click()

    # then the sheet stays and says so, and a scan goes on without it
    await expect(problem).to_have_text("Isi nama orang yang mengambil paket-paket ini.")
    await expect(sheet).to_be_visible()
    assert await phone.scans(ticket) == "handed_out"

    # and the name may be left out where the runner came
    await phone.page.locator("[data-verdict-details]").click()
    await expect(label).to_contain_text("kosongkan jika peserta datang sendiri")
    await expect(problem).to_be_hidden()
    await sheet.locator("button[type=submit]").click()
    await expect(sheet).to_be_hidden()


@pytest.mark.parametrize(
    ("pin", "said"), [("111222", "Sisa percobaan"), ("12", "enam angka")], ids=["wrong PIN", "half a PIN"]
)
async def test_a_wrong_pin_is_said_clearly(arrive: Arrive, hall: Hall, watch: Watch, pin: str, said: str) -> None:
    watch.allow("401")
    phone = Phone(await arrive())
    await phone.opens(await hall.station(f"Meja {said}"))
    await phone.types_pin(pin)
    await expect(phone.page.locator("[data-login-message]")).to_contain_text(said)
    await expect(phone.view("scan")).to_be_hidden()


async def test_a_pin_may_be_typed_as_it_is_shown(arrive: Arrive, hall: Hall) -> None:
    phone = Phone(await arrive())
    await phone.opens(await hall.station("Meja spasi"))
    await phone.types_pin(f"{PIN[:3]} {PIN[3:]}")
    await expect(phone.view("scan")).to_be_visible()


async def test_an_unknown_ticket_and_one_of_a_cancelled_runner_are_refused(
    arrive: Arrive, hall: Hall, watch: Watch
) -> None:
    # given
    watch.allow("404")
    watch.allow("409")
    [ticket] = await hall.tickets()
    phone = Phone(await arrive())
    await phone.signs_in(await hall.station("Meja batal"))
    await hall.cancel(ticket)

    # when, then
    assert await phone.scans(ticket) == "not_valid"
    await phone.types_code("0" * 32)
    await expect(phone.page.locator("[data-verdict]")).to_have_attribute("data-kind", "unknown")


async def test_a_second_tab_of_the_same_phone_does_not_hand_out(arrive: Arrive, hall: Hall) -> None:
    station_id = await hall.station("Meja tab")
    phone = Phone(await arrive())
    await phone.signs_in(station_id)
    other = Phone(await phone.page.context.new_page())
    await other.opens(station_id)
    await expect(other.view("other-tab")).to_be_visible()
    await expect(other.view("scan")).to_be_hidden()


async def test_a_new_version_of_the_app_comes_between_two_scans(
    arrive: Arrive, hall: Hall, platform: PlatformProcess, watch: Watch
) -> None:
    watch.allow("409")
    async with Front(platform.url, none) as front:
        # given a phone that is at work while a new version is released
        [ticket] = await hall.tickets()
        phone = Phone(await arrive(at=front.url))
        await phone.signs_in(await hall.station("Meja versi"))
        before = await phone.page.locator("body").get_attribute("data-version")
        front.release_the_app("0123456789ab")
        await phone.page.evaluate("() => navigator.serviceWorker.ready.then((each) => each.update())")
        await expect(phone.page.locator("[data-warnings]")).to_contain_text("Versi baru siap")

        # when a scan is made, then the old version goes on
        assert await phone.scans(ticket) == "handed_out"
        assert await phone.page.locator("body").get_attribute("data-version") == before

        # and the new one starts when it is told to, with everything that the phone knows
        await phone.goes_on()
        await phone.opens_menu()
        await phone.page.locator("[data-update]").click()
        await expect(phone.page.locator("body")).to_have_attribute("data-version", "0123456789ab")
        await expect(phone.view("scan")).to_be_visible()
        assert await phone.scans(ticket) == "already"


@pytest.mark.parametrize("device", [PHONE, DESKTOP, Device(320, 600)], ids=["phone", "desktop", "small phone"])
@pytest.mark.parametrize("prefix", ["", "/en"], ids=["id", "en"])
async def test_every_view_can_be_used_by_all(arrive: Arrive, hall: Hall, device: Device, prefix: str) -> None:
    # given
    [ticket] = await hall.tickets()
    phone = Phone(await arrive(device))
    await phone.opens(station := await hall.station(f"Meja {device.width}{prefix}"), prefix)
    await expect(phone.view("login")).to_be_visible()
    assert await violations(phone.page) == []

    # when the app is walked through, then no view has a fault, and nothing is wider than the screen
    await phone.signs_in(station, prefix=prefix)
    assert await phone.scans(ticket) == "handed_out"
    assert await violations(phone.page) == []
    await phone.goes_on()
    for sheet in ("scans", "conflicts", "counts"):
        await phone.opens_menu(sheet)
        assert await violations(phone.page) == []
        await phone.page.locator(f"[data-sheet={sheet}] [data-close]").click()
    width = await phone.page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= device.width
