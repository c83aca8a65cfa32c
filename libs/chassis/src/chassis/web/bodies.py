"""Bodies of requests: bounded in size and in time, and read only as far as somebody asks for them."""

import asyncio
import re
from collections.abc import Mapping
from typing import Self

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import PayloadTooLarge, TooSlow
from chassis.web.problems import PROBLEM_DOCUMENTS, ErrorResponses

BODY_BYTES = 64 * 1024
"""What a body may have when nothing else is said about its route."""

_SECONDS = 10.0
_BYTES_PER_SECOND = 32 * 1024  # the slowest line that may use up a whole limit: an upload from a phone


class BoundedBody:
    """A request's `receive` that raises when the body is larger or slower than it may be.

    Args:
        limit: bytes; the time is 10 s and what so many bytes take on a slow line.
    """

    def __init__(self, receive: Receive, *, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._received = 0
        self._deadline = asyncio.get_running_loop().time() + _SECONDS + limit / _BYTES_PER_SECOND
        self._complete = False

    async def __call__(self) -> Message:
        """Return the next message.

        Raises:
            PayloadTooLarge, TooSlow.
        """
        if self._complete:
            return await self._receive()
        message = await self._in_time()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise PayloadTooLarge(limit=self._limit)
        self._complete = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise TooSlow from None


class WholeBody:
    """A request's `receive` whose body has arrived already."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    @classmethod
    async def read(cls, scope: Scope, receive: Receive, *, limit: int) -> Self:
        """Wait for the whole body.

        Raises:
            PayloadTooLarge, TooSlow, ClientDisconnect.
        """
        _require_small(scope, limit)
        bounded = BoundedBody(receive, limit=limit)
        pieces: list[bytes] = []
        while True:
            message = await bounded()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                return cls(b"".join(pieces), receive)

    async def __call__(self) -> Message:
        """Return the body, and after it what else the connection tells."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class BodyLimit:
    """Middleware that bounds every body, whatever its Content-Length says.

    Args:
        larger: bytes for paths that match a pattern; 64 KiB for all others.
    """

    def __init__(
        self, app: ASGIApp, *, larger: Mapping[str, int], error_responses: ErrorResponses = PROBLEM_DOCUMENTS
    ) -> None:
        self._app = app
        self._error_responses = error_responses
        self._larger = [(re.compile(pattern), limit) for pattern, limit in larger.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or isinstance(receive, WholeBody):
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        try:
            _require_small(scope, limit)
        except PayloadTooLarge as error:
            await self._error_responses.render(error)(scope, receive, send)
        else:
            await self._app(scope, BoundedBody(receive, limit=limit), send)

    def _limit(self, path: str) -> int:
        return next((limit for pattern, limit in self._larger if pattern.fullmatch(path)), BODY_BYTES)


def _require_small(scope: Scope, limit: int) -> None:
    """Refuse a body that says itself that it is too large.

    Raises:
        PayloadTooLarge.
    """
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > limit:
        raise PayloadTooLarge(limit=limit)
