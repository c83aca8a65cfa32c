"""The HTTP application."""

import httpx
from chassis.auth.access import staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.tokens import KeyRing
from chassis.database import Database
from chassis.web.api import build_api
from fastapi import FastAPI

from identity.accounts.passwords import Passwords
from identity.keys import router as keys_router
from identity.keys import signing_keys_of
from identity.sessions import api as sessions_api
from identity.sessions.commands import Sessions
from identity.settings import Settings
from identity.staff import api as staff_api


def build_app(
    settings: Settings,
    database: Database,
    http: httpx.AsyncClient,  # noqa: ARG001  # same signature as other services; identity makes no calls
) -> FastAPI:
    """Build the API. The caller opens and closes `database`."""
    keys = signing_keys_of(settings, database)
    passwords = Passwords.of(settings)
    # The keys are in the own database: looking up unknown ids at once avoids refusals right after a rotation.
    ring = KeyRing(keys.public, max_age=30.0, min_interval=0.0)
    return build_api(
        "identity",
        database,
        [sessions_api.router, staff_api.router, keys_router],
        verifiers={TokenKind.STAFF: staff_verifier(ring)},
        state={
            "settings": settings,
            "keys": keys,
            "passwords": passwords,
            "sessions": Sessions(settings, database, passwords, keys),
        },
    )
