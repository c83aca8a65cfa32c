"""The pages of runners in every state, as a browser shows them: axe finds nothing, they fit, and keep their policy."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import ConsoleMessage, Page, Route, async_playwright, expect
from testkit.axe import violations

from .own_app import SITE
from .walk import API, NUMBER, REGISTERED, Example, Walker, browser, tickets
from .walk_examples import EXAMPLES, FAILURES

_OF_STAFF: Final = ("/console", "/checkin")
STATES: Final = [
    each
    for each in (*(each for examples in EXAMPLES.values() for each in examples), *FAILURES)
    if each.status != 303 and not each.address.startswith(_OF_STAFF)
]
_VIEWS: Final[tuple[tuple[str, int, Any], ...]] = (("", 360, "light"), ("/en", 768, "dark"))
"""Languages with a width in px and a theme: each state is seen in both of each."""

_TOO_WIDE: Final = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
_LINES_AND_MARGINS: Final = """() => {
    const number = document.querySelector('.bib-number'), range = document.createRange();
    number.closest('.bib').style.setProperty('--bib-numerals', '"DejaVu Sans", Verdana, sans-serif');
    range.selectNodeContents(number);
    const [box, around] = [range.getBoundingClientRect(), number.closest('.bib').getBoundingClientRect()];
    const lines = new Set([...range.getClientRects()].map(each => Math.round(each.top))).size;
    return {lines, margins: [box.left - around.left, around.right - box.right]};
}"""
_NOTE_SHIFTS: Final = """(() => {
    globalThis.shifted = 0;
    const note = list => list.getEntries().forEach(each => { globalThis.shifted += each.value; });
    new PerformanceObserver(note).observe({type: 'layout-shift', buffered: true});
})()"""
_SHIFTED: Final = """() => new Promise(done => {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(globalThis.shifted), 50)));
})"""
_MOST_SHIFTED: Final = 0.02
_PICTURE: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="296" height="296" viewBox="0 0 1 1"/>'
_OF_THE_WIRE: Final = ("content-encoding", "content-length")
_POLICY: Final = "Content Security Policy"
_INLINE: Final = """() => document.body.insertAdjacentHTML('beforeend', '<p style="color: red">x</p>')"""

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.soak]


class Shown:
    """A browser's page whose requests the application answers, without a server.

    Attributes:
        refused: what the policy of the page did not allow.
        script_seconds: how long scripts take to arrive.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.refused: list[str] = []
        self.script_seconds = 0.0
        self._client = httpx.AsyncClient()
        self._document = httpx.Response(204)

    async def open(self, client: httpx.AsyncClient, example: Example, prefix: str) -> None:
        """Show the answer to the request of an example."""
        self.refused.clear()
        self._client, self._document = client, await example.request(client, prefix)
        assert self._document.status_code == example.status
        await self.page.goto(SITE + prefix + example.address)

    def hear(self, message: ConsoleMessage) -> None:
        """Note what a console says of the policy."""
        if message.type == "error" and _POLICY in message.text:
            self.refused.append(message.text)

    async def answer(self, route: Route) -> None:
        """Answer a request of the browser."""
        request, found = route.request, self._document
        address = urlsplit(request.url)
        if request.resource_type == "image" and address.path.startswith("/api/"):
            await route.fulfill(content_type="image/svg+xml", body=_PICTURE)
            return
        if not request.is_navigation_request():
            await asyncio.sleep(self.script_seconds if request.resource_type == "script" else 0)
            found = await self._client.get(f"{address.path}?{address.query}", headers={"Accept-Encoding": "identity"})
        headers = {name: value for name, value in found.headers.items() if name not in _OF_THE_WIRE}
        await route.fulfill(status=found.status_code, headers=headers, body=found.content)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(chromium: Path) -> AsyncIterator[Shown]:
    async with async_playwright() as playwright:
        program = await playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu"])
        page = await program.new_page(reduced_motion="reduce")
        await page.add_init_script(_NOTE_SHIFTS)
        shown = Shown(page)
        page.on("console", shown.hear)
        await page.route("**/*", shown.answer)
        yield shown
        await program.close()


@pytest.fixture(scope="module")
def walker() -> Walker:
    return Walker()


@pytest.mark.parametrize("example", STATES, ids=str)
async def test_everybody_can_use_a_page_in_every_state(example: Example, shown: Shown, walker: Walker) -> None:
    page, found = shown.page, []
    async with browser(walker.app_for(example)) as client:
        for prefix, width, theme in _VIEWS:
            await page.set_viewport_size({"width": width, "height": 740})
            await page.emulate_media(color_scheme=theme)
            await shown.open(client, example, prefix)
            found += [f"{width} px, {theme}: {line}" for line in await violations(page)]
            assert await page.evaluate(_TOO_WIDE) <= 0, f"at {width} px the page has to be scrolled sideways"
            assert shown.refused == []
    assert found == []


def _ticket_with(bib: int) -> Example:
    answers = tickets()
    path = ("GET", f"{API}/registrations/{REGISTERED}/tickets")
    [ticket] = answers[path].json()
    changed = httpx.Response(200, json=[{**ticket, "bib_number": bib}])
    return Example(f"/r/{NUMBER}/tickets", answers={**answers, path: changed})


@pytest.mark.parametrize("bib", [7, 8888, 88_888, 888_888])
@pytest.mark.parametrize(("width", "media"), [(320, "screen"), (360, "screen"), (1280, "screen"), (700, "print")])
async def test_a_bib_number_stays_on_one_line(bib: int, width: int, media: Any, shown: Shown, walker: Walker) -> None:
    example = _ticket_with(bib)
    await shown.page.set_viewport_size({"width": width, "height": 740})
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, "")
        await shown.page.emulate_media(media=media)
        found = await shown.page.evaluate(_LINES_AND_MARGINS)
    await shown.page.emulate_media(media="screen")
    assert found["lines"] == 1
    assert min(found["margins"]) >= 0, found


@pytest.mark.parametrize("path", ["tickets", "letter"])
async def test_nothing_moves_when_the_script_of_tickets_comes_late(path: str, shown: Shown, walker: Walker) -> None:
    example, page = Example(f"/r/{NUMBER}/{path}", answers=tickets()), shown.page
    await page.set_viewport_size({"width": 360, "height": 740})
    shown.script_seconds = 0.5
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, "")
        shown.script_seconds = 0.0
        await expect(page.locator("[data-print]").first).to_be_visible()
        assert await page.evaluate(_SHIFTED) <= _MOST_SHIFTED


async def test_what_the_policy_refuses_is_noticed(shown: Shown, walker: Walker) -> None:
    example = Example("/privacy")
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, "")
        async with shown.page.expect_console_message():
            await shown.page.evaluate(_INLINE)
    assert len(shown.refused) == 1
