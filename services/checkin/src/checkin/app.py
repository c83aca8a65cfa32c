"""Builds check-in's API."""

import httpx
from chassis.auth.access import device_verifier, keys_over_http, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import KeyRing
from chassis.database import Database
from chassis.web.api import build_api
from fastapi import FastAPI
from pwdlib import PasswordHash

from checkin.base import signing_keys
from checkin.pickup.api import router as pickup
from checkin.roster.api import router as roster
from checkin.settings import Settings
from checkin.stations.api import router as stations
from checkin.stations.pins import Pins

_OWN_KEYS_SECONDS = 0.2  # between two looks for a key id not known yet: they are in our own database, near and cheap


def device_keys(settings: Settings, database: Database) -> SigningKeys:
    """The keys that device tokens are signed with."""
    return SigningKeys(database, signing_keys, settings.secret_box(), token_lifetime=settings.device_token_lifetime)


def build_app(
    settings: Settings,
    database: Database,
    http: httpx.AsyncClient,
    *,
    pin_hasher: PasswordHash | None = None,
) -> FastAPI:
    """Build the API.

    Args:
        http: fetches identity's public keys.
        pin_hasher: instead of argon2id at its recommended cost.
    """
    keys = device_keys(settings, database)
    return build_api(
        "checkin",
        database,
        [stations, roster, pickup],
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.DEVICE: device_verifier(KeyRing(keys.public, min_interval=_OWN_KEYS_SECONDS)),
        },
        state={"settings": settings, "signing_keys": keys, "pins": Pins(pin_hasher)},
    )
