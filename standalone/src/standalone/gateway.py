"""The gateway of the standalone process: the same paths as in production, on one port."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from chassis.errors import NotFound
from chassis.telemetry import correlated
from chassis.web.languages import language_of
from chassis.web.middleware import complete_headers, correlation_id_of
from chassis.web.problems import render
from chassis.wording import Wording, answered_in
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Health = Callable[[], Awaitable[Mapping[str, Any]]]

_NO_PAGES = ("/api/", "/metrics", "/simulators/")
_NOTHING = Wording(en="Nothing is served here.", id="Tidak ada apa-apa di sini.")


class Gateway:
    """Routes each request to the service of its path.

    Args:
        apps: by path prefix.
        pages: for the other paths, except those of APIs.
        ready: returns the readiness of every part.
        late: returns the lateness of every service.
    """

    def __init__(self, apps: Mapping[str, ASGIApp], *, pages: ASGIApp, ready: Health, late: Health) -> None:
        self._apps = apps
        self._pages = pages
        self._ready = ready
        self._late = late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})  # before it is accepted: refused with 403
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        for prefix, app in self._apps.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                await app(scope, receive, send)
                return
        answer = await self._own_answer(scope) or self._pages
        await answer(scope, receive, send)

    async def _own_answer(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if path.startswith(_NO_PAGES):
            return _nothing(scope)
        match path:
            case "/health/live":
                return JSONResponse({"live": True})
            case "/health/ready":
                found = await self._ready()
                return JSONResponse(found, 200 if found["ready"] else 503)
            case "/health/late":
                found = await self._late()
                return JSONResponse(found, 503 if found["late"] else 200)
        return None


def _nothing(scope: Scope) -> Response:
    """Answer an unknown path with the same 404 as a service."""
    identifier = correlation_id_of(scope)
    with correlated(identifier), answered_in(language_of(scope)):
        answer = render(NotFound(_NOTHING))
    answer.raw_headers = complete_headers(answer.raw_headers, identifier)
    return answer


class ForVisitor:
    """Has the APIs see the visitor whom the pages call them for as their client. Only for calls of the pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with the address that the pages give."""
        address = Headers(scope=scope).get("x-forwarded-for")
        await self._app({**scope, "client": (address, 0) if address else None}, receive, send)
