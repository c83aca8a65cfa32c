"""Proofs are reviewed by keys alone: a hundred in minutes, no one twice, and the last decision is taken back."""

import asyncio
import re
import sys
import time
from collections import Counter

import pytest
from playwright.async_api import Route, expect
from standalone.journey.checks import eventually
from standalone.journey.client import Site
from standalone.journey.people import Crowd
from testkit.axe import violations

from .conftest import Arrive
from .devices import DESKTOP, PHONE, Device
from .looks import too_wide
from .proofs import Reviewer, decisions, send_proofs
from .races import NOT_OPEN, OPEN, Races

_MANY = 100
_FIVE_MINUTES = 300.0


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_a_hundred_proofs_are_reviewed_by_keys_within_five_minutes(
    site: Site, races: Races, crowd: Crowd, arrive: Arrive
) -> None:
    # given
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, _MANY)
    reviewer = await Reviewer.hired(await arrive(DESKTOP), races.staff, {*numbers})

    # when
    began = time.monotonic()
    await reviewer.reviews({*numbers})
    took = time.monotonic() - began

    # then
    assert sorted(reviewer.seen) == sorted(numbers), "each was on the desk once"
    sys.stdout.write(f"\n{_MANY} proofs in {took:.0f} s: {_MANY / took * 60:.0f} a minute\n")
    assert took < _FIVE_MINUTES

    async def decided() -> bool:
        found = Counter((await decisions(races.staff, numbers)).values())
        return found == {"verified": _MANY - _MANY // 10, "rejected": _MANY // 10}

    await eventually(decided, "the decisions to take effect", within=60)


@pytest.mark.timeout(400)
async def test_two_people_never_have_the_same_proof_before_them(
    site: Site, races: Races, crowd: Crowd, arrive: Arrive
) -> None:
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, 16)
    left = {*numbers}
    reviewers = [await Reviewer.hired(await arrive(DESKTOP), races.staff, {*numbers}) for _ in range(2)]

    await asyncio.gather(*(each.reviews(left, refuse_each=100) for each in reviewers))

    first, second = (each.seen for each in reviewers)
    assert sorted(first + second) == sorted(numbers)
    assert first
    assert second


@pytest.mark.timeout(400)
async def test_the_last_decision_is_taken_back_by_a_key(site: Site, races: Races, crowd: Crowd, arrive: Arrive) -> None:
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, 2)
    reviewer = await Reviewer.hired(await arrive(DESKTOP), races.staff, {*numbers})
    number = await reviewer.finds()

    await reviewer.presses("v")
    await reviewer.hears(f"{number} sudah diverifikasi")
    await reviewer.number()
    await reviewer.presses("u")

    await reviewer.hears("Sudah diurungkan")
    assert await reviewer.finds() == number
    assert (await decisions(races.staff, [number]))[number] == "uploaded"
    await reviewer.presses("r", "2")
    await reviewer.hears(f"{number} sudah ditolak")
    await reviewer.finds()
    await reviewer.presses("v")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_a_reviewer_of_one_race_stays_with_it(
    device: Device, site: Site, races: Races, crowd: Crowd, arrive: Arrive
) -> None:
    # given a race without proofs, and one with two
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, 2)
    reviewer = await Reviewer.hired(await arrive(device), races.staff, {*numbers})
    page = reviewer.page

    async def chooses(race: str) -> None:
        await page.get_by_role("combobox", name="Lomba").select_option(race)
        async with page.expect_navigation():
            await page.get_by_role("button", name="Tampilkan").click()

    # then the desk of the first is empty, and says so
    await chooses(NOT_OPEN)
    await expect(reviewer.title).to_have_text("Tidak ada yang menunggu")
    await expect(page.locator("[data-empty]")).to_contain_text("Semua bukti untuk Tomorrow Run sudah diputuskan")
    assert await violations(page) == []
    assert await too_wide(page) == []

    # and at the desk of the second, the proof after a decision is one of that race as well
    await chooses(OPEN)
    number = await reviewer.finds()
    await reviewer.presses("v")
    await reviewer.hears(f"{number} sudah diverifikasi")
    for form in await page.locator("[data-decision], [data-undo]").all():
        assert (await form.get_attribute("action") or "").endswith(f"?race={OPEN}")
    await reviewer.number()
    await reviewer.presses("u")
    await reviewer.hears("Sudah diurungkan")
    assert await reviewer.finds() == number
    assert await violations(page) == []
    assert await too_wide(page) == []


@pytest.mark.timeout(400)
async def test_keys_can_be_switched_off_and_stay_off(site: Site, races: Races, crowd: Crowd, arrive: Arrive) -> None:
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, 1)
    reviewer = await Reviewer.hired(await arrive(DESKTOP), races.staff, {*numbers})
    page, number = reviewer.page, await reviewer.finds()

    await page.keyboard.press("z")
    await expect(page.locator("[data-frame]")).to_have_attribute("data-zoom", "2")
    await page.keyboard.press("t")
    await expect(page.locator("[data-frame]")).to_have_attribute("data-turn", "1")
    await page.keyboard.press("?")
    await expect(page.locator("[data-help]")).to_be_visible()
    await page.keyboard.press("Escape")

    await page.locator("[data-keys-switch]").uncheck()
    await page.reload()
    await expect(page.locator("[data-keys-switch]")).not_to_be_checked()
    assert await reviewer.number() == number
    await page.keyboard.press("v")
    await page.wait_for_timeout(500)
    assert await reviewer.number() == number

    await page.locator('[data-decision="verify"] button').click()
    await reviewer.hears(f"{number} sudah diverifikasi")
    await expect(page.locator("[data-proof-title]")).to_be_focused()


@pytest.mark.timeout(400)
async def test_an_empty_desk_looks_again_by_itself(site: Site, races: Races, crowd: Crowd, arrive: Arrive) -> None:
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, 1)
    reviewer = await Reviewer.hired(await arrive(DESKTOP), races.staff, {*numbers})
    page, asked = reviewer.page, list[str]()

    async def emptied(route: Route) -> None:
        answer = await route.fetch()
        notice = '<section data-empty><h2 tabindex="-1" data-proof-title>Kosong</h2></section>'
        html = re.sub("<article.*</article>", notice, await answer.text(), flags=re.DOTALL)
        await route.fulfill(response=answer, body=html)

    await page.clock.install()
    await page.route("**/console/review", emptied, times=1)
    await page.reload()
    await expect(reviewer.title).to_have_text("Kosong")
    page.on("request", lambda request: asked.append(request.headers.get("x-refresh", "")))
    await page.clock.fast_forward(16_000)

    await expect(page.locator("[data-proof]")).to_be_visible()
    assert asked[0] == "1", "and no session lives on by that"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_everybody_can_work_at_the_desk(
    device: Device, site: Site, races: Races, crowd: Crowd, arrive: Arrive
) -> None:
    numbers = await send_proofs(site, races.categories["10k"]["id"], crowd, 1)
    reviewer = await Reviewer.hired(await arrive(device), races.staff, {*numbers})
    page = reviewer.page
    assert await violations(page) == []
    assert await too_wide(page) == []
    await page.locator("[data-refusal] summary").click()
    assert await violations(page) == []
    assert await too_wide(page) == []
    await expect(page.locator('[data-decision="verify"] button')).to_be_in_viewport()
    for path in ("/console/payments", "/console/statements", "/console/refunds"):
        await page.goto(path)
        assert await violations(page) == []
        assert await too_wide(page) == []
