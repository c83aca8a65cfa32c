"""A hall where race packs are handed out: stations, runners with tickets, and volunteers with phones."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Page, expect
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd

from .desk import Desk
from .races import OPEN, Races

_INSTALLATION_MS: Final = 60_000  # a busy machine takes its time for the worker and all files of the app
PIN: Final = "482915"
_CLOCK: Final = """shift => {
    const Real = Date;
    globalThis.Date = class extends Real {
        constructor(...given) { given.length ? super(...given) : super(Real.now() + shift); }
        static now() { return Real.now() + shift; }
    };
}"""

_SCANNER: Final = """keys => {
    for (const key of keys) {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
}"""


@dataclass(frozen=True)
class Ticket:
    """A runner who may collect a pack."""

    participant_id: str
    full_name: str
    bib: int
    code: str
    number: str


@dataclass
class Hall:
    """The pick-up of the race that is open."""

    site: Site
    races: Races
    crowd: Crowd

    @property
    def staff(self) -> StaffMember:
        """Return the owner."""
        return self.races.staff

    async def tickets(self, size: int = 1) -> Sequence[Ticket]:
        """Return the tickets of a new registration that was paid and verified, when check-in has them."""
        buyer = await Buyer.of(self.site, self.crowd.form(self.races.categories["10k"]["id"], size)).register()
        await eventually(buyer.has_invoice, "the invoice")
        await buyer.pay()
        number = str(buyer.entry["registration_number"])
        await Desk(self.staff).verifies(number)
        found = [_ticket(each, number) for each in await buyer.tickets()]
        await eventually(lambda: self._on_the_roster(number, size), "the runners on the roster")
        return found

    async def _on_the_roster(self, number: str, size: int) -> bool:
        registration_id = await self.registration_id(number)
        path = f"/checkin/v1/registrations/{registration_id}/packs"
        return len((await self.staff.call("GET", path))["items"]) == size

    async def registration_id(self, number: str) -> str:
        """Return the id of a registration."""
        [found] = await Desk(self.staff).registrations_of(number)
        return str(found["registration_id"])

    async def station(self, name: str, *, race: str | None = OPEN) -> str:
        """Open a station for a race, or for any, and return its id."""
        event_id = await self._event_id(race) if race else None
        body = {"name": name, "location_name": "Gedung Merdeka", "pin_code": PIN, "event_id": event_id}
        return str((await self.staff.call("POST", "/checkin/v1/stations", json=body, expect=201))["id"])

    async def give_race(self, station_id: str) -> None:
        """Have a station of any race hand out packs of the race."""
        body = {"event_id": await self._event_id(OPEN)}
        await self.staff.call("PATCH", f"/checkin/v1/stations/{station_id}", json=body)

    async def brings(self, size: str, count: int) -> int:
        """Enter how many jerseys of a size were brought, and return how many are left of it."""
        body = {"sizes": [{"jersey_size": size, "brought": count}]}
        stock = await self.staff.call("PUT", f"/checkin/v1/stock/{await self._event_id(OPEN)}", json=body)
        return count - sum(int(each["handed_out"]) for each in stock["sizes"] if each["jersey_size"] == size)

    async def _event_id(self, race: str) -> str:
        return str((await self.site.call("GET", f"/registration/v1/events/{race}")).json()["id"])

    async def checkins(self, ticket: Ticket) -> Sequence[Mapping[str, Any]]:
        """Return the standing check-ins of a runner as staff see them."""
        path = f"/checkin/v1/registrations/{await self.registration_id(ticket.number)}/packs"
        packs = (await self.staff.call("GET", path))["items"]
        [pack] = [each for each in packs if each["participant_id"] == ticket.participant_id]
        return [each for each in pack["checkins"] if each["undone_at"] is None]

    async def conflicts(self, ticket: Ticket) -> Sequence[Mapping[str, Any]]:
        """Return what staff have to decide about a runner's pack."""
        found = (await self.staff.call("GET", "/checkin/v1/conflicts?state=open&limit=200"))["items"]
        return [each for each in found if each["participant_id"] == ticket.participant_id]

    async def cancel(self, ticket: Ticket) -> None:
        """Cancel a runner's registration, and wait until check-in knows."""
        registration_id = await self.registration_id(ticket.number)
        await Desk(self.staff).cancels(registration_id)

        async def known() -> bool:
            packs = await self.staff.call("GET", f"/checkin/v1/registrations/{registration_id}/packs")
            return not any(each["is_valid"] for each in packs["items"])

        await eventually(known, "the cancellation at check-in")

    async def eventually(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for something."""
        await eventually(holds, what)

    async def revoke(self, station_id: str) -> None:
        """Sign all phones of a station out."""
        devices = (await self.staff.call("GET", f"/checkin/v1/devices?station_id={station_id}"))["items"]
        for each in devices:
            await self.staff.call("DELETE", f"/checkin/v1/devices/{each['id']}", expect=204)


def _ticket(found: Mapping[str, Any], number: str) -> Ticket:
    return Ticket(found["participant_id"], found["full_name"], found["bib_number"], found["ticket_code"], number)


@dataclass
class Phone:
    """The app on a volunteer's phone."""

    page: Page

    async def clock_is_off(self, minutes: int) -> None:
        """Have this phone's clock go wrong, before the app is opened."""
        await self.page.add_init_script(f"({_CLOCK})({minutes * 60_000})")

    async def opens(self, station_id: str, prefix: str = "") -> None:
        """Open the station's link."""
        await self.page.goto(f"{prefix}/checkin?station={station_id}")

    async def signs_in(self, station_id: str, *, pin: str = PIN, name: str = "Ponsel Sari", prefix: str = "") -> None:
        """Sign in, and wait for the roster and for the app to be installed."""
        await self.opens(station_id, prefix)
        await self.types_pin(pin, name)
        await expect(self.view("scan")).to_be_visible()
        await self.is_synchronised()
        is_installed = "() => navigator.serviceWorker?.controller || !window.isSecureContext"
        await self.page.wait_for_function(is_installed, timeout=_INSTALLATION_MS)

    async def types_pin(self, pin: str = PIN, name: str = "Ponsel Sari") -> None:
        """Fill in the form of the station and send it."""
        await self.page.locator("#pin").fill(pin)
        await self.page.locator("#device-name").fill(name)
        await self.page.locator("[data-login] button[type=submit]").click()

    def view(self, name: str) -> Any:
        """Return a view of the app."""
        return self.page.locator(f"main [data-view={name}]")

    @property
    def state(self) -> Any:
        """Return the line about network and scans to send."""
        return self.page.locator("[data-state]")

    async def is_synchronised(self) -> None:
        """Wait until phone and server are the same."""
        await expect(self.state).to_have_attribute("data-state", "online")
        await expect(self.state).not_to_have_attribute("data-synced", "")

    async def ends_and_begins_again(self) -> None:
        """Have the page of the app end at once, as when the phone kills it, and open the app again."""
        await self.page.goto("about:blank")
        await self.page.goto("/checkin")
        await expect(self.view("scan")).to_be_visible()

    async def loses_the_network(self) -> None:
        """Go where there is no network."""
        await self.page.context.set_offline(True)
        await expect(self.state).not_to_have_attribute("data-state", "online")

    async def finds_a_network(self) -> None:
        """Come back, and synchronise."""
        await self.page.context.set_offline(False)
        await self.synchronises()

    async def synchronises(self) -> None:
        """Tap the button for it, and wait until that is done and nothing is to be sent."""
        before = await self.state.get_attribute("data-synced")
        await self.opens_menu()
        await self.page.locator("[data-sync]").click()
        await expect(self.state).not_to_have_attribute("data-synced", before or "")
        await self.is_synchronised()

    async def opens_menu(self, item: str | None = None) -> None:
        """Open the menu, and a sheet of it."""
        await self.page.locator("[data-open=menu]").click()
        if item:
            await self.page.locator(f"[data-sheet=menu] [data-open={item}]").click()

    async def synchronises_behind(self) -> None:
        """Wait for the next synchronisation, behind a verdict."""
        before = await self.state.get_attribute("data-synced")
        await self.page.evaluate("() => dispatchEvent(new Event('online'))")
        await expect(self.state).not_to_have_attribute("data-synced", before or "")

    async def scans(self, ticket: Ticket) -> str:
        """Scan a ticket with a hardware scanner, and return the kind of the verdict."""
        await self.types_code(ticket.code)
        return await self.verdict()

    async def types_code(self, code: str) -> None:
        """Have a hardware scanner type a code, as fast as they do however busy this machine is."""
        await self.goes_on()
        await self.page.evaluate(_SCANNER, [*code, "Enter"])

    async def goes_on(self) -> None:
        """Close a verdict."""
        if await self.page.locator("[data-verdict]").is_visible():
            await self.page.locator("[data-verdict-close]").click()

    async def verdict(self) -> str:
        """Wait for a verdict and return its kind."""
        await expect(self.page.locator("[data-verdict]")).to_be_visible()
        return str(await self.page.locator("[data-verdict]").get_attribute("data-kind"))

    async def says(self, place: str) -> str:
        """Return the text at a place of the verdict."""
        return await self.page.locator(f"[data-show=verdict-{place}]").inner_text()

    async def searches(self, text: str) -> Any:
        """Type into the search, and return what is found."""
        await self.goes_on()
        await self.page.locator("#find").fill(text)
        return self.page.locator("[data-found] .found-item")
