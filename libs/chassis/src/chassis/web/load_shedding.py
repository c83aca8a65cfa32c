"""A door before everything else, for a route where a rush lands.

Middleware, routing and reading a request cost more than a refusal. If all were let that far in a flood, most of the
work would be done for those who are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.errors import StartlineError
from chassis.telemetry import HTTP_SECONDS, correlated
from chassis.web.bodies import BODY_BYTES, WholeBody
from chassis.web.languages import language_of
from chassis.web.middleware import complete_headers, correlation_id_of
from chassis.web.problems import render
from chassis.wording import Language, answered_in

_NOBODY = "0" * 32
"""Stands for the correlation id in the answer that is made once."""


@dataclass(frozen=True)
class ConcurrencyLimit:
    """The maximum of concurrent requests to one route, each with a body of at most 64 KiB.

    Args:
        path: below the service's own prefix.
        maximum: requests under way at once.
        refusal: the answer to all others.
    """

    method: str
    path: str
    maximum: int
    refusal: StartlineError


class LoadShedder:
    """Lets so many in and refuses the others unread, with an answer that is made already.

    A request takes a place once its whole body is there: sending slowly keeps nobody out.
    """

    def __init__(self, app: ASGIApp, concurrency_limit: ConcurrencyLimit, *, service: str, prefix: str) -> None:
        self._app = app
        self._method, self._path = concurrency_limit.method, prefix + concurrency_limit.path
        self._labels = (service, self._method, self._path)
        self._maximum = concurrency_limit.maximum
        self._inside = 0
        self._full = self._prepared(concurrency_limit.refusal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != self._method:
            await self._app(scope, receive, send)
        elif self._inside >= self._maximum:
            await _refuse(self._full, scope, send)
        else:
            await self._take_in(scope, receive, send)

    async def _take_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            whole = await WholeBody.read(scope, receive, limit=BODY_BYTES)
        except ClientDisconnect:
            return
        except StartlineError as error:
            await _refuse(self._prepared(error), scope, send)
            return
        if self._inside >= self._maximum:
            await _refuse(self._full, scope, send)
            return
        self._inside += 1
        try:
            await self._app(scope, whole, send)
        finally:
            self._inside -= 1

    def _prepared(self, error: StartlineError) -> "Refusal":
        counted = HTTP_SECONDS.labels(*self._labels, error.status)
        return {language: _Prepared(error, language, counted) for language in Language}


class _Prepared:
    """A problem document that lacks only the correlation id."""

    def __init__(self, error: StartlineError, language: Language, counted: Histogram) -> None:
        with correlated(_NOBODY), answered_in(language):
            response = render(error)
        self._counted = counted
        self._status = response.status_code
        self._before, self._after = bytes(response.body).split(_NOBODY.encode())
        self._headers = [header for header in response.raw_headers if header[0] != b"content-length"]

    async def send(self, scope: Scope, send: Send) -> None:
        identifier = correlation_id_of(scope)
        body = b"".join((self._before, identifier.encode(), self._after))
        headers = complete_headers([*self._headers, (b"content-length", b"%d" % len(body))], identifier)
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._counted.observe(0.0)


Refusal = Mapping[Language, _Prepared]


async def _refuse(refusal: Refusal, scope: Scope, send: Send) -> None:
    await refusal[language_of(scope)].send(scope, send)
