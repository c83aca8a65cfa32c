"""Builds a service's FastAPI application, alike for all services."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import State
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from chassis.auth.access import Verifiers, public, require_stated_access
from chassis.auth.sessions import EndedSessions
from chassis.database import Database
from chassis.health import database_answers, lateness
from chassis.web import dead_letters, openapi, problems
from chassis.web.bodies import BodyLimit
from chassis.web.downloads import Downloads
from chassis.web.express import Endpoint, Express, Shortcuts, find_shortcuts
from chassis.web.load_shedding import ConcurrencyLimit, LoadShedder
from chassis.web.middleware import RequestContext
from chassis.web.routing import Router, require_guarded_routes

# No pages of FastAPI's own, and no redirect for a slash: it would name the host that the caller claims to have asked.
_WITHOUT: Mapping[str, Any] = {"docs_url": None, "redoc_url": None, "redirect_slashes": False}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Check = Callable[[], Awaitable[bool]]


def build_application(
    service: str,
    database: Database,
    routers: Sequence[APIRouter],
    *,
    verifiers: Verifiers,
    state: Mapping[str, Any] | None = None,
    larger_bodies: Mapping[str, int] | None = None,
    checks: Mapping[str, Check] | None = None,
    lifespan: Lifespan | None = None,
    express: Sequence[Endpoint] = (),
    concurrency_limit: ConcurrencyLimit | None = None,
) -> FastAPI:
    """The application of `service` under `/api/<service>/v1`, with health and metrics beside it.

    Args:
        database: every route's unit of work comes from it.
        verifiers: whose tokens are accepted.
        state: what the routes' own dependencies find in `app.state`.
        larger_bodies: path patterns that accept more than 64 KiB.
        checks: what readiness asks besides the database, by name.
        lifespan: the service's own start and stop.
        express: endpoints where a rush lands, each taking the bare request and open to everybody.
        concurrency_limit: of the one route where load spikes land; excess is rejected before the body is read.

    Raises:
        UndeclaredAccess: a route states no access.
        UnguardedRoute: a route does not come from a `Router` of ours.
        NotExpress: an express one needs more than the request.
    """
    prefix = f"/api/{service}/v1"
    shortcuts: Shortcuts = {}
    app = _Application(
        title=f"Startline {service}",
        version="1",
        openapi_url=f"{prefix}/openapi.json",
        lifespan=lifespan or _nothing_special,
        middleware=_middleware(service, larger_bodies or {}, shortcuts),
        **_WITHOUT,
    )
    app.state = State({**(state or {}), "database": database, "verifiers": verifiers})
    app.state.ended_sessions = EndedSessions(database)
    app.state.downloads = Downloads()
    app.state.checks = {"database": lambda: database_answers(database), **(checks or {})}
    problems.install(app)
    _include(app, routers, prefix)
    shortcuts.update(find_shortcuts(app, express))
    if concurrency_limit is not None:
        app.door = partial(LoadShedder, concurrency_limit=concurrency_limit, service=service, prefix=prefix)
    return app


def _include(app: FastAPI, routers: Sequence[APIRouter], prefix: str) -> None:
    for router in (*routers, dead_letters.router):
        app.include_router(router, prefix=prefix)
    app.include_router(_operations)
    require_stated_access(app)
    require_guarded_routes(app)


class _Application(FastAPI):
    """With a door before everything, also before what FastAPI itself puts in front of the middleware."""

    door: Callable[[ASGIApp], ASGIApp] | None = None

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.complete(self, super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        stack = super().build_middleware_stack()
        return stack if self.door is None else self.door(stack)


def _middleware(service: str, larger_bodies: Mapping[str, int], shortcuts: Shortcuts) -> list[Middleware]:
    return [
        Middleware(RequestContext, service=service),
        Middleware(BodyLimit, larger=larger_bodies),
        Middleware(Express, shortcuts=shortcuts),
    ]


@asynccontextmanager
async def _nothing_special(_: FastAPI) -> AsyncIterator[None]:
    yield


_operations = Router(include_in_schema=False, dependencies=[public])


@_operations.get("/health/live")
async def live() -> dict[str, bool]:
    """The process runs."""
    return {"live": True}


@_operations.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """What this process needs answers: it can do its work."""
    found = {name: await check() for name, check in request.app.state.checks.items()}
    everything = all(found.values())
    return JSONResponse({"ready": everything, **found}, 200 if everything else 503)


@_operations.get("/health/late")
async def late(request: Request) -> JSONResponse:
    """Whether messages are behind: 503 when a person should look."""
    found = await lateness(request.app.state.database)
    return JSONResponse(found.report(), 503 if found.late else 200)


@_operations.get("/metrics")
async def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
