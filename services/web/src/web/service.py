"""The process of pages: `uvicorn --factory web.service:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from chassis.settings import load
from chassis.telemetry import configure_logging
from fastapi import FastAPI

from web.app import build_app
from web.settings import Settings


def create_app() -> FastAPI:
    """Return the application with settings from the environment; it closes what it opened when it stops.

    Raises:
        MissingSettings: naming all that are missing or wrong.
    """
    settings = load(Settings)
    configure_logging(settings.log_level)
    http = httpx.AsyncClient(base_url=settings.registration_url, timeout=settings.upstream_seconds)
    app = build_app(settings, http)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with http:
            yield

    app.router.lifespan_context = lifespan
    return app
