"""The journey on both transports, and once with every message delivered twice."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from standalone.journey.browsers import PlainBrowser
from standalone.journey.client import Site
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.story import Demand, Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

DEMANDS = (
    Demand(quota=17, singles=12, fives=2, tens=1),
    Demand(quota=5, singles=3, fives=1),
    Demand(quota=2, singles=4),
)

Start = Callable[..., Awaitable[PlatformProcess]]


async def _play(platform: PlatformProcess) -> Story:
    lines: list[str] = []
    async with Site(platform.url) as site, httpx.AsyncClient(base_url=platform.url, timeout=30.0) as http:
        owner = (OWNER_EMAIL, platform.owner_password)
        story = Story(site, owner, lines.append, browser=PlainBrowser(http))
        await story.play(DEMANDS)
    return story


async def _healthy(platform: PlatformProcess) -> dict[str, Any]:
    code, output = await platform.command("doctor", "--json", "--wait", "30")
    diagnosis: dict[str, Any] = json.loads(output)
    assert code == 0, diagnosis["findings"]
    return diagnosis


@pytest.mark.soak  # as `make demo` plays it
async def test_the_journey_in_one_process(start_platform: Start) -> None:
    platform = await start_platform()
    story = await _play(platform)
    diagnosis = await _healthy(platform)
    assert diagnosis["counts"]["roster"] == story.counts["race packs handed out"]
    assert diagnosis["counts"]["checked_in"] == story.counts["race packs handed out"]
    assert await platform.stop() == 0


async def test_the_journey_over_rabbitmq(start_platform: Start, rabbitmq_url: str) -> None:
    platform = await start_platform(rabbitmq_url)
    await _play(platform)
    await _healthy(platform)
    assert await platform.stop() == 0


async def test_the_journey_with_every_message_delivered_twice(start_platform: Start, rabbitmq_url: str) -> None:
    platform = await start_platform(rabbitmq_url, REHEARSE_DUPLICATES="true")
    story = await _play(platform)
    diagnosis = await _healthy(platform)
    sent = {name: count for name, count in diagnosis["counts"].items() if name.startswith("messages_")}
    async with Site(platform.url) as site:
        mails, texts = await site.mails(), await site.whatsapps()
    left = sent["messages_sent"] + sent["messages_delivered"]
    assert len(mails) + len(texts) == left
    with_ticket = [mail["to"] for mail in mails if mail.get("attachments")]
    assert len(with_ticket) == len(set(with_ticket)) == story.counts["race packs handed out"]
