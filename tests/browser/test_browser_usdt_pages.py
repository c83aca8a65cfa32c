"""The pages about USDT in every state: axe finds nothing, they fit, and the keyboard reaches everything."""

from collections.abc import Awaitable, Callable

import pytest
from chassis.auth.principals import Role
from playwright.async_api import Page, expect
from standalone.databases import Server
from standalone.journey.process import PlatformProcess

from .conftest import Arrive, OpenFront
from .crew import CONSOLE, Crew
from .devices import DESKTOP, ENLARGED, PHONE, Device
from .looks import is_sound, too_wide, walk
from .scenes import USDT_CONSOLE, ConsoleScene, UsdtScene, every_language, every_usdt_scene
from .usdt import UsdtPages

OpenConsole = Callable[[str, Device, str], Awaitable[Page]]

_WINDOWS = pytest.mark.parametrize("device", [DESKTOP, ENLARGED], ids=["1280 px", "400 %"])
_CONSOLES = pytest.mark.parametrize("state", USDT_CONSOLE)
pytestmark = pytest.mark.soak
_UNFOLD = "() => document.querySelectorAll('main details').forEach(part => { part.open = true; })"


@pytest.fixture
def open_console(arrive: Arrive, open_front: OpenFront, platform: PlatformProcess, crew: Crew) -> OpenConsole:
    """`await open_console(state, device, language)` is the console of organisers who have that, before its owner."""
    own = platform.environment
    database = Server(own["DATABASE_URL"], own["STARTLINE_DATABASE_PREFIX"]).url_of("web")

    async def open_one(state: str, device: Device, language: str) -> Page:
        fault, _ = USDT_CONSOLE[state]
        page = await arrive(device, at=await open_front(fault, database_url=database))
        await crew.logs_in(page, Role.OWNER, prefix=_prefix(language))
        return page

    return open_one


def _prefix(language: str) -> str:
    return "" if language == "id" else "/en"


async def _arrives(page: Page, scene: UsdtScene, language: str, usdt: UsdtPages) -> None:
    """Open the link of a registration, then its page in a state, and unfold all of it."""
    link = usdt.links[scene.state]
    await page.goto(link)
    await page.goto(_prefix(language) + link.rpartition("/")[0] + scene.path)
    await expect(page.locator(scene.shows).first).to_be_visible()
    await page.evaluate(_UNFOLD)


async def _looks_at(page: Page, scene: ConsoleScene, language: str, usdt: UsdtPages) -> None:
    """Open a page of the console and unfold all of it."""
    await page.goto(_prefix(language) + CONSOLE + scene.path.format(**usdt.ids))
    await expect(page.locator(scene.shows).first).to_be_visible()
    await page.evaluate(_UNFOLD)


async def _can_be_walked(page: Page) -> None:
    walked = await walk(page)
    assert list(walked.order) == list(range(len(walked.names))), walked
    assert not walked.unmarked
    assert not walked.covered
    assert await too_wide(page) == []


@every_language
@every_usdt_scene
async def test_axe_finds_nothing_on_a_page_of_a_runner_and_it_fits(
    scene: UsdtScene, language: str, arrive: Arrive, open_front: OpenFront, usdt: UsdtPages
) -> None:
    page = await arrive(PHONE, at=await open_front(scene.fault))
    await _arrives(page, scene, language, usdt)
    await is_sound(page)


@_WINDOWS
@every_usdt_scene
async def test_a_page_of_a_runner_can_be_walked_with_the_keyboard(
    scene: UsdtScene, device: Device, arrive: Arrive, open_front: OpenFront, usdt: UsdtPages
) -> None:
    page = await arrive(device, at=await open_front(scene.fault))
    await _arrives(page, scene, "id", usdt)
    await _can_be_walked(page)


@every_language
@_CONSOLES
@pytest.mark.timeout(400)
async def test_axe_finds_nothing_in_the_console_and_it_fits(
    state: str, language: str, open_console: OpenConsole, usdt: UsdtPages
) -> None:
    page = await open_console(state, DESKTOP, language)
    for scene in USDT_CONSOLE[state][1]:
        await _looks_at(page, scene, language, usdt)
        await is_sound(page)


@_WINDOWS
@_CONSOLES
@pytest.mark.timeout(400)
async def test_the_console_can_be_walked_with_the_keyboard(
    state: str, device: Device, open_console: OpenConsole, usdt: UsdtPages
) -> None:
    page = await open_console(state, device, "id")
    for scene in USDT_CONSOLE[state][1]:
        await _looks_at(page, scene, "id", usdt)
        await _can_be_walked(page)
