"""The check-in app in Chromium, on a check-in API in memory: no server is started."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_DNS, uuid5

import httpx
import pytest_asyncio
from chassis.secrets import new_key
from playwright.async_api import Browser, Locator, Page, Request, Route, expect
from web.app import build_app
from web.service import DATABASE
from web.settings import Settings
from web.upstream.apis import Apis

SITE: Final = "https://lari.example"
_NO_DATABASE: Final = "postgresql+asyncpg://web@127.0.0.1:1/nothing"
STATION: Final = str(uuid5(NAMESPACE_DNS, "Meja 1"))
_RACE: Final = str(uuid5(NAMESPACE_DNS, "Jakarta Fun Run"))
_API: Final = "/api/checkin/v1"
_OF_THE_WIRE: Final = ("content-encoding", "content-length")
_PATIENCE_MS: Final = 15_000
_PLACE: Final = {"name": "Meja 1", "location_name": "Gedung Merdeka"}
_MOMENT: Final = "2027-01-04T03:00:00Z"
_SCANNER: Final = """keys => {
    for (const key of keys) {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
}"""
_HIDE: Final = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
_WRITES: Final = """(() => {
    globalThis.refusedWrites = [];
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value, ...key) {
        const request = put.call(this, value, ...key), { transaction } = this;
        const isRefused = refusedWrites.includes(key[0] ?? value.state);
        if (isRefused) Promise.resolve().then(() => transaction.abort()).catch(() => {});
        return request;
    };
})()"""
"""As a full phone does: the request is taken, and its transaction ends without it."""


def code_of(bib: int) -> str:
    """Return the ticket's code of a runner."""
    return f"{bib:032x}"


def runner(bib: int, *, captain: int | None = None, group_size: int = 1) -> dict[str, Any]:
    """Return an entry of the roster; members of a group name the BIB of their captain."""
    return {
        "participant_id": str(uuid5(NAMESPACE_DNS, f"runner {bib}")),
        "ticket_sha256": hashlib.sha256(code_of(bib).encode()).hexdigest(),
        "full_name": f"Pelari {bib}",
        "bib_number": bib,
        "event_id": _RACE,
        "event_name": "Jakarta Fun Run",
        "category_name": "5K",
        "jersey_size": "m",
        "registration_number": f"FR5K-{captain or bib:05}",
        "group_size": group_size,
        "is_pic": captain in {None, bib},
        "state": "valid",
        "handed_out": None,
    }


@dataclass
class CheckinApi:
    """Check-in's API.

    Attributes:
        is_away: whether requests get no answer.
        checked_in: BIBs of the runners whose packs the server counts.
    """

    runners: Sequence[Mapping[str, Any]] = (runner(1001),)
    is_away: bool = False
    checked_in: list[int] = field(default_factory=list)

    def answer(self, request: Request) -> Mapping[str, Any]:
        """Return the body of an answer with status 200."""
        body: Any = request.post_data_json
        match urlsplit(request.url).path.rpartition("/")[2]:
            case "login":
                station = {"id": STATION, **_PLACE, "event_id": _RACE, "event_name": "Jakarta Fun Run"}
                return {"device_token": "token", "expires_in": 57_600, "station": station}
            case "snapshot":
                return self._snapshot(is_whole="since=" not in request.url)
            case "checkins":
                return self._check_in(body)
            case "batch":
                items = [{"key": each["key"], "result": "handed_out", **self._check_in(each)} for each in body["items"]]
                return {"clock_offset_seconds": 0, "device_revoked": False, "items": items}
        return {"items": [], "sizes": []}

    def _snapshot(self, *, is_whole: bool) -> Mapping[str, Any]:
        seen = [{**each, "handed_out": self._holder(each)} for each in self.runners]
        entries = [each for each in seen if is_whole or each["handed_out"]]
        return {"version": f"1:{_RACE}", "event_id": _RACE, "whole": is_whole, "entries": entries, "removed": []}

    def _holder(self, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
        place = {"station_name": _PLACE["name"], "location_name": _PLACE["location_name"]}
        return {"checked_in_at": _MOMENT, **place} if entry["bib_number"] in self.checked_in else None

    def _check_in(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Count a pack, and return the runner."""
        given = (asked.get("ticket_code"), asked.get("participant_id"))
        [found] = [
            each for each in self.runners if code_of(each["bib_number"]) in given or each["participant_id"] in given
        ]
        self.checked_in.append(found["bib_number"])
        return {**found, "checked_in_at": _MOMENT}


@dataclass
class Phone:
    """The app on a volunteer's phone.

    Attributes:
        errors: what scripts did not catch.
    """

    page: Page
    api: CheckinApi
    errors: list[str] = field(default_factory=list)

    async def opens(self, prefix: str = "") -> None:
        """Open the station's link."""
        await self.page.goto(f"{prefix}/checkin?station={STATION}")
        await expect(self.view("login")).to_be_visible()

    async def types_pin(self) -> None:
        """Fill in the form of the station and send it."""
        await self.page.locator("#pin").fill("482915")
        await self.page.locator("#device-name").fill("Ponsel Sari")
        await self.page.locator("[data-login] button[type=submit]").click()

    async def signs_in(self, prefix: str = "") -> None:
        """Open the station's link, sign in and synchronise."""
        await self.opens(prefix)
        await self.types_pin()
        await self.is_at_work()

    async def is_at_work(self) -> None:
        """Wait until the app is signed in and has synchronised."""
        await expect(self.view("scan")).to_be_visible()
        await expect(self.state).to_have_attribute("data-state", "online")
        await expect(self.state).not_to_have_attribute("data-synced", "")

    async def signs_out(self) -> None:
        """Sign out by the menu."""
        await self.page.locator("[data-open=menu]").click()
        await self.page.locator("[data-sign-out]").click()
        await expect(self.view("login")).to_be_visible()

    async def synchronises(self) -> None:
        """Synchronise at once, as when a network is found."""
        await self.page.evaluate("() => dispatchEvent(new Event('online'))")

    async def scans(self, bib: int) -> str:
        """Scan a ticket with a hardware scanner, and return the kind of the verdict."""
        await self.types_code(bib)
        await expect(self.verdict).to_be_visible()
        return str(await self.verdict.get_attribute("data-kind"))

    async def types_code(self, bib: int) -> None:
        """Have a hardware scanner type the code of a ticket."""
        await self.goes_on()
        await self.page.evaluate(_SCANNER, [*code_of(bib), "Enter"])

    async def goes_on(self) -> None:
        """Close a verdict, if it has not closed by itself."""
        await self.page.evaluate("() => document.querySelector('[data-verdict-close]').click()")

    async def refuses_writes(self, *names: str) -> None:
        """Have the browser store no entries of these names, and no scans in these states; others it stores."""
        await self.page.evaluate("names => { globalThis.refusedWrites = names; }", list(names))

    async def turns(self, *, hidden: bool) -> None:
        """Hide the app, as another one in front of it does, or show it."""
        await self.page.evaluate(_HIDE, hidden)

    def view(self, name: str) -> Locator:
        """Return a view of the app."""
        return self.page.locator(f"main [data-view={name}]")

    def shows(self, name: str) -> Locator:
        """Return a place that scripts fill in."""
        return self.page.locator(f"[data-show={name}]")

    @property
    def state(self) -> Locator:
        """Return the line about network and scans to send."""
        return self.page.locator("[data-state]")

    @property
    def warnings(self) -> Locator:
        """Return the warnings below that line."""
        return self.page.locator("[data-warnings]")

    @property
    def verdict(self) -> Locator:
        """Return the verdict of a scan."""
        return self.page.locator("[data-verdict]")


OpenPhone = Callable[..., Awaitable[Phone]]


async def _nothing(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app_pages() -> AsyncIterator[httpx.AsyncClient]:
    """The application that serves the page of the app and its files. It asks no API and no database for them."""
    settings = Settings.behind("http://apis", database_url=_NO_DATABASE, secret_keys=new_key(), public_url=SITE)
    async with httpx.AsyncClient(transport=httpx.MockTransport(_nothing), base_url="http://apis") as apis:
        app = build_app(settings, Apis.behind(apis), DATABASE.open_database(_NO_DATABASE))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Accept-Encoding": "identity"}
        async with httpx.AsyncClient(transport=transport, base_url="http://web.test", headers=headers) as client:
            yield client


@pytest_asyncio.fixture(loop_scope="session")
async def open_phone(browser: Browser, app_pages: httpx.AsyncClient) -> AsyncIterator[OpenPhone]:
    """`await open_phone(*scripts, api=...)` is a phone whose browser runs these scripts first."""
    phones: list[Phone] = []

    async def open_one(*scripts: str, api: CheckinApi | None = None) -> Phone:
        viewport: Any = {"width": 360, "height": 740}
        context = await browser.new_context(base_url=SITE, viewport=viewport, service_workers="block")
        context.set_default_timeout(_PATIENCE_MS)
        for script in (_WRITES, *scripts):
            await context.add_init_script(script)
        phone = Phone(await context.new_page(), api or CheckinApi())
        phone.page.on("pageerror", lambda error: phone.errors.append(str(error)))
        await context.route("**/*", lambda route: _answer(route, phone.api, app_pages))
        phones.append(phone)
        return phone

    yield open_one
    for phone in phones:
        await phone.page.context.unroute_all(behavior="ignoreErrors")
        await phone.page.context.close()
    assert [each for phone in phones for each in phone.errors] == []


async def _answer(route: Route, api: CheckinApi, pages: httpx.AsyncClient) -> None:
    """Answer a request of the browser."""
    address = urlsplit(route.request.url)
    if address.path.startswith(_API):
        await (route.abort() if api.is_away else route.fulfill(json=api.answer(route.request)))
        return
    found = await pages.get(f"{address.path}?{address.query}")
    headers = {name: value for name, value in found.headers.items() if name not in _OF_THE_WIRE}
    await route.fulfill(status=found.status_code, headers=headers, body=found.content)
