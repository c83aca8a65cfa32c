"""The process of pages: `uvicorn --factory web.service:create_app`, and its database."""

from dataclasses import fields

from chassis.process import closing_on_stop
from chassis.service import DatabaseOwner
from chassis.settings import load
from chassis.telemetry import configure_logging
from fastapi import FastAPI

from web.app import build_app
from web.settings import Settings
from web.tables import service_tables
from web.upstream.apis import Apis
from web.upstream.connections import api_client

DATABASE = DatabaseOwner(name="web", tables=service_tables)


def create_app() -> FastAPI:
    """Return the application with settings from the environment; it closes what it opened when it stops.

    Raises:
        MissingSettings: naming all that are missing or wrong.
    """
    settings = load(Settings)
    configure_logging(settings.log_level)
    database = DATABASE.open_database(
        settings.database_url, pool_size=settings.pool_size, pool_overflow=settings.pool_overflow
    )
    clients = {
        each.name: api_client(getattr(settings, f"{each.name}_url"), timeout=settings.upstream_seconds)
        for each in fields(Apis)
    }
    return closing_on_stop(build_app(settings, Apis(**clients), database), database, *clients.values())
