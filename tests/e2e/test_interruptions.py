"""Stopped or killed while runners register: what was accepted stays accepted, once.

Every request has a key that the client knows before it sends. Afterwards the client's log and what the platform holds
are compared as sets: lost, unexpected and duplicated must all be empty.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from standalone.journey.checks import at_most
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.ledger import Ledger, Outcome
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.race import open_race
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

Start = Callable[..., Awaitable[PlatformProcess]]

CLIENTS = 8


async def _open_category(platform: PlatformProcess) -> str:
    """More places than anybody can ask for before the interruption."""
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        [category_id] = await open_race(owner, [90_000])
        return category_id


async def _rush(platform: PlatformProcess, category_id: str, buyers: list[Buyer], ledger: Ledger) -> None:
    """Each client registers one runner or group after the other, until the platform fails it."""
    crowd = Crowd()

    async def one(site: Site) -> None:
        while True:
            buyer = Buyer.of(site, crowd.form(category_id, (1, 1, 5)[len(buyers) % 3]))
            buyers.append(buyer)
            if (await ledger.ask(buyer.key, buyer.ask)).outcome is Outcome.UNKNOWN:
                return

    async with Site(platform.url) as site:
        await asyncio.gather(*(one(site) for _ in range(CLIENTS)))


async def _ask_again(platform: PlatformProcess, buyers: list[Buyer], ledger: Ledger) -> None:
    """Everybody once more; the ledger refuses an answer that is not the first one, byte for byte."""
    async with Site(platform.url) as site:
        await at_most(CLIENTS, (ledger.ask(buyer.key, replace(buyer, site=site).ask) for buyer in buyers))


async def _held(platform: PlatformProcess) -> list[str]:
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        found: list[str] = []
        cursor = None
        while True:
            query = "limit=200" + (f"&cursor={cursor}" if cursor else "")
            page = await owner.call("GET", f"/registration/v1/registrations?{query}")
            found += [item["registration_id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


async def _interrupted(platform: PlatformProcess, how: Callable[[], Awaitable[object]], log: Path) -> None:
    category_id = await _open_category(platform)
    buyers: list[Buyer] = []
    ledger = Ledger(log)
    rush = asyncio.create_task(_rush(platform, category_id, buyers, ledger))
    await eventually(lambda: len(ledger.keys(Outcome.OK)) >= 5 * CLIENTS, every=0.002)
    await how()
    await rush
    assert len(ledger.keys(Outcome.UNKNOWN)) == CLIENTS
    await platform.start()
    await _ask_again(platform, buyers, ledger)
    keys = {json.loads(entry.body)["registration_id"]: key for key, entry in ledger.entries.items()}
    found = ledger.compare([keys.get(held, held) for held in await _held(platform)])
    assert found.ok, found
    assert found.held == len(buyers)
    code, output = await platform.command("doctor", "--json", "--wait", "90")
    assert code == 0, output
    assert json.loads(output)["counts"]["invoices"] == len(buyers)


async def test_sigterm_in_the_middle_of_a_rush_loses_nobody(start_platform: Start, tmp_path: Path) -> None:
    platform = await start_platform(HOUR_SECONDS="3600")

    async def stop() -> None:
        assert await platform.stop() == 0

    await _interrupted(platform, stop, tmp_path / "client.log")


async def test_a_power_cut_in_the_middle_of_a_rush_loses_nobody(
    start_platform: Start, rabbitmq_url: str, tmp_path: Path
) -> None:
    platform = await start_platform(rabbitmq_url, HOUR_SECONDS="3600")
    await _interrupted(platform, platform.kill, tmp_path / "client.log")
