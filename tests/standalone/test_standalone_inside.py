"""Calls between the parts of the standalone process: answered piece by piece, and over when their caller leaves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from standalone.inside import InsideTransport

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}


def _body(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=InsideTransport(app), base_url="http://inside")


class Ticking:
    """A stream that sends a piece for each `tick`, until its client has left."""

    def __init__(self) -> None:
        self.ticks: asyncio.Queue[bytes] = asyncio.Queue()
        self.has_ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        leaving = asyncio.create_task(receive())
        await send(START)
        while not leaving.done():
            tick = asyncio.create_task(self.ticks.get())
            await asyncio.wait({leaving, tick}, return_when=asyncio.FIRST_COMPLETED)
            if tick.done():
                await send(_body(tick.result()))
            tick.cancel()
        assert leaving.result() == {"type": "http.disconnect"}
        self.has_ended.set()


async def test_a_stream_is_read_as_it_is_written_and_ends_when_its_reader_leaves() -> None:
    app = Ticking()
    async with _client(app) as client, asyncio.timeout(5):
        async with client.stream("GET", "/stream") as response:
            pieces = response.aiter_raw()
            for tick in (b"one", b"two"):
                app.ticks.put_nowait(tick)
                assert await anext(pieces) == tick
            assert not app.has_ended.is_set()
        assert app.has_ended.is_set()


async def test_a_stream_that_nobody_reads_any_more_does_not_hold_the_application() -> None:
    app = Ticking()
    async with _client(app) as client, asyncio.timeout(5):
        async with client.stream("GET", "/stream"):
            for _ in range(10):
                app.ticks.put_nowait(b"x" * 1000)
            await asyncio.sleep(0)
        await app.has_ended.wait()


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while (message := await receive()).get("more_body"):
        body += message["body"]
    await send({**START, "status": 201})
    await send(_body(scope["method"].encode() + b" " + scope["query_string"] + b" "))
    await send(_body(body, more=False))


async def _pieces() -> AsyncIterator[bytes]:
    for piece in (b"a", b"b"):
        yield piece


async def test_an_ordinary_request_is_answered_as_over_a_socket() -> None:
    async with _client(_echo) as client:
        answer = await client.post("/x?q=1", content=_pieces())
    assert (answer.status_code, answer.content) == (201, b"POST q=1 ab")


async def test_what_the_application_does_after_its_answer_is_waited_for() -> None:
    done = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _echo(scope, receive, send)
        await asyncio.sleep(0.01)
        done.set()

    async with _client(app) as client:
        await client.get("/")
        assert done.is_set()


async def _fails(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError


async def _is_silent(scope: Any, receive: Any, send: Any) -> None:
    pass


async def _breaks_off(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    await send(_body(b"half"))


@pytest.mark.parametrize(
    ("app", "error"),
    [
        (_fails, LookupError),
        (_is_silent, httpx.RemoteProtocolError),
        (_breaks_off, httpx.RemoteProtocolError),
    ],
)
async def test_an_application_that_does_not_answer_is_an_error(app: Any, error: type[Exception]) -> None:
    async with _client(app) as client, asyncio.timeout(5):
        with pytest.raises(error):
            await client.get("/")


async def test_an_application_that_does_not_end_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standalone.inside._LAST_SECONDS", 0.01)
    cancelled = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with _client(app) as client, asyncio.timeout(5):
        async with client.stream("GET", "/"):
            pass
        await cancelled.wait()
