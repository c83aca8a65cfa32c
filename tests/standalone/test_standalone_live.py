"""The page of a registration in a whole platform: a proof goes through it, and its changes come over a socket."""

import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.pictures import payment_proof
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.race import open_race
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

NOTHING = {"DATABASE_URL": "", "BROKER_URL": "", "FONNTE_TOKEN": "", "SMTP_HOST": "", "PUBLIC_URL": ""}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[PlatformProcess]:
    async with PlatformProcess(tmp_path / "data", environment=NOTHING) as platform:
        yield platform


async def _runner(platform: PlatformProcess, site: Site) -> Buyer:
    owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
    [category] = await open_race(owner, [10])
    runner = await Buyer.of(site, Crowd().form(category)).register()
    await eventually(runner.has_invoice)
    return runner


async def _next_status(lines: AsyncIterator[str]) -> dict[str, Any]:
    async for line in lines:
        if line.startswith("data: "):
            found: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return found
    raise AssertionError("the stream has ended")


async def test_a_proof_sent_by_the_page_shows_in_the_stream_and_a_stop_ends_it(platform: PlatformProcess) -> None:
    async with Site(platform.url) as site, httpx.AsyncClient(base_url=platform.url, timeout=20) as browser:
        # given a runner who has opened the link of their message
        runner = await _runner(platform, site)
        opened = await browser.get(runner.entry["status_url"], follow_redirects=True)
        page = opened.url.path
        assert "Menunggu pembayaran" in opened.text
        async with browser.stream("GET", f"{page}/stream") as stream:
            lines = stream.aiter_lines()
            assert (await _next_status(lines))["status"] == "pending_payment"

            # when they send the proof
            sent = await _send_proof(browser, page, runner)
            assert (sent.status_code, sent.headers["location"]) == (303, page)

            # then the stream says so, and the page as well
            assert (await _next_status(lines))["status"] == "payment_uploaded"
            assert "Bukti sedang diperiksa" in (await browser.get(page)).text

            # and the platform can stop although the stream is open
            started = time.monotonic()
            assert await platform.stop() == 0
            assert time.monotonic() - started < 15
            assert [line async for line in lines if line.startswith("data")] == []


def _default(form: str, name: str) -> str:
    [value] = re.findall(rf'<input[^>]* name="{name}"[^>]* value="([^"]+)"', form)
    return str(value)


async def _send_proof(browser: httpx.AsyncClient, page: str, runner: Buyer) -> httpx.Response:
    entry = runner.entry
    picture = payment_proof(entry["registration_number"], entry["total_amount"])
    form = (await browser.get(page)).text
    fields = {name: _default(form, name) for name in ("amount", "payment_date")} | {"payment_method": "qris"}
    return await browser.post(f"{page}/proof", data=fields, files={"file": ("a.jpg", picture, "image/jpeg")})
