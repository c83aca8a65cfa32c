"""A refused request whose body still comes holds its connection only for a moment, or is counted."""

import asyncio
import time

import pytest

from .conftest import OpenGateway
from .server import Gateway
from .wire import Connection, Crowd, answered, unfinished

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LOGIN = "/api/identity/v1/login"
ATTACKER, RUNNER = "127.0.0.66", "127.0.0.1"

REFUSED = {
    "not found": (unfinished("POST", "/api/nowhere", length=60_000), 404),
    "method": (unfinished("TRACE", "/api/identity/v1/login", length=60_000), 405),
    "no address": (unfinished("POST", "/%00", length=60_000), 400),
    "health": (unfinished("POST", "/health/live", length=60_000), 200),
}


async def _seconds_held(connection: Connection, *, every: float, most: float) -> float:
    """How long the gateway keeps a connection open that sends a byte again and again."""
    began = time.monotonic()
    while time.monotonic() - began < most:
        try:
            await connection.send(b"x")
        except ConnectionError:
            break
        await asyncio.sleep(every)
    return time.monotonic() - began


async def _all_held(connections: list[Connection], *, most: float = 12.0) -> list[float]:
    return list(await asyncio.gather(*(_seconds_held(each, every=0.5, most=most) for each in connections)))


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_body_that_dribbles_ends_soon(gateway: Gateway, case: str) -> None:
    sent, status = REFUSED[case]
    async with Crowd(gateway.port) as crowd:
        held = await crowd.come(5, sent, source=ATTACKER)

        assert await answered(held) == [status] * 5
        assert max(await _all_held(held)) < 8


async def test_the_server_that_only_redirects_ends_it_soon_too(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(https=True)
    async with Crowd(gateway.port) as crowd:
        held = await crowd.come(5, unfinished("POST", LOGIN, length=60_000), source=ATTACKER)

        assert await answered(held) == [308] * 5
        assert max(await _all_held(held)) < 8


async def test_bodies_that_are_too_large_may_go_on_but_only_so_many_of_one_address(gateway: Gateway) -> None:
    async with Crowd(gateway.port) as crowd:
        held = await crowd.come(30, unfinished("POST", LOGIN, length=99_999_999), source=ATTACKER)

        statuses = [(await each.answer()).problem["status"] for each in held]
        seconds = await _all_held(held)

    assert sorted(statuses) == [413] * 20 + [429] * 10
    assert sum(each < 8 for each in seconds) == 10, "those that were not counted end soon"
