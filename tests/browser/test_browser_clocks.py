"""Openings and deadlines by the clock of the server, on phones whose own clock is wrong."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from standalone.journey.people import Crowd

from .conftest import Arrive
from .pages import Runner
from .races import OPEN, Races, announce

_SLOW: Final = """() => {
    const now = Date.now;
    Date.now = () => now() - 3 * 3600 * 1000;
}"""
"""Three hours: a countdown by this clock would still run when the test is over."""

_OPENS_IN: Final = timedelta(seconds=20)
_TURNS_MS: Final = 60_000
_SOON: Final = re.compile(r"^00:00:[0-2]\d$")
_NEARLY_A_DAY: Final = re.compile(r"^23:5\d:\d\d$")


async def _on_a_slow_clock(page: Page) -> Page:
    await page.add_init_script(f"({_SLOW})()")
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def race(races: Races) -> str:
    """A race whose registration opens in a moment."""
    opens = datetime.now(UTC) + _OPENS_IN
    race, _ = await announce(races.staff, registration_open_at=opens.isoformat())
    return race


async def test_the_page_of_a_race_counts_down_and_then_offers_the_form(arrive: Arrive, race: str) -> None:
    page = await _on_a_slow_clock(await arrive())
    form = page.locator('a[href$="/register/5k/10"]')

    await page.goto(f"/races/{race}")

    await expect(page.locator("#until-opening")).to_be_visible()
    await _shows(page, days="0", hours="00", minutes="00")
    await expect(form).to_have_count(0)
    await expect(form).to_be_visible(timeout=_TURNS_MS)


async def _shows(page: Page, **parts: str) -> None:
    for part, text in parts.items():
        await expect(page.locator(f"[data-part={part}]")).to_have_text(text)


async def test_the_page_of_the_form_becomes_the_form(arrive: Arrive, race: str) -> None:
    page = await _on_a_slow_clock(await arrive())
    field = page.locator('[name="p1-full_name"]')

    await page.goto(f"/races/{race}/register/5k/1")

    await expect(page.locator("[data-opens]")).to_have_text(_SOON)
    await expect(field).to_have_count(0)
    await expect(field).to_be_visible(timeout=_TURNS_MS)


async def test_the_time_to_pay_is_counted_down_until_the_proof_is_in(
    arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    runner = Runner(await _on_a_slow_clock(await arrive()))
    number = await runner.registers(OPEN, "5k", crowd.form(races.categories["5k"]["id"]))
    await runner.sees_how_to_pay(number)
    left = runner.page.locator("[data-until] [data-left]")
    await expect(left).to_have_text(_NEARLY_A_DAY)
    await _runs(left)

    await runner.uploads_a_proof(number, "150000.00")

    await expect(left).to_have_count(0)
    await runner.sees("waktu berhenti")


async def _runs(countdown: Locator) -> None:
    before = await countdown.inner_text()
    await expect(countdown).not_to_have_text(before)
