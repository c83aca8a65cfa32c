"""The waiting list by taps on a phone: joined, an offer accepted or declined, and left."""

import pytest
import pytest_asyncio
from playwright.async_api import expect
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site
from standalone.journey.people import Crowd

from .conftest import Arrive
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .looks import too_wide
from .pages import Runner
from .races import Races, announce

pytestmark = pytest.mark.soak

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
_LONGEST_PAUSE_MS = 750_000
"""The page asks at least so often."""


class _FullRace:
    """A race whose only place is taken, and the way to set it free."""

    def __init__(self, races: Races, slug: str, category: str, holder: Buyer) -> None:
        self.slug, self.category = slug, category
        self._races, self._holder = races, holder

    async def loses_its_runner(self) -> None:
        """Cancel the registration that has the place."""
        await Desk(self._races.staff).cancels(self._holder.entry["registration_id"])


@pytest_asyncio.fixture(loop_scope="session")
async def race(site: Site, races: Races, crowd: Crowd) -> _FullRace:
    slug, category = await announce(races.staff, quota=1)
    holder = await Buyer.of(site, crowd.form(category)).register()

    async def is_full() -> bool:
        return "/waitlist/5k/1" in (await site.http.get(f"/races/{slug}")).text

    await eventually(is_full, "the link to the waiting list")
    return _FullRace(races, slug, category, holder)


async def _joins(runner: Runner, race: _FullRace, crowd: Crowd, *, position: int = 1) -> None:
    """Follow the race's link to the waiting list, and join it as the one at this position."""
    await runner.opens_the_race(race.slug)
    await runner.chooses("5k", 1, purpose="waitlist")
    await runner.fills_everybody(crowd.form(race.category))
    await runner.sends()
    await expect(runner.page.locator("h1")).to_have_text("Anda ada di daftar tunggu")
    await expect(runner.page.locator(".line-position")).to_contain_text(f"Urutan Anda {position}")
    assert await too_wide(runner.page) == []


async def _sees_the_offer(runner: Runner) -> None:
    async def is_offered() -> bool:
        await runner.page.reload()
        return await runner.page.locator("h1").inner_text() == "Ada tempat untuk Anda"

    await eventually(is_offered, "an offer")
    assert await too_wide(runner.page) == []


@_PHONES
async def test_a_place_that_comes_back_is_offered_and_accepted(
    phone: Device, arrive: Arrive, race: _FullRace, crowd: Crowd
) -> None:
    runner = Runner(await arrive(phone), has_scripts=phone.has_scripts)
    await _joins(runner, race, crowd)
    await race.loses_its_runner()
    await _sees_the_offer(runner)

    await runner.page.get_by_role("button", name="Terima").click()

    await expect(runner.page.locator("[data-headline]")).to_contain_text("Menunggu pembayaran")
    await runner.sees_how_to_pay(await runner.is_registered())


@_PHONES
async def test_a_place_can_be_declined_and_the_line_left(
    phone: Device, arrive: Arrive, race: _FullRace, crowd: Crowd
) -> None:
    # given two in line, of whom the second leaves it
    first, second = Runner(await arrive(phone)), Runner(await arrive(phone))
    await _joins(first, race, crowd)
    await _joins(second, race, crowd, position=2)
    await second.page.get_by_role("link", name="Keluar dari daftar tunggu").click()
    await second.page.get_by_role("button", name="Ya, keluar").click()
    await expect(second.page.locator("h1")).to_have_text("Anda sudah keluar dari daftar tunggu")

    # when the first declines what is offered
    await race.loses_its_runner()
    await _sees_the_offer(first)
    await first.page.get_by_role("link", name="Tolak").click()
    await expect(first.page.locator("h1")).to_have_text("Tolak tempat ini?")
    await first.page.get_by_role("button", name="Ya, tolak").click()

    # then both are out of it
    await expect(first.page.locator("h1")).to_have_text("Anda sudah keluar dari daftar tunggu")


async def test_the_page_of_a_place_shows_the_offer_by_itself(arrive: Arrive, race: _FullRace, crowd: Crowd) -> None:
    runner = Runner(await arrive())
    await runner.page.clock.install()
    await _joins(runner, race, crowd)

    # when the place is offered, which another tab sees
    await race.loses_its_runner()
    other = Runner(await runner.page.context.new_page())
    await other.page.goto(runner.page.url)
    await _sees_the_offer(other)
    await other.page.close()

    # then the first asks after its pause
    await runner.page.clock.fast_forward(_LONGEST_PAUSE_MS)
    await expect(runner.page.locator("h1")).to_have_text("Ada tempat untuk Anda")
