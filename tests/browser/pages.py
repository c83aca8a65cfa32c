"""What runners do on the pages. Names of fields come from the journey, addresses and parts of pages stand here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import FilePayload, Locator, Page, expect
from standalone.journey.browsers import fill_in
from standalone.journey.checks import eventually
from standalone.journey.fields import PROOF_FILE, participant_fields, payment_fields
from standalone.journey.pictures import payment_proof, read_qr

STATUS_PAGE: Final = re.compile(r"/r/([^/?#]+)$")

_SUBMIT = 'button[type="submit"], button:not([type])'
_FIRST_FIELD = 'input[name="p1-full_name"]'
BINDING: Final = 'button[data-send], button[name="step"][value="send"]'
_AGAIN = "button[data-now]"
_CODE = "main img, main svg"
_PROOF = f'input[type="file"][name="{PROOF_FILE}"]'
_PAY = "#pay"


@dataclass
class Runner:
    """A person with a page before them.

    Attributes:
        prefix: of the language's addresses; empty in Indonesian.
    """

    page: Page
    prefix: str = ""
    has_scripts: bool = True

    async def opens_the_race(self, race: str) -> None:
        """Open the page of a race, as from a poster."""
        await self.page.goto(f"{self.prefix}/races/{race}")

    async def chooses(self, category: str, size: int, *, purpose: str = "register") -> None:
        """Follow the link to the form for one, five or ten runners of a category, or to that of its waiting list."""
        link = self.page.locator(f'a[href$="/{purpose}/{category}/{size}"]')
        assert await link.count(), f"the page has no link to the form for {size} of {category}"
        await link.first.click()
        await expect(self.page.locator(_FIRST_FIELD)).to_be_visible()

    async def fills_runner(self, number: int, person: Mapping[str, Any]) -> None:
        """Fill in the part of one runner, opening it where it is closed."""
        first = self.page.locator(f'[name="p{number}-full_name"]')
        closed = self.page.locator("details:not([open])").filter(has=first)
        if await closed.count():
            await closed.locator("summary").first.click()
        for name, value in participant_fields(number, person).items():
            await fill_in(self._form, name, value)

    async def fills_everybody(self, form: Mapping[str, Any]) -> None:
        """Fill in all runners of a group."""
        for number, person in enumerate(form["participants"], start=1):
            await self.fills_runner(number, person)

    async def fills_in(self, race: str, category: str, form: Mapping[str, Any]) -> None:
        """Go from the page of the race to the form for so many runners and fill it in."""
        await self.opens_the_race(race)
        await self.chooses(category, len(form["participants"]))
        await self.fills_everybody(form)

    async def sends(self) -> None:
        """Press the form's button."""
        await self.send_button.click()

    async def sends_again(self) -> None:
        """Press the button of the page that says that there was no answer."""
        await self.page.locator(_AGAIN).click()

    async def confirms(self) -> None:
        """Press the button of the review, which shows all runners before anything is binding."""
        await self.page.locator(BINDING).filter(visible=True).click()

    async def is_registered(self) -> str:
        """Wait for the page of the registration and return its number."""
        await self.page.wait_for_url(STATUS_PAGE)
        found = STATUS_PAGE.search(self.page.url)
        assert found is not None
        return found[1]

    async def registers(self, race: str, category: str, form: Mapping[str, Any]) -> str:
        """Go from the page of the race to the page of the registration and return its number."""
        await self.fills_in(race, category, form)
        await self.sends()
        if len(form["participants"]) > 1:
            await self.confirms()
        return await self.is_registered()

    async def sees_how_to_pay(self, number: str) -> None:
        """Open the page of the registration and wait for the invoice; without scripts, load it again and again."""
        await self.page.goto(f"{self.prefix}/r/{number}")
        if not self.has_scripts:
            await eventually(self._finds_invoice, f"the invoice of {number}", within=15)
        await expect(self.page.locator(_PAY)).to_be_visible()

    async def _finds_invoice(self) -> bool:
        await self.page.reload()
        return await self.page.locator(_PAY).count() > 0

    def way(self, name: str) -> Locator:
        """The button or link of a way to pay, by its word in addresses."""
        return self.page.locator(f"#way-{name} .way")

    async def chooses_way(self, name: str) -> None:
        """Choose a way to pay from all that are offered, and wait for its page."""
        await self.way(name).click()
        await self.page.wait_for_url(re.compile(rf"/pay/{name}$"))

    async def uploads_a_proof(self, number: str, amount: str, *, method: str = "bank_transfer") -> None:
        """Choose the way of payment and the picture, send them, and wait until they are being checked."""
        if await self.way(method).count():
            await self.chooses_way(method)
        form = self.page.locator("form").filter(has=self.page.locator(_PROOF))
        for name, value in payment_fields(method).items():
            await fill_in(form, name, value)
        picture = payment_proof(number, amount)
        file = FilePayload(name="bukti.jpg", mimeType="image/jpeg", buffer=picture)
        await self.page.locator(_PROOF).set_input_files(file)
        await form.locator(_SUBMIT).first.click()
        await expect(self.page.locator(_PROOF)).to_have_count(0)

    async def opens_the_tickets(self, number: str) -> None:
        """Open the page of tickets."""
        await self.page.goto(f"{self.prefix}/r/{number}/tickets")

    async def waits_for_the_tickets(self, number: str) -> None:
        """Open the page of tickets again and again until they are there: a decision can be taken back for some time."""

        async def are_there() -> bool:
            await self.opens_the_tickets(number)
            return await self.page.locator(_CODE).count() > 0

        await eventually(are_there, f"the tickets of {number}", within=60)

    async def reads_codes(self) -> Sequence[str]:
        """Return the text of every QR code on the page, read from what is shown."""
        codes = await self.page.locator(_CODE).all()
        return [read_qr(await code.screenshot()) or "" for code in codes]

    async def saves_a_ticket(self, folder: Path) -> Path:
        """Save the first ticket on the phone."""
        async with self.page.expect_download() as saving:
            await self.page.locator("a[download]").first.click()
        path = folder / "ticket.html"
        await (await saving.value).save_as(path)
        return path

    async def sees(self, *texts: str) -> None:
        """Wait until the page shows all these texts."""
        for text in texts:
            await expect(self.page.locator("main")).to_contain_text(text)

    @property
    def send_button(self) -> Locator:
        """The button of the form for runners."""
        return self._form.locator(_SUBMIT).last

    @property
    def _form(self) -> Locator:
        return self.page.locator("form:not([hidden])").filter(has=self.page.locator(_FIRST_FIELD))


async def wrong_fields(page: Page) -> Sequence[str]:
    """Return the names of the fields that the summary of errors leads to."""
    links = await page.locator("[data-errors] a").all()
    return [(await link.get_attribute("href") or "").removeprefix("#") for link in links]
