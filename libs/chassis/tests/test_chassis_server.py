"""Connections end when their clients send too much, too slowly, or something that is not for us."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from chassis.process import BackgroundServer
from chassis.web.server import HEADER_BYTES, BoundedHttp, Waiting
from testkit.polling import eventually

GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"


class Patient(BoundedHttp):
    """With times that a test can wait for."""

    waiting = Waiting(20)
    header_seconds = 0.3
    body_seconds = 0.6


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Say which path was asked for, and how much came with it; `/early` is answered before its body, `/hold` never."""
    size = 0
    if scope["path"] == "/hold":
        await asyncio.Event().wait()
    while scope["path"] != "/early":
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = f"{scope['path']} {size}".encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def server() -> AsyncIterator[BackgroundServer]:
    found = BackgroundServer(answer, host="127.0.0.1", grace_seconds=1)
    found.config.http = Patient
    found.config.lifespan = "off"
    await found.start()
    yield found
    await found.stop()


class Line:
    """A client that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def status(self) -> int:
        return int((await self.reader.readuntil(b"\r\n")).split()[1])

    async def rest(self) -> bytes:
        """What comes until the server ends the connection."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5)
        except ConnectionResetError:
            return b""


Dial = Callable[[], Awaitable[Line]]


@pytest.fixture
async def dial(server: BackgroundServer) -> AsyncIterator[Dial]:
    """Opens connections to the server; they are closed after the test."""
    lines: list[Line] = []

    async def open_line() -> Line:
        lines.append(Line(*await asyncio.open_connection("127.0.0.1", server.port)))
        return lines[-1]

    yield open_line
    for line in lines:
        line.writer.close()
        with suppress(ConnectionError):
            await line.writer.wait_closed()


async def test_requests_one_after_another_and_in_a_row_are_answered(dial: Dial) -> None:
    line = await dial()
    await line.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
    assert b"/a 3" in await line.reader.readuntil(b"/a 3")
    await line.send(GET.replace(b"/x", b"/b") + GET.replace(b"/x", b"/c"))
    assert await line.reader.readuntil(b"/c 0")


@pytest.mark.parametrize(
    "header",
    [
        b"X-Long: " + b"a" * (HEADER_BYTES + 1) + b"\r\n\r\n",
        b"X-Long: a\r\n" * (HEADER_BYTES // 6) + b"\r\n",
        b"X-Endless: " + b"a" * (HEADER_BYTES + 1),
    ],
    ids=["one long line", "many lines", "a line that does not end"],
)
async def test_a_header_has_a_limit(dial: Dial, header: bytes) -> None:
    line = await dial()
    await line.send(b"GET /x HTTP/1.1\r\nHost: x\r\n" + header)
    assert await line.status() == 431
    assert b'"code":"header_too_large"' in await line.rest()


async def test_an_address_has_the_same_limit(dial: Dial) -> None:
    line = await dial()
    await line.send(GET.replace(b"/x", b"/" + b"x" * HEADER_BYTES))
    assert await line.status() == 431


async def test_a_flood_of_header_is_cut_off_and_not_kept(dial: Dial) -> None:
    line = await dial()
    await line.send(b"GET /x HTTP/1.1\r\nX: ")
    with pytest.raises(ConnectionError):
        await _flood(line, 150_000_000)


async def _flood(line: Line, size: int, piece: bytes = b"a" * 65_536) -> None:
    for _ in range(size // len(piece)):
        await line.send(piece)


@pytest.mark.parametrize(
    "before",
    [
        b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\nGET /y HTTP/1.1\r\n",
        b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
    ids=["a header during an answer", "a trailer"],
)
async def test_no_other_flood_of_lines_is_kept_either(
    dial: Dial, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patient, "body_seconds", 60)
    line = await dial()
    await line.send(before)
    with pytest.raises(ConnectionError):
        await _flood(line, 50_000_000, b"X-Long: a\r\n" * 4096)


async def test_a_large_rest_of_a_body_that_was_answered_early_is_no_header(dial: Dial) -> None:
    line = await dial()
    await line.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 61000\r\n\r\n" + b"a" * 1000)
    assert await line.reader.readuntil(b"/early 0")
    await line.send(b"a" * 60_000)
    with pytest.raises(TimeoutError):  # nobody asked for another answer
        await asyncio.wait_for(line.reader.read(1), 0.1)
    await line.send(GET)
    assert await line.status() == 200


@pytest.mark.parametrize("data", [b"", b"GET /x HTTP/1.1\r\nHost: x\r\n", b"\r\n"])
async def test_a_header_that_does_not_come_ends_the_connection(dial: Dial, data: bytes) -> None:
    line = await dial()
    started = time.monotonic()
    await line.send(data)
    assert await line.rest() == b""
    assert time.monotonic() - started < 2


async def _drip(line: Line, data: bytes) -> None:
    try:
        while True:
            await line.send(data)
            await asyncio.sleep(0.05)
    except ConnectionError:
        return


@pytest.mark.parametrize("first", [b"", GET], ids=["at first", "after a request"])
@pytest.mark.parametrize("drop", [b"X: y\r\n", b"\r\n"])
async def test_dripping_a_header_does_not_help(dial: Dial, first: bytes, drop: bytes) -> None:
    line = await dial()
    if first:
        await line.send(first)
        await line.reader.readuntil(b"/x 0")
    if drop != b"\r\n":
        await line.send(b"GET /x HTTP/1.1\r\n")
    await asyncio.wait_for(_drip(line, drop), 3)


async def test_a_body_that_goes_on_after_its_answer_ends_the_connection(dial: Dial) -> None:
    line = await dial()
    await line.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nx")
    assert await line.status() == 200
    await asyncio.wait_for(_drip(line, b"x"), 3)


async def test_the_longest_wait_makes_room_for_who_comes(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patient, "header_seconds", 60)  # no wait ends for another reason
    for _ in range(30):
        await dial()
    await eventually(lambda: len(Patient.waiting) == 20)
    line = await dial()
    await line.send(GET)
    assert await line.status() == 200


async def test_what_is_being_answered_never_makes_room(server: BackgroundServer, dial: Dial) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        entered.set()
        await leave.wait()
        await answer(scope, receive, send)

    server.config.loaded_app = slow
    line = await dial()
    await line.send(GET)
    await entered.wait()
    for _ in range(30):
        await dial()
    await asyncio.sleep(0.7)
    leave.set()
    assert await line.status() == 200


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
async def test_a_wish_for_another_protocol_is_answered_as_http(dial: Dial, protocol: bytes) -> None:
    line = await dial()
    await line.send(
        b"GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: " + protocol + b"\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert await line.status() == 200
    assert (await line.rest()).endswith(b"/x 0")


@pytest.mark.parametrize("data", [b"HELO mail\r\n\r\n", b"GET /x HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
async def test_what_is_not_http_gets_a_problem_document(dial: Dial, data: bytes) -> None:
    line = await dial()
    await line.send(data)
    assert await line.status() == 400
    answered = await line.rest()
    assert b"content-type: application/problem+json" in answered.lower()
    assert b'"code":"bad_request"' in answered
