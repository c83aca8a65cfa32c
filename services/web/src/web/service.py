"""The process of pages: `uvicorn --factory web.service:create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from chassis.settings import load
from chassis.telemetry import configure_logging
from fastapi import FastAPI

from web.app import build_app
from web.settings import Settings

_KEPT_CONNECTIONS = 64


def create_app() -> FastAPI:
    """Return the application with settings from the environment; it closes what it opened when it stops.

    Raises:
        MissingSettings: naming all that are missing or wrong.
    """
    settings = load(Settings)
    configure_logging(settings.log_level)
    registration = _client(settings, settings.registration_url)
    payment = _client(settings, settings.payment_url)
    app = build_app(settings, registration=registration, payment=payment)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with registration, payment:
            yield

    app.router.lifespan_context = lifespan
    return app


def _client(settings: Settings, base_url: str) -> httpx.AsyncClient:
    """Return a client whose connections are kept; streams hold theirs for minutes, so they are not limited here."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=settings.upstream_seconds,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS),
    )
