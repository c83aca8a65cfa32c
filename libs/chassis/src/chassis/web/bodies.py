"""Limits on request bodies: bounded in size and time, and read only as far as the application needs them."""

import asyncio
import re
from collections.abc import Awaitable, Mapping
from typing import Self, TypeVar
from weakref import WeakValueDictionary

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import PayloadTooLarge, TooSlow, Unavailable
from chassis.web.problems import PROBLEM_DOCUMENTS, ErrorResponses
from chassis.wording import Wording

BODY_BYTES = 64 * 1024
"""Maximum body of routes without a limit of their own."""

LARGE_BODIES = 64
"""Maximum number of larger bodies that one process reads or holds at once."""

LARGE_BODIES_OF_A_PATH = 4
"""Maximum for one path, whose further requests wait, so that one registration's proofs take few of the places."""

_T = TypeVar("_T")

_TOO_MANY = Wording(
    en="Too many uploads are under way. Nothing was stored; try again shortly.",
    id="Terlalu banyak unggahan sedang berjalan. Tidak ada yang tersimpan; coba lagi sebentar lagi.",
)
_SECONDS = 10.0
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_BYTES_PER_SECOND = 32 * 1024  # the slowest connection that may use the whole limit: an upload from a phone


class BoundedBody:
    """A request's `receive` that raises if the body is too large or too slow.

    Args:
        limit: bytes; the time limit is 10 s plus the time that so many bytes take on a slow connection.
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
        message = await self._in_time(self._receive())
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise PayloadTooLarge(limit=self._limit)
        self._complete = not message.get("more_body", False)
        return message

    async def _in_time(self, awaited: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await awaited
        except TimeoutError:
            raise TooSlow from None


class LargeBodies:
    """Limits the larger bodies that are read or held at one time.

    Args:
        most: for all paths together; further ones are refused.
        of_a_path: for each path; further ones wait.
    """

    def __init__(self, *, most: int = LARGE_BODIES, of_a_path: int = LARGE_BODIES_OF_A_PATH) -> None:
        self._most = most
        self._of_a_path = of_a_path
        self._count = 0
        self._paths: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def enter(self, path: str) -> asyncio.Semaphore:
        """Count a body and return the semaphore that `leave` needs.

        Raises:
            Unavailable: the maximum is reached.
        """
        own = self._paths.setdefault(path, asyncio.Semaphore(self._of_a_path))
        await own.acquire()
        if self._count >= self._most:
            own.release()
            raise Unavailable(_TOO_MANY, retry_after=5)
        self._count += 1
        return own

    def leave(self, own: asyncio.Semaphore) -> None:
        """Stop counting a body."""
        self._count -= 1
        own.release()


class LargeBody(BoundedBody):
    """A bounded body that is counted from its first read, which follows the access check, until the request ends."""

    def __init__(self, receive: Receive, *, limit: int, bodies: LargeBodies, path: str) -> None:
        super().__init__(receive, limit=limit)
        self._bodies = bodies
        self._path = path
        self._counted: asyncio.Semaphore | None = None

    async def __call__(self) -> Message:
        """Return the next message.

        Raises:
            Unavailable, PayloadTooLarge, TooSlow.
        """
        if self._counted is None:
            self._counted = await self._in_time(self._bodies.enter(self._path))
        return await super().__call__()

    def let_go(self) -> None:
        """Stop counting this body, as the request has ended."""
        if self._counted is not None:
            self._bodies.leave(self._counted)


class WholeBody:
    """A request's `receive` for a body that has been received completely."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    @classmethod
    async def read(cls, scope: Scope, receive: Receive, *, limit: int) -> Self:
        """Read the whole body.

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
        """Return the body, then the further messages of the connection."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class BodyLimit:
    """Middleware that limits every body, with or without Content-Length, and the number of larger ones.

    Args:
        larger: bytes for paths that match a pattern; 64 KiB for all others.
    """

    def __init__(
        self, app: ASGIApp, *, larger: Mapping[str, int], error_responses: ErrorResponses = PROBLEM_DOCUMENTS
    ) -> None:
        self._app = app
        self._bodies = LargeBodies()
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
            await self._pass_on(scope, receive, send, limit)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        if limit == BODY_BYTES or scope["method"] in _READING:
            await self._app(scope, BoundedBody(receive, limit=limit), send)
            return
        body = LargeBody(receive, limit=limit, bodies=self._bodies, path=scope["path"].lower())
        try:
            await self._app(scope, body, send)
        finally:
            body.let_go()

    def _limit(self, path: str) -> int:
        return next((limit for pattern, limit in self._larger if pattern.fullmatch(path)), BODY_BYTES)


def _require_small(scope: Scope, limit: int) -> None:
    """Refuse a body whose Content-Length is too large.

    Raises:
        PayloadTooLarge.
    """
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > limit:
        raise PayloadTooLarge(limit=limit)
