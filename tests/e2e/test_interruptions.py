"""Stopped or killed while runners register: what was accepted stays accepted, once.

Every request has a key that the client knows before it sends. Afterwards the client's log and what the platform holds
are compared as sets: lost, unexpected and duplicated must all be empty.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standalone.journey.client import Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Start = Callable[..., Awaitable[PlatformProcess]]

CLIENTS = 8


class Log:
    """What the client knows: its keys, and the answers it got."""

    def __init__(self) -> None:
        self.accepted: dict[str, str] = {}
        self.unknown: set[str] = set()

    def note(self, key: str, answer: httpx.Response | None) -> None:
        if answer is not None and answer.status_code == httpx.codes.CREATED:
            found = answer.json()["registration_id"]
            assert self.accepted.setdefault(key, found) == found, "one key, two registrations"
            self.unknown.discard(key)
        elif key not in self.accepted:
            self.unknown.add(key)


async def _open_category(platform: PlatformProcess) -> str:
    """More places than anybody can ask for before the interruption."""
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        race = {"name": "Night Run", "slug": "night-run", "event_date": "2099-01-01", "location": "Bandung"}
        event = await owner.call("POST", "/registration/v1/events", json=race, expect=201)
        category = {
            "name": "5K",
            "slug": "5k",
            "price_individual": "150000.00",
            "price_collective_5": "140000.00",
            "quota": 90_000,
            "registration_prefix": "NR5K",
            "bib_start_number": 1,
            "bib_end_number": 90_000,
        }
        path = f"/registration/v1/events/{event['id']}/categories"
        return str((await owner.call("POST", path, json=category, expect=201))["id"])


async def _ask(site: Site, key: str, form: dict[str, Any], log: Log) -> None:
    try:
        answer = await site.http.post(
            "/api/registration/v1/registrations", json=form, headers={"Idempotency-Key": key}, timeout=20.0
        )
    except httpx.TransportError:
        answer = None
    log.note(key, answer)


async def _rush(platform: PlatformProcess, category_id: str, forms: dict[str, Any], log: Log) -> None:
    """Each client registers one runner or group after the other, until the platform fails it."""
    crowd = Crowd()

    async def one(site: Site) -> None:
        while True:
            key, form = uuid4().hex, crowd.form(category_id, (1, 1, 5)[len(forms) % 3])
            forms[key] = form
            await _ask(site, key, form, log)
            if key in log.unknown:
                return

    async with Site(platform.url) as site:
        await asyncio.gather(*(one(site) for _ in range(CLIENTS)))


async def _ask_again(platform: PlatformProcess, forms: dict[str, Any], log: Log) -> None:
    slots = asyncio.Semaphore(CLIENTS)
    async with Site(platform.url) as site:

        async def one(key: str, form: dict[str, Any]) -> None:
            async with slots:
                await _ask(site, key, form, log)

        await asyncio.gather(*(one(key, form) for key, form in forms.items()))


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


async def _interrupted(platform: PlatformProcess, how: Callable[[], Awaitable[object]]) -> None:
    category_id = await _open_category(platform)
    forms: dict[str, Any] = {}
    log = Log()
    rush = asyncio.create_task(_rush(platform, category_id, forms, log))
    await eventually(lambda: len(log.accepted) >= 5 * CLIENTS, every=0.002)
    await how()
    await rush
    assert len(log.unknown) == CLIENTS
    await platform.start()
    before = dict(log.accepted)
    await _ask_again(platform, forms, log)
    held = await _held(platform)
    assert set(before.values()) <= set(held), "lost"
    assert set(held) == set(log.accepted.values()), "unexpected or lost"
    assert len(held) == len(set(held)) == len(forms), "duplicated"
    code, output = await platform.command("doctor", "--json", "--wait", "90")
    assert code == 0, output
    assert json.loads(output)["counts"]["invoices"] == len(forms)


async def test_sigterm_in_the_middle_of_a_rush_loses_nobody(start_platform: Start) -> None:
    platform = await start_platform(HOUR_SECONDS="3600")

    async def stop() -> None:
        assert await platform.stop() == 0

    await _interrupted(platform, stop)


async def test_a_power_cut_in_the_middle_of_a_rush_loses_nobody(start_platform: Start, rabbitmq_url: str) -> None:
    platform = await start_platform(rabbitmq_url, HOUR_SECONDS="3600")
    await _interrupted(platform, platform.kill)
