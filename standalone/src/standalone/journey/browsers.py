"""Browsers with which the journey's runners use the pages: Chromium where there is one, or else a plain one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

import httpx
from embedded.chromium import find_chromium
from embedded.errors import NotInstalled

from standalone.journey.html import Page

if TYPE_CHECKING:
    from playwright.async_api import Locator
    from playwright.async_api import Page as ChromiumPage

File = tuple[str, bytes, str]
"""Name, content and media type."""

_OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
_PHONE = {"width": 360, "height": 740}


class Browser(Protocol):
    """What a person does with pages."""

    name: str

    @property
    def path(self) -> str:
        """Return the path of the page that is shown."""

    async def open(self, path: str) -> None:
        """Show the page of a path."""

    async def text(self) -> str:
        """Return what can be read on the page."""

    async def follow(self, ending: str) -> None:
        """Follow the first link whose address ends with `ending`."""

    async def send(self, fields: Mapping[str, str], files: Mapping[str, File] | None = None) -> None:
        """Fill in the form that has these fields, add the files, press its button and wait until the form is gone."""


class PlainBrowser:
    """A browser without JavaScript, stylesheets and pictures.

    Args:
        http: client with the base URL of the site, and without cookies.
    """

    name = "a browser without JavaScript"

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._address = ""
        self._page = Page("", (), ())

    @property
    def path(self) -> str:
        return urlsplit(self._address).path

    async def open(self, path: str) -> None:
        await self._show(await self._http.get(path, follow_redirects=True))

    async def text(self) -> str:
        return self._page.text

    async def follow(self, ending: str) -> None:
        link = next((each for each in self._page.links if urlsplit(each).path.endswith(ending)), None)
        if link is None:
            raise AssertionError(f"no link to …{ending} on {self.path}: {self._page.text[:500]}")
        await self.open(urljoin(self._address, link))

    async def send(self, fields: Mapping[str, str], files: Mapping[str, File] | None = None) -> None:
        form = self._page.form_with({*fields, *(files or {})})
        values = form.filled_in(fields)
        target = urljoin(self._address, form.action)
        answer = await self._http.request(
            form.method, target, data=values, files=files, headers=_OWN_PAGE, follow_redirects=True
        )
        await self._show(answer)

    async def _show(self, answer: httpx.Response) -> None:
        if answer.is_server_error:
            raise AssertionError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
        self._address, self._page = str(answer.url), Page.of(answer.text)


class ChromiumBrowser:
    """Chromium, through Playwright."""

    name = "Chromium"

    def __init__(self, page: "ChromiumPage") -> None:
        self._page = page

    @property
    def path(self) -> str:
        return urlsplit(self._page.url).path

    async def open(self, path: str) -> None:
        await self._page.goto(path)

    async def text(self) -> str:
        return await self._page.locator("body").inner_text()

    async def follow(self, ending: str) -> None:
        await self._page.locator(f'a[href$="{ending}"]').first.click()

    async def send(self, fields: Mapping[str, str], files: Mapping[str, File] | None = None) -> None:
        names = [*fields, *(files or {})]
        form = self._page.locator("form:not([hidden])").filter(has=self._page.locator(f'[name="{names[0]}"]')).first
        for name, value in fields.items():
            await fill_in(form, name, value)
        for name, (file, content, kind) in (files or {}).items():
            picture = {"name": file, "mimeType": kind, "buffer": content}
            await form.locator(f'[name="{name}"]').set_input_files(picture)  # type: ignore[arg-type]  # a FilePayload
        await form.locator('button:not([type="button"]):not([name="step"]):not([tabindex])').first.click()
        await form.wait_for(state="detached")


async def fill_in(form: "Locator", name: str, value: str) -> None:
    """Fill in one field of a form, whatever it is."""
    field = form.locator(f'[name="{name}"]')
    kind = await field.first.evaluate("field => field.type")
    if kind in {"radio", "checkbox"}:
        await form.locator("label", has=form.page.locator(f'[name="{name}"][value="{value}"]')).click()
    elif kind.startswith("select"):
        await field.select_option(value)
    else:
        await field.fill(value)


@asynccontextmanager
async def open_browser(site: str) -> AsyncIterator[Browser]:
    """Open Chromium if this machine has one and Playwright is installed, or else a plain browser.

    Raises:
        AssertionError: a page did not become what Chromium waited for.
    """
    try:
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415  # a tool of tests, missing in images

        program = find_chromium()
    except (ImportError, NotInstalled):
        async with httpx.AsyncClient(base_url=site, timeout=60.0) as http:
            yield PlainBrowser(http)
        return
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=Path(program), args=["--disable-gpu"])
        context = await chromium.new_context(base_url=site, viewport=_PHONE, locale="id-ID")  # type: ignore[arg-type]
        try:
            yield ChromiumBrowser(await context.new_page())
        except Error as error:
            raise AssertionError(f"Chromium: {error}") from error
        finally:
            await chromium.close()
