"""Streams pass through the gateway as they come, and those of one address leave room for everything else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.race import open_race

from .conftest import OWNER_EMAIL, OWNER_PASSWORD, OpenGateway
from .server import Gateway

pytestmark = [pytest.mark.integration, pytest.mark.slow]

EVENTS = "/api/registration/v1/events"
SHARED, ANOTHER = "127.0.0.66", "127.0.0.67"


class Entry:
    """A registration, with its runner and staff who can change it."""

    def __init__(self, buyer: Buyer, owner: StaffMember) -> None:
        self._buyer, self._owner = buyer, owner
        self.path = f"/api/registration/v1/registrations/{buyer.entry['registration_id']}"

    def stream(self, http: httpx.AsyncClient) -> Any:
        """Ask for its stream."""
        headers = {"Authorization": f"Bearer {self._buyer.token}", "Accept-Encoding": "gzip"}
        return http.stream("GET", f"{self.path}/stream", headers=headers)

    async def page_stream(self, http: httpx.AsyncClient) -> Any:
        """Open the link, and ask for the stream of the page that it leads to."""
        link = urlsplit(self._buyer.entry["status_url"]).path
        page = (await http.get(link)).headers["location"]
        return http.stream("GET", f"{page}/stream", headers={"Accept-Encoding": "gzip"})

    async def cancel(self) -> None:
        """Change it."""
        path = f"{self.path.removeprefix('/api')}/cancel"
        await self._owner.call("POST", path, json={"reason": "asked to"}, expect=204)


@pytest.fixture
async def entry(platform: str) -> AsyncIterator[Entry]:
    async with Site(f"http://{platform}") as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, OWNER_PASSWORD)
        catalog = await owner.call("GET", "/registration/v1/catalog")
        known = [category["id"] for race in catalog["items"] for category in race["categories"]]
        category = (known or await open_race(owner, [10]))[0]
        yield Entry(await Buyer.of(site, Crowd().form(category)).register(), owner)


def _client(gateway: Gateway, source: str) -> httpx.AsyncClient:
    """A client at this address, without a connection pool that would bound its streams."""
    transport = httpx.AsyncHTTPTransport(local_address=source, limits=httpx.Limits(max_connections=None))
    return httpx.AsyncClient(base_url=gateway.url, transport=transport, timeout=httpx.Timeout(20))


async def _data(lines: AsyncIterator[str]) -> str:
    async for line in lines:
        if line.startswith("data: "):
            return line
    raise AssertionError("the stream ended")


async def test_events_come_through_one_by_one(gateway: Gateway, entry: Entry) -> None:
    async with _client(gateway, SHARED) as http, entry.stream(http) as got:
        lines = got.aiter_lines()
        assert (got.status_code, got.headers["content-type"]) == (200, "text/event-stream")
        assert "content-encoding" not in got.headers
        assert got.headers["cache-control"] == "no-store"
        async with asyncio.timeout(3):
            assert '"pending_payment"' in await _data(lines)
        await entry.cancel()
        async with asyncio.timeout(5):
            assert '"cancelled"' in await _data(lines)
    [logged] = [each async for each in _logged(gateway)]
    assert logged["path"] == f"{entry.path}/stream"


async def test_the_page_of_a_registration_hears_of_changes_as_well(gateway: Gateway, entry: Entry) -> None:
    async with _client(gateway, SHARED) as http, await entry.page_stream(http) as got:
        lines = got.aiter_lines()
        assert (got.status_code, got.headers["content-type"]) == (200, "text/event-stream")
        assert ("content-encoding" in got.headers, got.headers["cache-control"]) == (False, "no-store")
        async with asyncio.timeout(3):
            assert '"pending_payment"' in await _data(lines)
        await entry.cancel()
        async with asyncio.timeout(5):
            assert '"cancelled"' in await _data(lines)
    [logged] = [each async for each in _logged(gateway)]
    assert logged["path"] == "/r/…/stream"


async def _logged(gateway: Gateway) -> AsyncIterator[Any]:
    """The log's lines about streams; one is written when the gateway has noticed the end."""
    await asyncio.sleep(0.5)
    for each in gateway.log():
        if each["path"].endswith("/stream"):
            yield each


async def test_streams_of_one_address_are_limited_and_shut_it_out_of_nothing_else(
    open_gateway: OpenGateway, entry: Entry
) -> None:
    gateway = await open_gateway(
        changes={
            "limit_conn streams 100": "limit_conn streams 3",
            "limit_conn connections 200": "limit_conn connections 6",
        }
    )
    async with _client(gateway, SHARED) as http, _client(gateway, ANOTHER) as elsewhere, AsyncExitStack() as held:
        for _ in range(3):
            assert (await held.enter_async_context(entry.stream(http))).status_code == 200
        refused = await held.enter_async_context(entry.stream(http))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert [(await http.get(EVENTS)).status_code for _ in range(10)] == [200] * 10
        assert (await held.enter_async_context(entry.stream(elsewhere))).status_code == 200
