"""Calls between the parts of the process, without a socket and without waiting for the end of a response."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
from starlette.types import ASGIApp, Message

_LAST_SECONDS: Final = 1.0
"""Time for the application to return after its client has left."""


class InsideTransport(httpx.AsyncBaseTransport):
    """Has an ASGI application answer the requests of a client; chunks are passed on as the application sends them.

    `httpx.ASGITransport` returns a response when it is complete, which a stream of events never is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response once its header is there. Closing it tells the application that its client has left."""
        exchange = _Exchange(self._app, request)
        try:
            start = await exchange.started()
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(start["status"], headers=start["headers"], stream=exchange, request=request)


class _Exchange(httpx.AsyncByteStream):
    """A request, and the response that the application gives in a task of its own."""

    def __init__(self, app: ASGIApp, request: httpx.Request) -> None:
        if not isinstance(request.stream, httpx.AsyncByteStream):
            raise TypeError("the request is not one of an asynchronous client")
        self._body = aiter(request.stream)
        self._is_received = False
        self._left = asyncio.Event()
        # At most one message waits, so that the application is as slow as the reader of its response.
        self._sent: asyncio.Queue[Message | None] = asyncio.Queue(1)
        self._is_complete = False
        self._running = asyncio.create_task(self._run(app, request))
        self._running.add_done_callback(_retrieve)

    async def _run(self, app: ASGIApp, request: httpx.Request) -> None:
        try:
            await app(_scope_of(request), self._receive, self._send)
        finally:
            if not self._left.is_set():
                await self._sent.put(None)

    async def _receive(self) -> Message:
        if self._is_received:
            await self._left.wait()
            return {"type": "http.disconnect"}
        chunk = await anext(self._body, None)
        self._is_received = chunk is None
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    async def _send(self, message: Message) -> None:
        if not self._left.is_set():
            await self._sent.put(message)

    async def _next(self) -> Message | None:
        message = await self._sent.get()
        if message is None:
            await self._running  # raises what the application raised
        return message

    async def started(self) -> Message:
        """Return the beginning of the response.

        Raises:
            httpx.RemoteProtocolError: there is none; any error that the application raises.
        """
        message = await self._next()
        if message is None:
            raise httpx.RemoteProtocolError("the application ended without a response")
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._is_complete:
            message = await self._next()
            if message is None:
                raise httpx.RemoteProtocolError("the application ended in the middle of a response")
            self._is_complete = not message.get("more_body", False)
            yield message.get("body", b"")

    async def aclose(self) -> None:
        """Tell the application that its client has left, and wait until it has returned."""
        self._left.set()
        while not self._sent.empty():
            self._sent.get_nowait()
        try:
            await asyncio.wait({self._running}, timeout=None if self._is_complete else _LAST_SECONDS)
        finally:
            self._running.cancel()


def _retrieve(ended: asyncio.Task[None]) -> None:
    """Read the result, as asyncio reports errors that were never read. Applications log their own."""
    if not ended.cancelled():
        ended.exception()


def _scope_of(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }
