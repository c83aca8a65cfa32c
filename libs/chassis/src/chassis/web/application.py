"""Building of HTTP applications, for APIs and for pages: middleware, health, metrics, and errors in one format."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.datastructures import State
from starlette.types import ASGIApp

from chassis.auth.access import require_stated_access
from chassis.web import health, openapi
from chassis.web.bodies import BodyLimit
from chassis.web.fast_path import FastPath, FastRouting
from chassis.web.load_shedding import LoadShedder
from chassis.web.middleware import NO_REFERRER, NOTHING_ALLOWED, RequestContext
from chassis.web.problems import PROBLEM_DOCUMENTS, ErrorResponses
from chassis.web.routing import require_guarded_routes

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Check = Callable[[], Awaitable[bool]]


def build_http_app(
    service: str,
    routers: Mapping[str, Sequence[APIRouter]],
    *,
    state: Mapping[str, Any] | None = None,
    checks: Mapping[str, Check] | None = None,
    larger_bodies: Mapping[str, int] | None = None,
    lifespan: Lifespan | None = None,
    fast_path: FastPath | None = None,
    openapi_url: str | None = None,
    content_security_policy: str = NOTHING_ALLOWED,
    referrer_policy: str = NO_REFERRER,
    error_responses: ErrorResponses = PROBLEM_DOCUMENTS,
) -> FastAPI:
    """Build an application with health and metrics in addition to `routers`. It needs no database.

    Args:
        service: label of the metrics.
        routers: by the prefix of their paths.
        state: further values for `app.state`, used by the routes' dependencies.
        checks: readiness checks, by name.
        larger_bodies: path patterns with the bytes that they accept instead of 64 KiB.
        lifespan: the service's own start and stop.
        fast_path: the route that takes load spikes; it answers with problem documents.
        openapi_url: path of the OpenAPI document; None serves none.
        content_security_policy, referrer_policy: for every response that does not set its own.
        error_responses: renders errors.

    Raises:
        UndeclaredAccess: a route does not declare its access.
        UnguardedRoute: a route was not added by a `chassis.web.routing.Router`.
        NotFastRoute: the fast path's route needs more than the request.
    """
    app = _HttpApp(service, routers, fast_path=fast_path, openapi_url=openapi_url, lifespan=lifespan or _no_lifespan)
    # From the innermost to the outermost; the fast path is inside all of them.
    app.add_middleware(BodyLimit, larger=larger_bodies or {}, error_responses=error_responses)
    app.add_middleware(
        RequestContext,
        service=service,
        content_security_policy=content_security_policy,
        referrer_policy=referrer_policy,
        error_responses=error_responses,
    )
    app.state = State({**(state or {}), "checks": checks or {}})
    error_responses.install(app)
    require_stated_access(app)
    require_guarded_routes(app)
    return app


class _HttpApp(FastAPI):
    """FastAPI with a fast path, and with the platform's errors in its OpenAPI document."""

    def __init__(
        self,
        service: str,
        routers: Mapping[str, Sequence[APIRouter]],
        *,
        fast_path: FastPath | None,
        openapi_url: str | None,
        lifespan: Lifespan,
    ) -> None:
        super().__init__(
            title=f"Startline {service}",
            version="1",
            openapi_url=openapi_url,
            lifespan=lifespan,
            # No documentation pages, and no redirect for a trailing slash, as it would contain the caller's Host
            # header.
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        for prefix, included in {**routers, "": [*routers.get("", ()), health.router]}.items():
            for router in included:
                self.include_router(router, prefix=prefix)
        self._service = service
        self._fast_route = fast_path.route_in(self) if fast_path else None
        if self._fast_route is not None:
            self.add_middleware(FastRouting, route=self._fast_route)

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
async def _no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
