"""A real browser before a real platform. All tests of this folder share both, and one event loop."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from standalone.databases import Server, drop_databases
from standalone.journey.client import Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from testkit.servers import Server as FoundServer

from .crew import Crew, hire
from .devices import PHONE, Device
from .front import Fault, Front
from .hall import Hall
from .own import OwnPages, prepare_own
from .races import Races, prepare
from .usdt import UsdtPages, prepare_usdt
from .watch import Watch

Arrive = Callable[..., Awaitable[Page]]
OpenFront = Callable[..., Awaitable[str]]

_SECONDS = 180
_PATIENCE_MS = 15_000
ARGUMENTS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in the loop of the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def platform(
    chromium: Path, postgres_server: FoundServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PlatformProcess]:
    """A platform as `make up` runs it; not started where there is no browser to look at it."""
    prefix, folder = f"browser_{uuid4().hex[:8]}_", tmp_path_factory.mktemp("platform")
    environment = {
        "DATABASE_URL": postgres_server.url,
        "STARTLINE_DATABASE_PREFIX": prefix,
        "BROKER_URL": "",
        "LOG_LEVEL": "WARNING",
    }
    try:
        async with PlatformProcess(folder / "data", environment=environment, log=folder / "output.log") as running:
            yield running
    finally:
        await drop_databases(Server(postgres_server.url, prefix))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(platform: PlatformProcess) -> AsyncIterator[Site]:
    """The platform for those who call its APIs."""
    async with Site(platform.url) as site:
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def races(platform: PlatformProcess, site: Site) -> Races:
    """One race in every state, prepared by the owner."""
    return await prepare(site, await StaffMember.login(site, OWNER_EMAIL, platform.owner_password))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """The machine's Chromium."""
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, **_seen())
        yield browser
        await browser.close()


def _seen() -> dict[str, Any]:
    """Return options for a window that can be watched, slowly, if it is wanted and there is a display."""
    is_wanted = os.environ.get("STARTLINE_SHOW") and os.environ.get("DISPLAY")
    return {"headless": False, "slow_mo": 400} if is_wanted else {}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own(site: Site, races: Races, crowd: Crowd) -> OwnPages:
    """One registration in every state."""
    return await prepare_own(site, races, crowd)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def usdt(site: Site, races: Races, crowd: Crowd) -> UsdtPages:
    """USDT on the simulated chain, and one registration in every state of paying in them."""
    return await prepare_usdt(site, races, crowd)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crew(races: Races, own: OwnPages) -> Crew:  # pages that have something to show
    """Provide an account of each role."""
    return await hire(races.staff)


@pytest.fixture(scope="session")
def crowd() -> Crowd:
    """People of whom nobody registers twice."""
    return Crowd(seed=13, first=1_000)


@pytest.fixture
def hall(site: Site, races: Races, crowd: Crowd) -> Hall:
    """Where race packs are handed out."""
    return Hall(site, races, crowd)


@pytest.fixture
def watch() -> Watch:
    """What the test's pages complain about."""
    return Watch()


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, platform: PlatformProcess, races: Races, watch: Watch) -> AsyncIterator[Arrive]:
    """`await arrive(device)` is an empty page of a new visitor. No page may complain until the test is over."""
    async with AsyncExitStack() as leaving:

        async def arrive_with(device: Device = PHONE, *, at: str = platform.url) -> Page:
            context = await browser.new_context(base_url=at, **device.options())
            leaving.push_async_callback(context.close)
            context.set_default_timeout(_PATIENCE_MS)
            context.on("page", watch.over)
            return await context.new_page()

        yield arrive_with
    assert not watch.complaints, "\n".join(watch.complaints)


@pytest_asyncio.fixture(loop_scope="session")
async def open_front(platform: PlatformProcess) -> AsyncIterator[OpenFront]:
    """`await open_front(fault, **settings)` is the address of pages whose way to the platform has a fault."""
    async with AsyncExitStack() as closing:

        async def open_one(fault: Fault, **settings: Any) -> str:
            return (await closing.enter_async_context(Front(platform.url, fault, **settings))).url

        yield open_one
