"""An organiser at the console, who types one address and clicks from there on."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from chassis.auth.principals import Role
from playwright.async_api import FilePayload, Locator, Page, expect

from .crew import CONSOLE, Crew

_ZONE: Final = "Asia/Makassar"
_SAID: Final = "main .banner-ok"


@dataclass(frozen=True)
class Organiser:
    """A member of staff with the console before them."""

    page: Page

    @classmethod
    async def logs_in(cls, page: Page, crew: Crew, role: Role = Role.ADMIN) -> "Organiser":
        """Log in at the only address that is typed."""
        await crew.logs_in(page, role)
        return cls(page)

    async def opens(self, path: str) -> None:
        """Choose a page of the console from its menu."""
        await self.page.locator(f'.console-menu a[href^="{path}"]').first.click()
        await expect(self.page.locator('.console-menu a[aria-current="page"]')).to_have_attribute(
            "href", re.compile(f"^{path}")
        )

    async def follows(self, ending: str) -> None:
        """Follow a link of the page by the end of its address, and wait for the page it leads to."""
        await self.page.locator(f'main a[href$="{ending}"]').first.click()
        await self.page.wait_for_url(f"**{ending}")

    async def creates_a_race(self, name: str, **fields: str) -> None:
        """Create a race in ninety days and be on its page."""
        day = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
        await self.opens(f"{CONSOLE}/races")
        await self.follows("/races/new")
        await self._fills({"name": name, "event_date": day, "timezone": _ZONE, **fields})
        await self.presses("Buat lomba ini", says="belum tayang")

    async def adds_a_category(self, fields: Mapping[str, str]) -> None:
        """Add a category to the race whose page is open."""
        await self.follows("/categories/new")
        await self._fills(fields)
        await self.presses("Buat kategori", says="Kategori sudah dibuat")

    async def uploads_a_banner(self, picture: bytes) -> None:
        """Give the race whose page is open a banner."""
        await self.follows("/pictures/banner")
        file = FilePayload(name="spanduk.png", mimeType="image/png", buffer=picture)
        await self.page.locator('main input[type="file"]').set_input_files(file)
        await self.page.locator('main form button[type="submit"]').first.click()
        await expect(self._said).to_contain_text("Banner sudah disimpan")

    async def publishes(self) -> None:
        """Put the race whose page is open on the site."""
        await self.follows("/publish")
        await self.presses("Tayangkan sekarang", says="Lomba ditayangkan")

    async def verifies(self, number: str) -> None:
        """Review proofs by the buttons until the one of this registration is before them, and verify it."""
        await self.opens(f"{CONSOLE}/review")
        title = self.page.locator("[data-proof-title]")
        while (shown := (await title.inner_text()).strip()) != number:
            await self.page.locator('[data-decision="skip"] button').click()
            await expect(title).not_to_have_text(shown)
        await self.page.locator('[data-decision="verify"] button').click()
        await expect(self.page.locator("main [data-said]")).to_contain_text(number)

    async def finds(self, words: str) -> None:
        """Search for something that leads to a single registration, and be on its page."""
        await self.page.locator("[data-search]").fill(words)
        await self.page.locator("[data-search]").press("Enter")
        await self.page.wait_for_url(re.compile(rf"{CONSOLE}/registrations/[0-9a-f-]+$"))

    async def takes(self, kind: str, file_format: str, race: str) -> bytes:
        """Download a file about a race and return what is in it."""
        await self.opens(f"{CONSOLE}/exports")
        picker = self.page.locator("main form.picker")
        await picker.locator('[name="race"]').select_option(race)
        await picker.locator('button[type="submit"]').click()
        await self.page.wait_for_url(f"**race={race}**")
        offer = self.page.locator("form.offer").filter(has=self.page.locator(f'[name="kind"][value="{kind}"]'))
        async with self.page.expect_download() as coming:
            await offer.locator(f'button[name="format"][value="{file_format}"]').click()
        return await asyncio.to_thread((await (await coming.value).path()).read_bytes)

    async def opens_the_race(self, name: str) -> None:
        """Go from the menu to the page of a race."""
        await self.opens(f"{CONSOLE}/races")
        await self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()
        await expect(self.page.locator("main h1")).to_have_text(name)

    async def closes_the_category(self, name: str) -> None:
        """Let registration of a category of the race whose page is open end a minute ago."""
        await self.page.locator("main th a", has_text=name).first.click()
        ended = datetime.now(ZoneInfo(_ZONE)) - timedelta(minutes=1)
        await self._fills({"registration_close_at": f"{ended:%Y-%m-%dT%H:%M}"})
        await self.presses("Simpan", says="Kategori sudah disimpan")

    async def takes_off(self) -> None:
        """Take the race whose page is open off the site."""
        await self.follows("/unpublish")
        await self.presses("Turunkan dari situs", says="hilang dari situs")

    async def presses(self, words: str, *, says: str) -> None:
        """Press a button of the page and wait for what the next page says."""
        await self.page.get_by_role("main").get_by_role("button", name=words).first.click()
        await expect(self._said).to_contain_text(says)

    @property
    def _said(self) -> Locator:
        return self.page.locator(_SAID).first

    async def _fills(self, fields: Mapping[str, str]) -> None:
        for name, value in fields.items():
            field = self.page.locator(f'main [name="{name}"]')
            if await field.evaluate("field => field.tagName") == "SELECT":
                await field.select_option(value)
            else:
                await field.fill(value)
