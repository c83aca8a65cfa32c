"""Building of an API: an HTTP application with a database, authenticated callers, queues, dead letters, audit log."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI

from chassis.auth.access import Verifiers
from chassis.auth.sessions import EndedSessions
from chassis.database import Database
from chassis.health import database_answers
from chassis.queues import ProcessedCounts
from chassis.web import audit, dead_letters, queues
from chassis.web.application import Check, Lifespan, build_http_app
from chassis.web.downloads import Downloads
from chassis.web.fast_path import FastPath
from chassis.web.health import lateness_router


def api_path(service: str) -> str:
    """Return the path of a service behind the gateway."""
    return f"/api/{service}"


def build_api(
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
    """Build the application of `service` with `routers` under `/api/<service>/v1`.

    Args:
        database: the service's database, used for every route's unit of work.
        verifiers: verifiers of the accepted tokens.
        state: further values for `app.state`, used by the routes' dependencies.
        larger_bodies: path patterns with the bytes that they accept instead of 64 KiB.
        checks: readiness checks besides the database, by name.
        lifespan: the service's own start and stop.
        fast_path: the route that takes load spikes.

    Raises:
        UndeclaredAccess, UnguardedRoute, NotFastRoute: see `build_http_app`.
    """
    prefix = f"{api_path(service)}/v1"
    return build_http_app(
        service,
        {prefix: [*routers, dead_letters.router, audit.router, queues.router], "": [lateness_router]},
        state={
            **(state or {}),
            "database": database,
            "verifiers": verifiers,
            "ended_sessions": EndedSessions(database),
            "downloads": Downloads(),
            "processed_counts": ProcessedCounts(database),
        },
        checks={"database": lambda: database_answers(database), **(checks or {})},
        larger_bodies=larger_bodies,
        lifespan=lifespan,
        fast_path=fast_path,
        openapi_url=f"{prefix}/openapi.json",
    )
