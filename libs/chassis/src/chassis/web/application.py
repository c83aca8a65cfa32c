"""Builds a service's FastAPI application, alike for all services."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import State
from starlette.types import ASGIApp

from chassis.auth.access import Verifiers, public, require_stated_access
from chassis.auth.sessions import EndedSessions
from chassis.database import Database
from chassis.health import database_answers, lateness
from chassis.web import dead_letters, openapi, problems
from chassis.web.bodies import BodyLimit
from chassis.web.downloads import Downloads
from chassis.web.fast_path import FastPath, FastRouting
from chassis.web.load_shedding import LoadShedder
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
    fast_path: FastPath | None = None,
) -> FastAPI:
    """Build the application of `service` under `/api/<service>/v1`, with health and metrics beside it.

    Args:
        database: every route's unit of work comes from it.
        verifiers: of the tokens that are accepted.
        state: what the routes' own dependencies find in `app.state`.
        larger_bodies: path patterns that accept more than 64 KiB.
        checks: what readiness asks besides the database, by name.
        lifespan: the service's own start and stop.
        fast_path: the route that takes load spikes.

    Raises:
        UndeclaredAccess: a route states no access.
        UnguardedRoute: a route does not come from a `Router` of ours.
        NotFastRoute: the fast path's route needs more than the request.
    """
    prefix = f"/api/{service}/v1"
    app = _Application(
        service,
        {prefix: [*routers, dead_letters.router], "": [_operations]},
        larger_bodies=larger_bodies or {},
        fast_path=fast_path,
        openapi_url=f"{prefix}/openapi.json",
        lifespan=lifespan or _nothing_special,
    )
    app.state = State({**(state or {}), "database": database, "verifiers": verifiers})
    app.state.ended_sessions = EndedSessions(database)
    app.state.downloads = Downloads()
    app.state.checks = {"database": lambda: database_answers(database), **(checks or {})}
    problems.install(app)
    require_stated_access(app)
    require_guarded_routes(app)
    return app


class _Application(FastAPI):
    """FastAPI with our middleware, our errors in the OpenAPI document, and the fast path.

    Args:
        routers: by the prefix of their paths.
    """

    def __init__(
        self,
        service: str,
        routers: Mapping[str, Sequence[APIRouter]],
        *,
        larger_bodies: Mapping[str, int],
        fast_path: FastPath | None,
        **options: Any,
    ) -> None:
        super().__init__(title=f"Startline {service}", version="1", **_WITHOUT, **options)
        for prefix, included in routers.items():
            for router in included:
                self.include_router(router, prefix=prefix)
        self._service = service
        self._fast_route = fast_path.route_in(self) if fast_path else None
        # From the innermost to the outermost.
        if self._fast_route is not None:
            self.add_middleware(FastRouting, route=self._fast_route)
        self.add_middleware(BodyLimit, larger=larger_bodies)
        self.add_middleware(RequestContext, service=service)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.complete(self, super().openapi())
            if self._fast_route is not None:
                self.openapi_schema["components"]["schemas"].update(self._fast_route.schemas())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        stack, route = super().build_middleware_stack(), self._fast_route
        if route is None:
            return stack
        return LoadShedder(stack, route.fast_path.limit, service=self._service, method=route.method, path=route.path)


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
