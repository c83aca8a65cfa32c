"""Tickets and letters on paper, and numbers that are copied."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import Page, expect
from pypdf import PdfReader
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site
from standalone.journey.people import Crowd

from .conftest import Arrive
from .desk import Desk
from .pages import Runner
from .races import OPEN, PAYMENT, Races

_SIZE = 10


@dataclass(frozen=True)
class _Group:
    """A paid group: the path of its link, the number, and the runners' names."""

    link: str
    number: str
    names: Sequence[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def group(site: Site, races: Races, crowd: Crowd) -> _Group:
    buyer = await Buyer.of(site, crowd.form(races.categories["5k"]["id"], _SIZE)).register()
    await eventually(buyer.has_invoice, "the invoice of a group")
    await buyer.pay()
    entry: Mapping[str, Any] = buyer.entry
    await Desk(races.staff).verifies(entry["registration_number"])
    names = [person["full_name"] for person in entry["participants"]]
    return _Group(urlsplit(entry["status_url"]).path, entry["registration_number"], names)


async def _printed(page: Page) -> Sequence[str]:
    """Return the text of each sheet of A4, with single spaces."""
    found = PdfReader(io.BytesIO(await page.pdf(format="A4", prefer_css_page_size=True)))
    return [" ".join(sheet.extract_text().split()) for sheet in found.pages]


async def test_each_ticket_of_a_group_has_a_sheet_of_its_own(arrive: Arrive, group: _Group) -> None:
    page = await arrive()
    await page.goto(group.link)
    await page.goto(f"/r/{group.number}/tickets")

    sheets = await _printed(page)

    assert len(sheets) == _SIZE
    for sheet, name in zip(sheets, group.names, strict=True):
        assert [each for each in group.names if _is_named(each, sheet)] == [name]
        assert "BIB" in sheet
        assert "WhatsApp" not in sheet, "buttons are not printed"


def _is_named(name: str, sheet: str) -> bool:
    return re.search(rf"{re.escape(name)}(?!\d)", sheet) is not None


async def test_the_letter_of_ten_runners_is_one_sheet(arrive: Arrive, group: _Group) -> None:
    page = await arrive()
    await page.goto(group.link)
    await page.goto(f"/r/{group.number}/letter")

    [sheet] = await _printed(page)

    assert [name for name in group.names if not _is_named(name, sheet)] == []
    assert group.number in sheet


async def test_numbers_are_copied_without_spaces_and_signs(arrive: Arrive, races: Races, crowd: Crowd) -> None:
    runner = Runner(await arrive())
    page = runner.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    number = await runner.registers(OPEN, "5k", crowd.form(races.categories["5k"]["id"]))
    await runner.sees_how_to_pay(number)
    await runner.chooses_way("bank_transfer")

    copied = []
    for button in await page.locator("#pay [data-copy]").all():
        await button.click()
        await expect(button).to_contain_text("Tersalin")
        copied.append(await page.evaluate("() => navigator.clipboard.readText()"))

    amount, account = copied
    assert re.fullmatch(r"149\d{3}", amount)
    assert account == PAYMENT["account_number"]
    await expect(page.locator("#pay .copyable").first).to_contain_text(f"149.{amount[3:]}")
