"""The HTTP application."""

import httpx
from chassis.auth.access import keys_over_http, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.process import api_from_environment
from chassis.web.application import build_application
from fastapi import FastAPI

from notification.preferences import api as preferences
from notification.preferences.queries import PreferencesReader
from notification.queue import api as queue
from notification.settings import Settings
from notification.tables import service_tables
from notification.templates import api as templates
from notification.templates.rendering import Renderer
from notification.webhooks import api as webhooks

_WEBHOOK_BYTES = 4 * 1024


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the application. The caller opens and closes `database` and `http`."""
    return build_application(
        "notification",
        database,
        [queue.router, templates.router, preferences.router, webhooks.router],
        verifiers={TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url))},
        state={
            "preferences": PreferencesReader(settings),
            "renderer": Renderer.of(settings),
            "webhook_secret": settings.fonnte_webhook_secret.get_secret_value(),
        },
        larger_bodies={r"/api/notification/v1/webhooks/.*": _WEBHOOK_BYTES},
    )


def create_app() -> FastAPI:
    """Return the application for `uvicorn --factory notification.app:create_app`."""
    return api_from_environment(Settings, build_app, service="notification", tables=service_tables)
