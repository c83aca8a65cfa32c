"""The HTTP application."""

import httpx
from chassis.auth.access import device_verifier, keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.tokens import KeyRing
from chassis.database import Database
from chassis.web.api import build_api
from fastapi import FastAPI
from pwdlib import PasswordHash

from checkin.keys import device_keys
from checkin.pickup.api import router as pickup
from checkin.pickup.packs_api import router as packs
from checkin.pickup.scans_api import router as scans
from checkin.search.api import router as search
from checkin.settings import Settings
from checkin.snapshot.api import router as snapshot
from checkin.stations.api import router as stations
from checkin.stations.pins import Pins
from checkin.stock.api import router as stock

_OWN_KEYS_SECONDS = (
    0.2  # minimum interval between look-ups of unknown key ids; cheap, as the keys are in the own database
)


def build_app(
    settings: Settings,
    database: Database,
    http: httpx.AsyncClient,
    *,
    pin_hasher: PasswordHash | None = None,
) -> FastAPI:
    """Build the API. The caller opens and closes `database` and `http`.

    Args:
        http: fetches the public keys of identity and registration.
        pin_hasher: replaces argon2id with pwdlib's recommended parameters, in tests.
    """
    keys = device_keys(settings, database)
    return build_api(
        "checkin",
        database,
        [stations, snapshot, scans, search, pickup, packs, stock],
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.RUNNER: runner_verifier(keys_over_http(http, settings.runner_jwks_url)),
            TokenKind.DEVICE: device_verifier(KeyRing(keys.public, min_interval=_OWN_KEYS_SECONDS)),
        },
        state={"settings": settings, "signing_keys": keys, "pins": Pins(pin_hasher)},
    )
