"""The pages in the process of the tests, on a real platform whose answers may be changed on the way."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Self, TypeAlias

import httpx
from chassis.process import BackgroundServer
from chassis.secrets import new_key
from embedded.ports import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from web.app import build_app
from web.checkin.files import AppRelease
from web.service import DATABASE
from web.settings import Settings
from web.upstream.apis import Apis

Send: TypeAlias = Callable[[httpx.Request], Awaitable[httpx.Response]]
Fault: TypeAlias = Callable[[httpx.Request, Send], Awaitable[httpx.Response]]
"""Answers a request of the pages, with `send` or without."""


_NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"  # pages for runners need no database
_FORWARDED = ("content-type", "cache-control", "retry-after")


class _Changed(httpx.AsyncBaseTransport):
    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._way = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._fault(request, self._way.handle_async_request)

    async def aclose(self) -> None:
        await self._way.aclose()


class Front:
    """The pages on a socket of their own, and the platform's APIs beside them.

    Args:
        platform: base URL of the platform behind them.
        fault: between the pages and the platform.
        settings: of the pages, besides those that they need.
    """

    def __init__(self, platform: str, fault: Fault, **settings: Any) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._platform = platform
        self._fault = fault
        self._settings = settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def _start(self, stack: AsyncExitStack) -> None:
        for_pages = httpx.AsyncClient(transport=_Changed(self._fault), base_url=self._platform)
        await stack.enter_async_context(for_pages)
        needed = {"database_url": _NOWHERE, "secret_keys": new_key(), "public_url": self.url}
        settings = Settings.behind(self._platform, **{**needed, **self._settings})
        database = DATABASE.open_database(settings.database_url)
        stack.push_async_callback(database.close)
        pages = build_app(settings, Apis.behind(for_pages), database)
        self._pages = pages
        await stack.enter_async_context(pages.router.lifespan_context(pages))
        forwarding = Route("/api/{path:path}", self._forward, methods=["GET", "POST"])
        app = Starlette(routes=[forwarding, Mount("/", pages)])
        server = BackgroundServer(app, host="127.0.0.1", port=int(self.url.rpartition(":")[2]), grace_seconds=1)
        await server.start()
        stack.push_async_callback(server.stop)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def release_the_app(self, version: str) -> None:
        """Serve the check-in app as another release from now on."""
        state = self._pages.state
        now: AppRelease = state.checkin_app
        folder = f"/checkin/app/{version}"
        state.checkin_app = AppRelease(
            version, {name: replace(each, address=f"{folder}/{name}") for name, each in now.files.items()}
        )

    async def _forward(self, request: Request) -> Response:
        """Answer as the platform's API does, without the fault."""
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        async with httpx.AsyncClient(base_url=self._platform) as apis:
            answer = await apis.request(
                request.method, str(request.url.path), content=await request.body(), headers=headers
            )
        kept = {name: answer.headers[name] for name in _FORWARDED if name in answer.headers}
        return Response(answer.content, answer.status_code, headers=kept)


async def out_of_reach(request: httpx.Request, _: Send) -> httpx.Response:
    """No API can be reached."""
    raise httpx.ConnectError("out of reach", request=request)


async def none(request: httpx.Request, send: Send) -> httpx.Response:
    """Nothing is changed on the way."""
    return await send(request)


async def nothing_announced(request: httpx.Request, send: Send) -> httpx.Response:
    """There are no races yet."""
    if request.url.path.endswith("/events"):
        return httpx.Response(200, json={"items": [], "next_cursor": None}, request=request)
    return await send(request)


async def too_many_requests(request: httpx.Request, _: Send) -> httpx.Response:
    """The visitor's connection has sent too many requests."""
    problem = {"code": "rate_limited", "detail": "Too many requests.", "status": 429}
    return httpx.Response(429, json=problem, headers={"Retry-After": "30"}, request=request)


def loses_one_answer(*, to: str = "") -> Fault:
    """The API does what the first POST says, and its answer is lost.

    Args:
        to: end of the path; POSTs to others lose nothing.
    """
    lost = False

    async def fault(request: httpx.Request, send: Send) -> httpx.Response:
        nonlocal lost
        answer = await send(request)
        if request.method == "POST" and request.url.path.endswith(to) and not lost:
            lost = True
            await answer.aclose()
            raise httpx.ReadTimeout("lost", request=request)
        return answer

    return fault
