"""Next year's race is made of this year's by clicks, with a phase of prices and a promo code, and looked at before."""

from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from playwright.async_api import expect

from .conftest import Arrive
from .crew import CONSOLE, Crew
from .devices import DESKTOP
from .organiser import Organiser

pytestmark = pytest.mark.soak

_RACE = "Yesterday Run"


async def test_a_race_is_copied_priced_and_previewed(arrive: Arrive, crew: Crew) -> None:
    # given a race that is over
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew, Role.ADMIN)
    page, mark = organiser.page, uuid4().hex[:6].upper()
    await organiser.opens_the_race(_RACE)

    # when it is copied, with its categories
    await organiser.follows("/copy")
    await page.locator("#name").fill(f"Next Run {mark}")
    await page.locator('[name^="prefix-"]').first.fill(f"N{mark}")
    await page.get_by_role("main").get_by_role("button", name="Buat salinan").click()
    await expect(page.locator("main .banner-ok")).to_contain_text(f"Next Run {mark} sudah siap")
    await page.get_by_role("link", name="Buka salinan").click()
    await expect(page.locator("main h1")).to_have_text(f"Next Run {mark}")
    copy = page.url.partition("?")[0].rpartition("/")[2]

    # and its category gets a phase of prices, and the race a code
    await organiser.follows(f"/races/{copy}/prices")
    await page.locator('main a[href$="/new"]').first.click()
    await page.locator("#name").fill("Early bird")
    await page.locator("#price_individual").fill("Rp 99.000")
    await page.locator("#max_participants").fill("50")
    await organiser.presses("Buat fase", says="Fase sudah dibuat")
    await page.goto(f"{CONSOLE}/promo-codes/new")
    await page.locator("#code").fill(f"TEMAN{mark}")
    await page.locator("#scope").select_option(f"race:{copy}")
    await page.locator('[name="kind"][value="percent"]').check()
    await page.locator("#value").fill("20")
    await organiser.presses("Buat kode ini", says="Kode sudah dibuat")

    # then staff see the page as runners will, and runners do not
    await page.goto(f"{CONSOLE}/races/{copy}/preview")
    await expect(page.locator("main")).to_contain_text("Early bird")
    await expect(page.locator("main")).to_contain_text("99.000")
    runner = await arrive()
    answer = await runner.goto(f"/races/next-run-{mark.lower()}")
    assert answer is not None
    assert answer.status == 404
