"""The application of pages as tests build it, on a client that stands for all APIs."""

from typing import Any

import httpx
from chassis.clock import Clock, utcnow
from chassis.database import Database
from chassis.secrets import new_key
from fastapi import FastAPI
from web.app import build_app
from web.service import DATABASE
from web.settings import Settings
from web.upstream.apis import Apis

SITE = "https://lari.example"
_NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"


def settings_of(**changes: Any) -> Settings:
    """Return settings whose database cannot be reached."""
    return Settings.behind(
        "http://apis", **{"database_url": _NOWHERE, "secret_keys": new_key(), "public_url": SITE, **changes}
    )


def app_on(
    client: httpx.AsyncClient, *, clock: Clock = utcnow, database: Database | None = None, **changes: Any
) -> FastAPI:
    """Return the application; without a database as pages for runners see it, which need none."""
    return build_app(
        settings_of(**changes), Apis.behind(client), database or DATABASE.open_database(_NOWHERE), clock=clock
    )
