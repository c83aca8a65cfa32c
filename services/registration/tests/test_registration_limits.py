"""What one address may send to the route where the rush lands, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from testkit.plugin import FreshDatabase

SOMEBODY = "9.9.9.9"
PROXY = "10.0.0.1"


class Edge:
    """A process of registration, and callers of it at any address."""

    def __init__(self, race: Any, closing: AsyncExitStack) -> None:
        self.race = race
        self._closing = closing

    async def caller(self, address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.race.service.app, client=(address, 50000))
        client = httpx.AsyncClient(transport=transport, base_url="http://startline.test")
        return await self._closing.enter_async_context(client)

    async def register(self, client: httpx.AsyncClient, *forwarded: str, **body: Any) -> httpx.Response:
        headers = [("X-Forwarded-For", each) for each in forwarded]
        sent = body or {"json": self.race.form()}
        return await client.post(self.race.url("/registrations"), headers=headers, **sent)


@pytest.fixture
async def edge(fresh_database: FreshDatabase, clock: Any, build: Any) -> AsyncIterator[Any]:
    """Builds processes with limits."""
    async with AsyncExitStack() as closing:

        async def start(**fields: Any) -> Edge:
            race = build(await fresh_database("registration"), clock, **fields)
            closing.push_async_callback(race.service.close)
            await race.open()
            return Edge(race, closing)

        yield start


async def _codes(edge: Edge, client: httpx.AsyncClient, tries: int, *forwarded: str) -> list[int]:
    return [(await edge.register(client, *forwarded)).status_code for _ in range(tries)]


async def test_one_address_sends_a_burst_and_then_waits(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=3)
    somebody = await made.caller(SOMEBODY)
    assert await _codes(made, somebody, 6) == [201, 201, 201, 429, 429, 429]
    refused = await made.register(somebody)
    assert refused.json()["code"] == "too_many_requests"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 30 < int(refused.headers["Retry-After"]) <= 60
    assert await _codes(made, await made.caller("8.8.8.8"), 1) == [201]
    assert (await made.race.places())["taken"] == 4


async def test_reading_is_free_of_that_limit(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=1)
    somebody = await made.caller(SOMEBODY)
    assert await _codes(made, somebody, 2) == [201, 429]
    for _ in range(20):
        assert (await somebody.get(made.race.url("/events"))).status_code == 200


async def test_a_refused_request_is_neither_read_nor_looked_up(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=1)
    somebody = await made.caller(SOMEBODY)
    assert await _codes(made, somebody, 1) == [201]
    heard: list[str] = []
    engine = made.race.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: heard.append(arguments[2]))
    for body in ({"json": made.race.form()}, {"content": b"{"}, {"content": b"[" * 60_000}):
        assert (await made.register(somebody, **body)).status_code == 429
    assert heard == []
    assert (await made.register(await made.caller("8.8.8.8"))).status_code == 201
    assert heard  # it would have been heard


async def test_wrong_forms_count_too(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=2)
    somebody = await made.caller(SOMEBODY)
    got = [(await made.register(somebody, content=b"{")).status_code for _ in range(4)]
    assert got == [400, 400, 429, 429]


async def test_a_forged_header_buys_no_second_burst(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=2)
    somebody = await made.caller(SOMEBODY)
    got = [(await made.register(somebody, f"8.8.8.{each}")).status_code for each in range(6)]
    assert got.count(201) == 2


async def test_behind_our_proxy_everybody_has_a_limit_of_their_own(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=2, trusted_proxies=1)
    proxy = await made.caller(PROXY)
    for runner in ("9.9.9.9", "8.8.8.8", "2606:4700::1"):
        assert await _codes(made, proxy, 3, "1.1.1.1", runner) == [201, 201, 429]
    assert await _codes(made, proxy, 1, "2606:4700::2") == [429]


async def test_as_delivered_an_office_or_a_campus_gets_its_burst_and_this_machine_no_limit(edge: Any) -> None:
    made = await edge()
    campus = await made.caller(SOMEBODY)
    got = await _codes(made, campus, 40)
    assert got[:20] == [201] * 20
    assert 429 in got[20:]
    assert await _codes(made, await made.caller("127.0.0.1"), 40) == [201] * 40


async def test_zero_sets_no_limit(edge: Any) -> None:
    made = await edge(rate_registration_per_minute=0)
    assert await _codes(made, await made.caller(SOMEBODY), 40) == [201] * 40
