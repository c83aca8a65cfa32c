"""The HTTP application."""

from datetime import timedelta
from functools import partial

import httpx
from chassis.auth.access import keys_over_http, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.single_flight import SingleFlightCache
from chassis.web.api import build_api
from fastapi import FastAPI

from notification.message_log.sealing import MessageSealer
from notification.preferences import api as preferences
from notification.preferences.connections import connections
from notification.preferences.queries import PreferencesReader
from notification.queue import api as queue
from notification.queue import senders_api as senders
from notification.queue import stats_api as stats
from notification.queue.probe import TEST_LIMIT_SECONDS, Prober
from notification.queue.stats import read_stats
from notification.settings import Settings
from notification.templates import api as templates
from notification.templates.rendering import Renderer
from notification.webhooks import api as webhooks

_WEBHOOK_BYTES = 4 * 1024
_STATS_AGE = timedelta(seconds=10)


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the API. The caller opens and closes `database` and `http`."""
    reader, renderer = PreferencesReader(settings), Renderer.of(settings)
    connecting = connections(settings, database.clock, limit=TEST_LIMIT_SECONDS)
    return build_api(
        "notification",
        database,
        [queue.router, templates.router, preferences.router, senders.router, stats.router, webhooks.router],
        verifiers={TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url))},
        state={
            "preferences": reader,
            "renderer": renderer,
            "sealer": MessageSealer(settings),
            "queue_stats": SingleFlightCache(partial(read_stats, database), age=_STATS_AGE, clock=database.clock),
            "prober": Prober(database, reader, renderer, connecting),
            "webhook_secret": settings.fonnte_webhook_secret.get_secret_value(),
        },
        larger_bodies={r"/api/notification/v1/webhooks/.*": _WEBHOOK_BYTES},
    )
