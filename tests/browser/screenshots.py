"""`python -m tests.browser.screenshots`: the pictures of the README, from the example race on a fresh platform."""

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

from embedded.chromium import find_or_install_chromium
from PIL import Image
from playwright.async_api import Page, async_playwright
from standalone.databases import Server, drop_databases
from standalone.journey.client import Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.pictures import qris_code
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.story import FAST_SENDING

from .desk import Desk
from .devices import PHONE
from .pages import Runner
from .races import PAYMENT

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
RACE: Final = "jakarta-fun-run"

_SCALE = 2
_QUALITY = 82
_LARGEST_BYTES = 120_000


async def main() -> int:
    """Take all pictures that the pages can show. Return 0."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with _platform() as platform, Site(platform.url) as site:
        code, output = await platform.command("seed")
        if code != 0:
            raise RuntimeError(output)
        staff = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        await staff.call("PUT", "/payment/v1/settings", json={**PAYMENT, "qris_image": qris_code()})
        await staff.call("PUT", "/notification/v1/settings", json=FAST_SENDING)
        async with _phone(platform.url) as page:
            await _take(page, staff)
    return 0


async def _take(page: Page, staff: StaffMember) -> None:
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


async def _picture(page: Page, name: str) -> None:
    """Save what the window shows."""
    await page.evaluate("() => document.fonts.ready")
    shown = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    path = PICTURES / f"{name}.webp"
    shown.save(path, quality=_QUALITY, method=6)
    size = path.stat().st_size
    if size > _LARGEST_BYTES:
        raise RuntimeError(f"{path} is larger than {_LARGEST_BYTES} bytes: {size}")
    print(f"{path.relative_to(PICTURES.parents[1])}: {shown.width} by {shown.height}, {size / 1000:.0f} kB")


@asynccontextmanager
async def _phone(site: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        program = find_or_install_chromium()
        browser = await playwright.chromium.launch(executable_path=program, args=["--disable-gpu", "--hide-scrollbars"])
        context = await browser.new_context(base_url=site, device_scale_factor=_SCALE, **PHONE.options())
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
