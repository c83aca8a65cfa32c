"""`python -m tests.browser.screenshots`: pictures of README and guide, from the example race on a fresh platform."""

import asyncio
import io
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

from chassis.auth.principals import Role
from embedded.chromium import find_or_install_chromium
from PIL import Image
from playwright.async_api import Page, async_playwright
from standalone.databases import Server, drop_databases
from standalone.journey.client import Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.pictures import qris_code
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.story import FAST_SENDING

from .crew import Crew, hire
from .desk import Desk
from .devices import DESKTOP, PHONE, Device
from .pages import Runner
from .races import PAYMENT

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
GUIDE_PICTURES: Final = PICTURES.parent / "panduan" / "gambar"
GUIDE: Final = {
    "overview": "/console?race=jakarta-fun-run",
    "race": "/console/races",
    "registrations": "/console/registrations",
    "review": "/console/review",
    "stations": "/console/stations",
    "exports": "/console/exports",
}
"""Pictures of the organiser's guide, by name."""

RACE: Final = "jakarta-fun-run"

_SCALE = 2
_QUALITY = 82
_LARGEST_BYTES = 120_000
_WAITING = 4


async def main() -> int:
    """Take all pictures that the pages can show. Return 0."""
    for folder in (PICTURES, GUIDE_PICTURES):
        folder.mkdir(parents=True, exist_ok=True)
    async with _platform() as platform, Site(platform.url) as site:
        code, output = await platform.command("seed")
        if code != 0:
            raise RuntimeError(output)
        staff = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        await staff.call("PUT", "/payment/v1/settings", json={**PAYMENT, "qris_image": qris_code()})
        await staff.call("PUT", "/notification/v1/settings", json=FAST_SENDING)
        async with _window(platform.url, PHONE, scale=_SCALE) as page:
            number = await _take(page, staff)
            await _wait_for_review(page)
        async with _window(platform.url, DESKTOP, scale=1) as page:
            await _take_console(page, await hire(staff), staff, number)
    return 0


async def _take(page: Page, staff: StaffMember) -> str:
    """Save the pictures of the README; return the number of the registration in them."""
    runner = Runner(page, prefix="/en")
    await runner.opens_the_race(RACE)
    await _picture(page, "race")
    number = await runner.registers(RACE, "5k", Crowd().form(""))
    await runner.sees_how_to_pay(number)
    await _picture(page, "status")
    await runner.uploads_a_proof(number, "150000.00")
    await Desk(staff).verifies(number)
    await runner.opens_the_tickets(number)
    await page.locator("main li[id]").first.evaluate("ticket => ticket.scrollIntoView()")
    await _picture(page, "ticket")
    return number


async def _wait_for_review(page: Page) -> None:
    """Register others who have paid, and whose proofs wait; they have something to do for the console's pictures."""
    runner = Runner(page, prefix="/en")
    crowd = Crowd(first=100)
    for _ in range(_WAITING):
        number = await runner.registers(RACE, "5k", crowd.form(""))
        await runner.sees_how_to_pay(number)
        await runner.uploads_a_proof(number, "150000.00")


async def _take_console(page: Page, crew: Crew, staff: StaffMember, number: str) -> None:
    """Save the pictures of the organiser's guide, of a race in which something has happened."""
    await crew.logs_in(page, Role.OWNER)
    [found] = await Desk(staff).registrations_of(number)
    addresses = {**GUIDE, "registration": f"/console/registrations/{found['registration_id']}"}
    for name, address in addresses.items():
        await page.goto(address)
        await _picture(page, name, GUIDE_PICTURES)


async def _picture(page: Page, name: str, folder: Path = PICTURES) -> None:
    """Save what the window shows."""
    await page.evaluate("() => document.fonts.ready")
    shown = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    path = folder / f"{name}.webp"
    shown.save(path, quality=_QUALITY, method=6)
    size = path.stat().st_size
    if size > _LARGEST_BYTES:
        raise RuntimeError(f"{path} is larger than {_LARGEST_BYTES} bytes: {size}")
    print(f"{path.relative_to(PICTURES.parents[1])}: {shown.width} by {shown.height}, {size / 1000:.0f} kB")


@asynccontextmanager
async def _window(site: str, device: Device, *, scale: int) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        program = find_or_install_chromium()
        browser = await playwright.chromium.launch(executable_path=program, args=["--disable-gpu", "--hide-scrollbars"])
        context = await browser.new_context(base_url=site, device_scale_factor=scale, **device.options())
        yield await context.new_page()
        await browser.close()


@asynccontextmanager
async def _platform() -> AsyncIterator[PlatformProcess]:
    folder, prefix = Path(mkdtemp(prefix="startline-pictures-")), f"pictures_{uuid4().hex[:8]}_"
    database = os.environ["TEST_DATABASE_URL"]
    environment = {"DATABASE_URL": database, "STARTLINE_DATABASE_PREFIX": prefix, "BROKER_URL": ""}
    try:
        async with PlatformProcess(folder / "data", environment=environment) as running:
            yield running
    finally:
        await drop_databases(Server(database, prefix))
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
