"""Applications in tests: each test builds its own, from the same routers as all others."""

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

_include = FastAPI.include_router


def share_included_routers() -> None:
    """Have applications of this process share what FastAPI finds out about a router, a quarter of a test's time.

    That depends on the router and its prefix alone, as no application here overrides dependencies.
    """
    known: dict[tuple[int, str], tuple[APIRouter, BaseRoute]] = {}

    def include_router(app: FastAPI, router: APIRouter, *, prefix: str = "", **options: Any) -> None:
        found = known.get((id(router), prefix))
        if found is not None and not options:
            app.router.routes.append(found[1])
            return
        _include(app, router, prefix=prefix, **options)
        if not options:
            known[id(router), prefix] = router, app.router.routes[-1]

    FastAPI.include_router = include_router  # type: ignore[assignment, method-assign]
