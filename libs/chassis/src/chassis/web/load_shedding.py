"""Load shedding: rejects requests to one route beyond a maximum of concurrent ones, before any other work.

Middleware, routing and reading a request cost more than rejecting it. If every request got that far, an overloaded
process would do most of its work for requests that it rejects. See `chassis.web.fast_path`.
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

_PLACEHOLDER = "0" * 32
"""The correlation id in the document that is rendered once; each response replaces it by its own."""


@dataclass(frozen=True)
class ConcurrencyLimit:
    """The maximum of concurrent requests to one route, each with a body of at most 64 KiB.

    Attributes:
        maximum: concurrent requests that are admitted.
        refusal: the error for all others.
    """

    maximum: int
    refusal: StartlineError


class LoadShedder:
    """Admits requests up to a limit and rejects the others unread, with a response that is rendered once.

    A request counts once its whole body has arrived, so that slow clients do not use up the limit.

    Args:
        limit: for the route with `method` and `path`; all other requests pass.
        service: label of the metrics.
    """

    def __init__(self, app: ASGIApp, limit: ConcurrencyLimit, *, service: str, method: str, path: str) -> None:
        self._app = app
        self._method, self._path = method, path
        self._labels = (service, method, path)
        self._maximum = limit.maximum
        self._in_flight = 0
        self._full = self._prepared(limit.refusal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != self._method:
            await self._app(scope, receive, send)
        elif self._in_flight >= self._maximum:
            await _reject(self._full, scope, send)
        else:
            await self._admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            whole = await WholeBody.read(scope, receive, limit=BODY_BYTES)
        except ClientDisconnect:
            return
        except StartlineError as error:
            await _reject(self._prepared(error), scope, send)
            return
        if self._in_flight >= self._maximum:
            await _reject(self._full, scope, send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, whole, send)
        finally:
            self._in_flight -= 1

    def _prepared(self, error: StartlineError) -> "Refusal":
        counted = HTTP_SECONDS.labels(*self._labels, error.status)
        return {language: _Prepared(error, language, counted) for language in Language}


class _Prepared:
    """A rendered problem document in which only the correlation id is missing."""

    def __init__(self, error: StartlineError, language: Language, counted: Histogram) -> None:
        with correlated(_PLACEHOLDER), answered_in(language):
            response = render(error)
        self._counted = counted
        self._status = response.status_code
        self._before, self._after = bytes(response.body).split(_PLACEHOLDER.encode())
        self._headers = [header for header in response.raw_headers if header[0] != b"content-length"]

    async def send(self, scope: Scope, send: Send) -> None:
        identifier = correlation_id_of(scope)
        body = b"".join((self._before, identifier.encode(), self._after))
        headers = complete_headers([*self._headers, (b"content-length", b"%d" % len(body))], identifier)
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._counted.observe(0.0)


Refusal = Mapping[Language, _Prepared]


async def _reject(refusal: Refusal, scope: Scope, send: Send) -> None:
    await refusal[language_of(scope)].send(scope, send)
