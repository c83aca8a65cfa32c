"""A small gateway, and one address that takes what it can get of it while another one asks."""

import asyncio
from contextlib import suppress

import pytest

from .conftest import OpenGateway
from .server import Gateway
from .wire import Connection, Crowd, ask, request, unfinished

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SMALL = {"worker_connections 4096": "worker_connections 128", "limit_conn connections 200": "limit_conn connections 20"}
CHUNKED = "Transfer-Encoding: chunked"
EVENTS = "/api/registration/v1/events"
JSON = "Content-Type: application/json"
LOGIN = "/api/identity/v1/login"
PROOFS = "/api/payment/v1/invoices/8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11/proofs"
REFRESH = "/api/identity/v1/refresh"
ATTACKER, RUNNER = "127.0.0.66", "127.0.0.1"
HOST_LIMIT = 150
"""Of connections of one address, which is the host's to set (docs/operations.md), as small as the gateway."""


async def _come_again(gateway: Gateway, data: bytes) -> None:
    """As many connections as the host allows one address; those that were ended are made again."""

    async def one() -> None:
        while True:
            with suppress(OSError, EOFError, TimeoutError):
                await ask(gateway.port, data, source=ATTACKER)
            await asyncio.sleep(0.05)

    await asyncio.gather(*(one() for _ in range(HOST_LIMIT)))


@pytest.mark.parametrize(
    "data",
    [unfinished("POST", REFRESH, JSON, length=60_000), b"POST / HTTP/1.1\r\nHost: "],
    ids=["bodies of one byte", "half headers"],
)
async def test_another_address_is_answered_meanwhile(open_gateway: OpenGateway, data: bytes) -> None:
    gateway = await open_gateway(changes=SMALL)
    attack = asyncio.create_task(_come_again(gateway, data))
    await asyncio.sleep(2)
    workers = gateway.workers

    asked = [await ask(gateway.port, request("GET", EVENTS), source=RUNNER) for _ in range(20)]
    login = await ask(gateway.port, request("POST", LOGIN, JSON, body=b"{}"), source=RUNNER)
    attack.cancel()
    await asyncio.gather(attack, return_exceptions=True)

    assert ({each.status for each in asked}, login.status) == ({200}, 422)
    assert gateway.workers == workers


async def test_four_hundred_bodies_of_one_byte_are_over_in_seconds(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(changes=SMALL)
    async with Crowd(gateway.port) as crowd:
        sent = unfinished("POST", REFRESH, JSON, length=9)
        await asyncio.gather(*(crowd.come(1, sent, source=ATTACKER) for _ in range(400)), return_exceptions=True)
        await asyncio.sleep(8)

        answer = await ask(gateway.port, request("GET", EVENTS), source=RUNNER)

    assert answer.status == 200


@pytest.mark.parametrize("size", [5_000_000, 50_000_000])
@pytest.mark.parametrize("path", [LOGIN, PROOFS])
async def test_who_sends_far_too_much_before_reading_reads_that_it_is_too_much(
    gateway: Gateway, path: str, size: int
) -> None:
    connection = await Connection.open(gateway.port)
    await connection.send(unfinished("POST", path, JSON, length=size, sent=b""))
    for _ in range(size // 500_000):
        await connection.send(b"x" * 500_000)

    answer = await connection.answer()
    await connection.close()

    assert answer.problem["code"] == "payload_too_large"


async def test_chunks_beyond_the_limit_are_too_much(gateway: Gateway) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    connection = await Connection.open(gateway.port)
    await connection.send(request("POST", LOGIN, JSON, CHUNKED) + chunk * 4)

    assert await connection.silent(), "64 KiB are not too much"
    await connection.send(b"1\r\nx\r\n")

    assert (await connection.answer()).problem["code"] == "payload_too_large"
    await connection.close()
