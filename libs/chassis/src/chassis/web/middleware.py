"""Plain ASGI middleware: correlation ids, timing, headers, unexpected errors."""

import re
import time
from collections.abc import Iterable, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import NotFound
from chassis.telemetry import HTTP_SECONDS, correlated, new_correlation_id
from chassis.web.languages import language_of
from chassis.web.problems import ErrorResponses
from chassis.wording import answered_in

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""No valid path contains one. A trailing line feed matches a route's pattern (`$`), but no limit on an exact path."""

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are used as metric labels; callers may send any number of others."""

OPEN_ENDED = "startline.open_ended"
"""Scope key of a response that lasts until its client leaves. In metrics its time ends with its header."""

_CLIENT_LEFT = 499
"""Status in metrics of requests whose client disconnected before the response, as in nginx's log."""

NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of responses that are not pages."""

NO_REFERRER = "no-referrer"

_POLICY = b"content-security-policy"
_REFERRER = b"referrer-policy"
_UNLESS_SET = {
    b"x-content-type-options": b"nosniff",
    _REFERRER: NO_REFERRER.encode(),
    _POLICY: NOTHING_ALLOWED.encode(),
    b"cache-control": b"no-store",
}


class RequestContext:
    """Sets the correlation id, times the request, completes headers and answers unexpected errors."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        content_security_policy: str,
        error_responses: ErrorResponses,
        referrer_policy: str = NO_REFERRER,
    ) -> None:
        self._app = app
        self._service = service
        own = {_POLICY: content_security_policy.encode(), _REFERRER: referrer_policy.encode()}
        self._unless_set = {**_UNLESS_SET, **own}
        self._error_responses = error_responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = correlation_id_of(scope)
        with correlated(identifier), answered_in(language_of(scope)):
            await self._answer(scope, receive, send, identifier)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, identifier: str) -> None:
        started = time.perf_counter()
        status = 0
        ended: float | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                if OPEN_ENDED in scope:
                    ended = time.perf_counter()
                message["headers"] = complete_headers(message["headers"], identifier, self._unless_set)
            await send(message)

        try:
            if _CONTROL.search(scope["path"]):
                await self._error_responses.render(NotFound())(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = status or _CLIENT_LEFT
        except Exception as error:
            if status:
                raise
            await self._error_responses.render_unforeseen(error)(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            elapsed = (ended or time.perf_counter()) - started
            method = scope["method"] if scope["method"] in _METHODS else "other"
            HTTP_SECONDS.labels(self._service, method, route, status).observe(elapsed)


def correlation_id_of(scope: Scope) -> str:
    """Return the request's correlation id if it is well-formed, otherwise a new one."""
    given = next((value for name, value in scope["headers"] if name == b"x-correlation-id"), b"").decode("latin-1")
    return given if _CORRELATION_ID.fullmatch(given) else new_correlation_id()


def complete_headers(
    headers: Iterable[tuple[bytes, bytes]], identifier: str, unless_set: Mapping[bytes, bytes] = _UNLESS_SET
) -> list[tuple[bytes, bytes]]:
    """Return the headers with those of every response added."""
    given = [each for each in headers if each[0] != b"x-correlation-id"]
    names = {name for name, _ in given}
    added = [(name, value) for name, value in unless_set.items() if name not in names]
    return [*given, *added, (b"x-correlation-id", identifier.encode())]
