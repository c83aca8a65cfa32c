"""Builds notification's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import httpx
from chassis.auth.access import keys_over_http, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.settings import load
from chassis.telemetry import configure_logging
from chassis.web.application import Lifespan, build_application
from fastapi import FastAPI

from notification.base import service_tables
from notification.preferences import api as preferences
from notification.preferences.queries import PreferencesReader
from notification.queue import api as queue
from notification.settings import Settings
from notification.templates import api as templates
from notification.templates.rendering import Renderer
from notification.webhooks import api as webhooks

_WEBHOOK_BYTES = 4 * 1024


def build_renderer(settings: Settings) -> Renderer:
    """What fills templates in, as the environment wants it."""
    return Renderer(public_url=settings.public_url, zone=ZoneInfo(settings.timezone))


def build_app(
    settings: Settings, database: Database, http: httpx.AsyncClient, *, lifespan: Lifespan | None = None
) -> FastAPI:
    """The application on resources that whoever calls owns."""
    return build_application(
        "notification",
        database,
        [queue.router, templates.router, preferences.router, webhooks.router],
        verifiers={TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url))},
        state={
            "preferences": PreferencesReader(settings),
            "renderer": build_renderer(settings),
            "webhook_secret": settings.fonnte_webhook_secret.get_secret_value(),
        },
        larger_bodies={r"/api/notification/v1/webhooks/.*": _WEBHOOK_BYTES},
        lifespan=lifespan,
    )


def build_database(settings: Settings) -> Database:
    """The service's database with a pool as the environment wants it."""
    return Database(
        settings.database_url,
        service="notification",
        tables=service_tables,
        pool_size=settings.pool_size,
        pool_overflow=settings.pool_overflow,
    )


def create_app() -> FastAPI:
    """For `uvicorn --factory notification.app:create_app`."""
    settings = load(Settings)
    configure_logging(settings.log_level)
    database, http = build_database(settings), httpx.AsyncClient()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await http.aclose()
        await database.close()

    return build_app(settings, database, http, lifespan=lifespan)
