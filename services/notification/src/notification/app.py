"""The HTTP application."""

import httpx
from chassis.auth.access import keys_over_http, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.web.api import build_api
from fastapi import FastAPI

from notification.preferences import api as preferences
from notification.preferences.queries import PreferencesReader
from notification.queue import api as queue
from notification.settings import Settings
from notification.templates import api as templates
from notification.templates.rendering import Renderer
from notification.webhooks import api as webhooks

_WEBHOOK_BYTES = 4 * 1024


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the API. The caller opens and closes `database` and `http`."""
    return build_api(
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
