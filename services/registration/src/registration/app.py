"""Builds registration's HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from chassis.auth.access import keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import KeyRing
from chassis.database import Database
from chassis.process import api_from_environment
from chassis.web.application import build_application
from chassis.web.door import Crowd
from chassis.web.limits import AddressLimit
from fastapi import FastAPI

from registration import tokens
from registration.admission import api as admission
from registration.admission.errors import TooBusy
from registration.admission.forms import RegistrationForm
from registration.admission.office import AdmissionOffice
from registration.base import service_tables, signing_keys
from registration.catalog import api as catalog
from registration.challenge.checkpoint import build_checkpoint
from registration.entries import api as entries
from registration.settings import Settings
from registration.tickets import api as tickets
from registration.waitlist import api as waitlist
from registration.waitlist.office import WaitlistOffice

ROUTERS = (admission.router, catalog.router, entries.router, waitlist.router, tickets.router, tokens.router)


def build_keys(settings: Settings, database: Database) -> SigningKeys:
    """The keys that runner tokens are signed with."""
    lifetime = settings.runner_token_lifetime
    return SigningKeys(database, signing_keys, settings.secret_box(), token_lifetime=lifetime)


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """The application; it finishes what is in line before it stops."""
    keys = build_keys(settings, database)
    office = AdmissionOffice(database, keys, settings)
    checkpoint = build_checkpoint(settings, database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await office.desks.drained()
        if checkpoint is not None:
            await checkpoint.close()

    app = build_application(
        "registration",
        database,
        ROUTERS,
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.RUNNER: runner_verifier(KeyRing(keys.public)),
        },
        state={
            "office": office,
            "waitlist_office": WaitlistOffice(database, keys, settings),
            "offer_time": settings.waitlist_offer_time,
            "signing_keys": keys,
            "limits": {"registrations": _registration_limit(settings)},
            "checkpoint": checkpoint,
            "public_catalog": catalog.public_catalog(database),
        },
        lifespan=lifespan,
        express=[admission.register],
        crowd=Crowd("POST", "/registrations", settings.admission_crowd, TooBusy()),
    )
    _describe_form(app)
    return app


def _registration_limit(settings: Settings) -> AddressLimit:
    return AddressLimit(
        per_minute=settings.rate_registration_per_minute,
        burst=settings.rate_registration_burst,
        trusted_proxies=settings.trusted_proxies,
    )


def _describe_form(app: FastAPI) -> None:
    """Put the form, which its route parses by itself, into the OpenAPI document."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        form = RegistrationForm.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["schemas"].update(form.pop("$defs", {}), RegistrationForm=form)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def create_app() -> FastAPI:
    """For `uvicorn --factory registration.app:create_app`."""
    return api_from_environment(Settings, build_app, service="registration", tables=service_tables)
