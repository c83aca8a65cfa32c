"""Builds payment's API."""

import httpx
from chassis.auth.access import keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.web.api import build_api
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


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the API."""
    return build_api(
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
            "trusted_proxies": settings.trusted_proxies,
        },
        larger_bodies={
            r"/api/payment/v1/invoices/[^/]+/proofs": FORM_BYTES,
            r"/api/payment/v1/settings": SETTINGS_BYTES,
        },
    )
