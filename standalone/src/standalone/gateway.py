"""The gateway of the standalone process: the same paths as in production, one port."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Health = Callable[[], Awaitable[Mapping[str, Any]]]

_LINKS = "/r/"


class Gateway:
    """Sends each request to the service whose path it is.

    Args:
        apps: by path prefix.
        ready: what every part says of its readiness.
        late: what every service says of its lateness.
    """

    def __init__(self, apps: Mapping[str, ASGIApp], *, ready: Health, late: Health) -> None:
        self._apps = apps
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
        answer = _opened(path) if path.startswith(_LINKS) else await self._own_answer(path)
        await answer(scope, receive, send)

    async def _own_answer(self, path: str) -> JSONResponse:
        match path:
            case "/health/live":
                return JSONResponse({"live": True})
            case "/health/ready":
                found = await self._ready()
                return JSONResponse(found, 200 if found["ready"] else 503)
            case "/health/late":
                found = await self._late()
                return JSONResponse(found, 503 if found["late"] else 200)
        return JSONResponse(
            {
                "type": "urn:startline:problem:not_found",
                "title": "Not found",
                "status": 404,
                "code": "not_found",
                "detail": "Nothing is served here.",
                "errors": [],
            },
            404,
            media_type="application/problem+json",
        )


def _opened(path: str) -> Response:
    """Send a link of a message to the page behind it."""
    page = "/api/registration/v1/links/" + quote(path.removeprefix(_LINKS), safe="/-_.~")
    return Response(status_code=303, headers={"Location": page, "Referrer-Policy": "no-referrer"})
