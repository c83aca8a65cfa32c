"""The application: routes under `/api/payment/v1`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from chassis.auth.access import keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.settings import load
from chassis.telemetry import configure_logging
from chassis.web.application import Lifespan, build_application
from fastapi import FastAPI

from payment.desk.api import router as desk
from payment.instructions.api import SETTINGS_BYTES
from payment.instructions.api import router as instructions
from payment.invoices.api import router as invoices
from payment.proofs.api import router as proofs
from payment.proofs.forms import FORM_BYTES
from payment.proofs.images import Studio
from payment.proofs.store import image_store
from payment.refunds.api import router as refunds
from payment.settings import Settings
from payment.tables import service_tables


def build_app(
    settings: Settings, database: Database, http: httpx.AsyncClient, *, lifespan: Lifespan | None = None
) -> FastAPI:
    """The application on a database and a client that somebody else opened and will close."""
    return build_application(
        "payment",
        database,
        [invoices, proofs, desk, refunds, instructions],
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.RUNNER: runner_verifier(keys_over_http(http, settings.runner_jwks_url)),
        },
        state={
            "studio": Studio(threads=settings.image_threads, line=settings.image_line),
            "images": image_store(settings),
            "zone": settings.zone,
        },
        larger_bodies={
            r"/api/payment/v1/invoices/[^/]+/proofs": FORM_BYTES,
            r"/api/payment/v1/settings": SETTINGS_BYTES,
        },
        lifespan=lifespan,
    )


def open_database(settings: Settings) -> Database:
    """The service's database."""
    return Database(
        settings.database_url,
        service="payment",
        tables=service_tables,
        pool_size=settings.pool_size,
        pool_overflow=settings.pool_overflow,
    )


def create_app() -> FastAPI:
    """The application with all it needs, from the environment: for `uvicorn --factory payment.app:create_app`."""
    settings = load(Settings)
    configure_logging(settings.log_level)
    database, http = open_database(settings), httpx.AsyncClient()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await http.aclose()
        await database.close()

    return build_app(settings, database, http, lifespan=lifespan)
