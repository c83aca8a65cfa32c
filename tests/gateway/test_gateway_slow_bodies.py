"""A body that never ends holds its connection for seconds, whoever would wait for it."""

import asyncio
import time

import pytest

from .conftest import OpenGateway
from .server import Gateway
from .wire import Answer, Connection, request, unfinished

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CHUNKED = "Transfer-Encoding: chunked"
EVENTS = "/api/registration/v1/events"
JSON = "Content-Type: application/json"
LOGIN = "/api/identity/v1/login"
REFRESH = "/api/identity/v1/refresh"
REGISTRATIONS = "/api/registration/v1/registrations"
STAFF = "/api/identity/v1/staff"
ATTACKER, RUNNER = "127.0.0.66", "127.0.0.1"

DRIPS = {
    "a length": (unfinished("POST", LOGIN, JSON, length=60_000), b"x"),
    "chunks": (request("POST", REGISTRATIONS, JSON, CHUNKED), b"1\r\nx\r\n"),
    "no limit of its own": (unfinished("POST", REFRESH, JSON, length=60_000), b"x"),
}


async def _drip(connection: Connection, data: bytes, *, most: float) -> tuple[Answer, float]:
    """The answer to a body of which a little comes each second, and after how long it came."""
    began = time.monotonic()

    async def keep_sending() -> None:
        while True:
            await connection.send(data)
            await asyncio.sleep(1)

    sending = asyncio.create_task(keep_sending())
    try:
        answer = await connection.answer(within=most)
    finally:
        sending.cancel()
    return answer, time.monotonic() - began


@pytest.mark.parametrize("case", DRIPS)
async def test_a_body_that_comes_byte_by_byte_is_ended_by_the_service(gateway: Gateway, case: str) -> None:
    begun, more = DRIPS[case]
    connection = await Connection.open(gateway.port, source=ATTACKER)
    await connection.send(begun)

    answer, seconds = await _drip(connection, more, most=20)
    await connection.close()

    assert (answer.status, answer.problem["code"]) == (408, "request_timeout")
    assert 8 < seconds < 16


async def test_taken_in_whole_by_the_gateway_it_would_go_on(open_gateway: OpenGateway) -> None:
    """The control."""
    gateway = await open_gateway(changes={"proxy_request_buffering off;": ""})
    begun, more = DRIPS["a length"]
    connection = await Connection.open(gateway.port, source=ATTACKER)
    await connection.send(begun)

    with pytest.raises(TimeoutError):
        await _drip(connection, more, most=20)
    await connection.close()


async def test_a_body_that_stalls_is_ended_by_the_gateway(gateway: Gateway) -> None:
    connection = await Connection.open(gateway.port, source=ATTACKER)
    began = time.monotonic()
    await connection.send(unfinished("POST", LOGIN, JSON, length=60_000))

    with pytest.raises((EOFError, ConnectionError)):
        await connection.answer(within=9)

    await connection.close()
    assert 4 < time.monotonic() - began < 8


async def test_who_may_not_ask_is_told_so_before_the_body_is_there(gateway: Gateway) -> None:
    connection = await Connection.open(gateway.port, source=ATTACKER)
    await connection.send(unfinished("POST", STAFF, JSON, length=60_000))

    answer = await connection.answer(within=3)
    await connection.close()

    assert answer.problem["code"] == "unauthenticated"
