"""Changes come to the page as they happen, and the stream costs nothing when nobody reads it any more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from chassis.process import BackgroundServer
from web.runner.live import PassedOnStream

from .own_app import app_on
from .runner_apis import COOKIE, ID, PAGE, RunnerApis, problem


class Upstream:
    """Registration's API with an endless stream for each request."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.scopes: list[Any] = []
        self.has_ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.scopes.append(scope)
        leaving = asyncio.create_task(self._left(receive))
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while not leaving.done():
            event = asyncio.create_task(self.events.get())
            await asyncio.wait({leaving, event}, return_when=asyncio.FIRST_COMPLETED)
            if event.done():
                await send({"type": "http.response.body", "body": event.result(), "more_body": bool(event.result())})
            event.cancel()
        self.has_ended.set()

    async def _left(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[BackgroundServer]:
    server = BackgroundServer(app, host="127.0.0.1", grace_seconds=5)
    server.config.lifespan = "off"
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Live:
    """The pages on a socket, and registration's API behind them on another."""

    def __init__(self, upstream: Upstream, server: BackgroundServer, client: httpx.AsyncClient) -> None:
        self.upstream, self.server, self.client = upstream, server, client

    def open(self, **headers: str) -> Any:
        """Open the stream of the registration."""
        return self.client.stream("GET", f"/en{PAGE}/stream", headers={**COOKIE, **headers})


@pytest.fixture
async def live(clock: Any) -> AsyncIterator[Live]:
    upstream = Upstream()
    async with AsyncExitStack() as stack:
        behind = await stack.enter_async_context(_serving(upstream))
        api = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{behind.port}"))
        app = app_on(api, clock=clock)
        server = await stack.enter_async_context(_serving(app))
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}")
        yield Live(upstream, server, await stack.enter_async_context(client))


async def test_events_are_passed_on_one_by_one(live: Live) -> None:
    async with asyncio.timeout(5), live.open() as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-store", "no")
        pieces = stream.aiter_raw()
        for event in (b"retry: 2000\n\n", b"id: 3\nevent: status\ndata: {}\n\n", b":\n\n"):
            live.upstream.events.put_nowait(event)
            assert await anext(pieces) == event
    [scope] = live.upstream.scopes
    assert scope["path"] == f"/api/registration/v1/registrations/{ID}/stream"


async def test_a_browser_that_comes_back_names_its_last_event(live: Live) -> None:
    async with asyncio.timeout(5), live.open(**{"Last-Event-ID": "3"}):
        pass
    assert (b"last-event-id", b"3") in live.upstream.scopes[0]["headers"]


async def test_when_the_visitor_leaves_the_stream_behind_ends(live: Live) -> None:
    async with asyncio.timeout(5):
        async with live.open():
            assert not live.upstream.has_ended.is_set()
        await live.upstream.has_ended.wait()


async def test_when_the_service_stops_its_streams_end_at_once(live: Live) -> None:
    async with asyncio.timeout(4), live.open() as stream:
        await live.server.stop()
        assert await stream.aread() == b""
        await live.upstream.has_ended.wait()


async def test_when_the_api_ends_the_stream_it_ends_here(live: Live) -> None:
    async with asyncio.timeout(5), live.open() as stream:
        live.upstream.events.put_nowait(b"")
        assert await stream.aread() == b""


async def test_an_api_that_is_silent_for_too_long_is_given_up(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.runner.live.SILENT_SECONDS", 0.05)
    async with asyncio.timeout(5), live.open() as stream:
        assert await stream.aread() == b""


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (problem(429, "too_many_streams", headers={"Retry-After": "30"}), 429),
        (problem(503, "streams_exhausted", headers={"Retry-After": "30"}), 503),
        (problem(404, "unknown_registration"), 404),
        (httpx.ConnectError("refused"), 503),
    ],
)
async def test_refused_streams_are_refused_to_the_browser(clock: Any, refusal: Any, status: int) -> None:
    apis = RunnerApis(failures={"/stream": refusal})
    async with httpx.AsyncClient(transport=httpx.MockTransport(apis), base_url="http://registration") as api:
        app = app_on(api, clock=clock)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web.test") as site:
            answer = await site.get(f"{PAGE}/stream", headers=COOKIE)
    assert answer.status_code == status
    assert status == 404 or int(answer.headers["retry-after"]) > 0


async def test_the_visitor_may_leave_while_the_server_stops() -> None:
    # given a stream that waits for the API
    async def silent() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    stream = PassedOnStream(httpx.Response(200, stream=_Silent(silent())))
    reading = asyncio.create_task(anext(stream.chunks(), None))
    await asyncio.sleep(0)

    # when both end it, the second while the first takes effect
    failed = asyncio.get_running_loop().create_future()
    stream.end()
    asyncio.get_running_loop().call_soon(lambda: failed.set_result(_error_of(stream.end)))

    assert await reading is None
    assert await failed is None


def _error_of(call: Callable[[], None]) -> Exception | None:
    try:
        call()
    except RuntimeError as error:
        return error
    return None


class _Silent(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks
