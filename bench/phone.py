"""Line 15: the check-in app in a browser: typed search, and from a scanned code to the verdict."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from embedded.chromium import find_or_install_chromium
from embedded.errors import NotInstalled
from playwright.async_api import Page, async_playwright, expect
from standalone.databases import Server, drop_databases
from standalone.journey.client import Site, StaffMember
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from testkit.databases import plain

from bench.client import percentile
from bench.hall import PIN, RUNNERS, Roster, check_packs, fill, make_roster
from bench.report import Figure, Report, Target
from bench.stage import Stages, Violation
from tests.browser.devices import PHONE
from tests.browser.hall import Phone

LINES = frozenset({15})

_SLOWDOWNS = (1, 4)
"""How many times slower than this machine the phone's processor is."""

_SEARCHED = 50
_SCANNED = 50
_SEARCH_MS, _VERDICT_MS = 50, 300
_PAUSE_MS = 200  # between two scans: what follows a verdict is over
_PATIENCE_MS = 60_000
_ARGUMENTS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update")

_TYPE = """async typed => {
    const field = document.getElementById("find"), list = document.querySelector("ul[data-found]"), found = [];
    for (const text of typed) {
        await new Promise(requestAnimationFrame);
        field.value = text;
        const began = performance.now();
        field.dispatchEvent(new Event("input"));
        list.getBoundingClientRect();
        found.push({ms: performance.now() - began, count: list.childElementCount});
    }
    return found;
}"""
_SCAN = """code => new Promise(resolve => {
    const verdict = document.querySelector("[data-verdict]");
    if (!verdict.hidden) document.querySelector("[data-verdict-close]").click();
    const event = key => new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
    const press = key => document.body.dispatchEvent(event(key));
    for (const each of code) press(each);
    const observer = new MutationObserver(() => {
        if (verdict.hidden) return;
        observer.disconnect();
        resolve({ms: performance.now() - began, kind: verdict.dataset.kind});
    });
    observer.observe(verdict, {attributes: true, attributeFilter: ["hidden"]});
    const began = performance.now();
    press("Enter");
})"""


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:  # noqa: ARG001  # as all themes
    """The figures of this line, on a platform of its own. Without a browser there are none."""
    if not LINES.intersection(lines):
        return
    try:
        chromium = find_or_install_chromium()
    except NotInstalled as missing:
        print(f"  15  is not measured: {missing}", flush=True)
        return
    report.add(*asyncio.run(_measure(stages.server_url, make_roster(stages), chromium)))


async def _measure(server_url: str, roster: Roster, chromium: Path) -> list[Figure]:
    expect.set_options(timeout=_PATIENCE_MS)
    async with AsyncExitStack() as stack:
        platform, database_url = await stack.enter_async_context(_platform(server_url))
        await fill(database_url, roster)
        phone = Phone(await stack.enter_async_context(_page(chromium, platform.url)))
        await phone.signs_in(await _station(platform, roster), pin=PIN)
        await expect(phone.page.locator("[data-show=count-waiting]")).to_have_text(str(RUNNERS))
        tickets = iter([entry["ticket_code"] for entry in roster.singles()])
        figures, scanned = [], 0
        for slowdown in _SLOWDOWNS:
            volunteer = _Volunteer(phone, slowdown)
            await volunteer.slow_down()
            figures += await _figures(volunteer, roster, tickets)
            scanned += 2 * _SCANNED
        await check_packs(database_url, accepted=scanned)
    return figures


@asynccontextmanager
async def _platform(server_url: str) -> AsyncIterator[tuple[PlatformProcess, str]]:
    """A platform as `make up` runs it, and the URL of check-in's database."""
    server = Server(plain(server_url), f"bench_{uuid4().hex[:8]}_")
    environment = {
        "DATABASE_URL": server.url,
        "STARTLINE_DATABASE_PREFIX": server.prefix,
        "BROKER_URL": "",
        "LOG_LEVEL": "ERROR",
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            async with PlatformProcess(Path(folder) / "data", environment=environment) as running:
                yield running, server.url_of("checkin")
        finally:
            await drop_databases(server)


async def _station(platform: PlatformProcess, roster: Roster) -> str:
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        return str((await owner.call("POST", "/checkin/v1/stations", json=roster.station(), expect=201))["id"])


@asynccontextmanager
async def _page(chromium: Path, address: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        context = await browser.new_context(base_url=address, **PHONE.options())
        context.set_default_timeout(_PATIENCE_MS)
        yield await context.new_page()
        await browser.close()


@dataclass(frozen=True)
class _Volunteer:
    """A person with a phone, whose processor is slower than this machine's."""

    phone: Phone
    slowdown: int

    async def slow_down(self) -> None:
        """Have the browser stop the page for a part of the time, as its developer tools do."""
        protocol = await self.phone.page.context.new_cdp_session(self.phone.page)
        await protocol.send("Emulation.setCPUThrottlingRate", {"rate": self.slowdown})

    async def type(self, texts: Sequence[str]) -> list[float]:
        """Type into the search; the milliseconds until each list is shown.

        Raises:
            Violation: a runner of the roster was not found.
        """
        found: Sequence[Mapping[str, Any]] = await self.phone.page.evaluate(_TYPE, list(texts))
        missing = [text for text, each in zip(texts, found, strict=True) if not each["count"]]
        if missing:
            raise Violation(f"not found on the phone: {missing[:5]}")
        return [each["ms"] for each in found]

    async def scan(self, codes: Sequence[str]) -> list[float]:
        """Scan tickets; the milliseconds until each verdict.

        Raises:
            Violation: a pack was not handed out.
        """
        return [await self._scan(code) for code in codes]

    async def _scan(self, code: str) -> float:
        found = await self.phone.page.evaluate(_SCAN, code)
        if found["kind"] != "handed_out":
            raise Violation(f"a phone's verdict: {found['kind']}")
        await self.phone.page.wait_for_timeout(_PAUSE_MS)
        return float(found["ms"])


async def _figures(volunteer: _Volunteer, roster: Roster, tickets: Iterator[str]) -> list[Figure]:
    typed = await volunteer.type(_typed(roster))
    online = await volunteer.scan(list(islice(tickets, _SCANNED)))
    await volunteer.phone.loses_the_network()
    offline = await volunteer.scan(list(islice(tickets, _SCANNED)))
    await volunteer.phone.page.context.set_offline(False)
    await expect(volunteer.phone.state).to_have_attribute("data-state", "online")
    return [
        *_took(f"search in {RUNNERS} runners", typed, _SEARCH_MS, volunteer.slowdown),
        *_took("verdict with a network", online, _VERDICT_MS, volunteer.slowdown),
        *_took("verdict without a network", offline, _VERDICT_MS, volunteer.slowdown),
    ]


def _typed(roster: Roster) -> list[str]:
    """What is typed, key by key, to find runners by name and by BIB."""
    chosen = roster.entries[:: RUNNERS // _SEARCHED]
    wanted = [text for entry in chosen for text in (entry["full_name"], str(entry["bib_number"]))]
    return [text[:length] for text in wanted for length in range(1, len(text) + 1)]


def _took(what: str, found: list[float], at_most_ms: int, slowdown: int) -> list[Figure]:
    """Median and worst. The target is that of this machine's processor."""
    target = Target(ceiling=at_most_ms) if slowdown == 1 else None
    name = what if slowdown == 1 else f"{what}, {slowdown} times slower"
    note = f"p95 {percentile(found, 0.95):.1f} ms of {len(found)}"
    return [
        Figure(15, f"{name}, median", [percentile(found, 0.5)], "ms", target, note),
        Figure(15, f"{name}, worst", [max(found)], "ms", target),
    ]
