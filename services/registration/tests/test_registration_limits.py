"""What one address may send to the route of registrations, as the settings define."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from testkit.clocks import ManualClock
from testkit.driver import Answer
from testkit.plugin import FreshDatabase

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver, settings_for

ADDRESS = "9.9.9.9"
PROXY = "10.0.0.1"


class Edge:
    """A process of registration, and callers of it at any address."""

    def __init__(self, driver: RegistrationDriver, closing: AsyncExitStack) -> None:
        self.driver = driver
        self._closing = closing

    async def caller(self, address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.driver.app, client=(address, 50000))
        client = httpx.AsyncClient(transport=transport, base_url="http://startline.test")
        return await self._closing.enter_async_context(client)

    async def try_register(self, client: httpx.AsyncClient, *forwarded: str, **body: Any) -> Answer:
        headers = [("X-Forwarded-For", each) for each in forwarded]
        sent = body or {"json": self.driver.form()}
        return Answer.of(await client.post(self.driver.url("/registrations"), headers=headers, **sent))


StartEdge = Callable[..., Awaitable[Edge]]


@pytest.fixture
async def edge(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[StartEdge]:
    """Build processes with limits."""
    async with AsyncExitStack() as closing:

        async def start(**fields: Any) -> Edge:
            driver = RegistrationDriver(settings_for(await fresh_database("registration"), **fields), clock=clock)
            closing.push_async_callback(driver.close)
            await driver.open_category()
            return Edge(driver, closing)

        yield start


async def _codes(edge: Edge, client: httpx.AsyncClient, tries: int, *forwarded: str) -> list[int]:
    return [(await edge.try_register(client, *forwarded)).status for _ in range(tries)]


async def test_one_address_sends_a_burst_and_then_waits(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=3)
    caller = await made.caller(ADDRESS)
    assert await _codes(made, caller, 6) == [201, 201, 201, 429, 429, 429]
    refused = await made.try_register(caller)
    assert refused.code == "too_many_requests"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 30 < int(refused.headers["Retry-After"]) <= 60
    assert await _codes(made, await made.caller("8.8.8.8"), 1) == [201]
    assert (await made.driver.places())["taken"] == 4


async def test_reading_is_free_of_that_limit(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=1)
    caller = await made.caller(ADDRESS)
    assert await _codes(made, caller, 2) == [201, 429]
    for _ in range(20):
        assert (await caller.get(made.driver.url("/events"))).status_code == 200


async def test_a_refused_request_is_not_read_and_causes_no_query(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=1)
    caller = await made.caller(ADDRESS)
    assert await _codes(made, caller, 1) == [201]
    statements: list[str] = []
    engine = made.driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    for body in ({"json": made.driver.form()}, {"content": b"{"}, {"content": b"[" * 60_000}):
        assert (await made.try_register(caller, **body)).status == 429
    assert statements == []
    assert (await made.try_register(await made.caller("8.8.8.8"))).status == 201
    assert statements  # they would have been seen


async def test_wrong_forms_count_too(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=2)
    caller = await made.caller(ADDRESS)
    got = [(await made.try_register(caller, content=b"{")).status for _ in range(4)]
    assert got == [400, 400, 429, 429]


async def test_a_forged_header_gets_no_second_burst(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=2)
    caller = await made.caller(ADDRESS)
    got = [(await made.try_register(caller, f"8.8.8.{each}")).status for each in range(6)]
    assert got.count(201) == 2


async def test_behind_our_proxy_each_address_has_its_own_limit(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=1, rate_registration_burst=2, trusted_proxies=1)
    proxy = await made.caller(PROXY)
    for runner in ("9.9.9.9", "8.8.8.8", "2606:4700::1"):
        assert await _codes(made, proxy, 3, "1.1.1.1", runner) == [201, 201, 429]
    assert await _codes(made, proxy, 1, "2606:4700::2") == [429]


async def test_by_default_a_shared_address_gets_its_burst_and_the_local_machine_no_limit(edge: StartEdge) -> None:
    made = await edge()
    campus = await made.caller(ADDRESS)
    got = await _codes(made, campus, 40)
    assert got[:20] == [201] * 20
    assert 429 in got[20:]
    assert await _codes(made, await made.caller("127.0.0.1"), 40) == [201] * 40


async def test_zero_sets_no_limit(edge: StartEdge) -> None:
    made = await edge(rate_registration_per_minute=0)
    assert await _codes(made, await made.caller(ADDRESS), 40) == [201] * 40


async def test_an_address_that_guesses_promo_codes_is_stopped(edge: StartEdge) -> None:
    made = await edge()
    path = made.driver.url("/promo-codes/check")
    asked = {"category_id": made.driver.category["id"], "code": "GUESSED", "registration_type": "individual"}

    async def guess(caller: httpx.AsyncClient, tries: int) -> list[int]:
        return [(await caller.get(path, params=asked)).status_code for _ in range(tries)]

    statuses = await guess(await made.caller(ADDRESS), 30)
    assert statuses[:10] == [409] * 10
    assert statuses.count(429) > 15
    assert await guess(await made.caller("8.8.8.8"), 1) == [409]


async def test_wrong_promo_codes_of_registrations_count_as_checked_ones(edge: StartEdge) -> None:
    made = await edge(rate_promo_check_per_minute=1, rate_promo_check_burst=3)
    driver = made.driver
    await PricesDriver(driver).create_code("LARI20")
    caller = await made.caller(ADDRESS)

    async def registering(code: str | None) -> int:
        return (await made.try_register(caller, json=driver.form() | ({"promo_code": code} if code else {}))).status

    # when a right code is sent, it does not count
    assert [await registering("LARI20") for _ in range(5)] == [201] * 5
    # when wrong ones are sent, they do
    assert [await registering(f"WRONG{number}") for number in range(5)] == [409, 409, 409, 429, 429]
    # then no other is tried, by a check neither, and registrations without a code go on
    assert await registering("LARI20") == 429
    params = {"category_id": driver.category["id"], "code": "LARI20", "registration_type": "individual"}
    assert (await caller.get(driver.url("/promo-codes/check"), params=params)).status_code == 429
    assert await registering(None) == 201


@pytest.mark.parametrize("path", ["/registrations", "/waitlist"])
async def test_wrong_promo_codes_that_are_sent_at_once_count_as_well(edge: StartEdge, path: str) -> None:
    made = await edge(rate_promo_check_per_minute=1, rate_promo_check_burst=3)
    driver = made.driver
    await driver.open_category(quota=1, code_required=True)
    await PricesDriver(driver).create_access_code("MEMBER")
    if path == "/waitlist":
        await driver.register(promo_code="MEMBER")
    caller = await made.caller(ADDRESS)

    async def send(code: str) -> int:
        return (await caller.post(driver.url(path), json=driver.form(promo_code=code))).status_code

    # when
    statuses = await asyncio.gather(*(send(f"WRONG{number}") for number in range(12)))
    # then
    assert sorted(statuses) == [409] * 3 + [429] * 9
