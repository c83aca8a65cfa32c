"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from chassis.auth.access import keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.images.processing import ImageProcessor
from chassis.images.store import image_store
from chassis.web.api import build_api
from fastapi import FastAPI

from payment.amount_codes.api import router as amount_codes
from payment.charges.account_api import router as gateways
from payment.charges.api import router as charges
from payment.charges.webhook import router as webhook
from payment.gateways.account import GatewayAccess
from payment.incoming.api import router as incoming
from payment.instructions.api import SETTINGS_BYTES
from payment.instructions.api import router as instructions
from payment.invoices.api import router as invoices
from payment.ledger.api import router as ledger
from payment.proofs.api import router as proofs
from payment.proofs.forms import FORM_BYTES
from payment.refunds.api import router as refunds
from payment.reports.api import router as reports
from payment.review.api import router as review
from payment.review.bulk import router as bulk
from payment.review.desk_api import router as desk
from payment.settings import Settings
from payment.statements.api import router as statements
from payment.statements.forms import FORM_BYTES as STATEMENT_BYTES
from payment.uptime.beats import beating


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the API. The caller opens and closes `database` and `http`."""
    images = image_store(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with beating(database, images):
            yield

    return build_api(
        "payment",
        database,
        [
            proofs,
            invoices,
            amount_codes,
            bulk,
            review,
            desk,
            refunds,
            incoming,
            ledger,
            reports,
            charges,
            webhook,
            gateways,
            statements,
            instructions,
        ],
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.RUNNER: runner_verifier(keys_over_http(http, settings.runner_jwks_url)),
        },
        state={
            "image_processor": ImageProcessor(threads=settings.image_threads, queue_size=settings.image_queue_size),
            "images": images,
            "gateway": GatewayAccess(settings.secret_box(), http, settings.midtrans_base_url, settings.shortest_charge),
            "zone": settings.zone,
            "review_lease": settings.review_lease,
            "trusted_proxies": settings.trusted_proxies,
        },
        lifespan=lifespan,
        larger_bodies={
            r"/api/payment/v1/invoices/[^/]+/proofs": FORM_BYTES,
            r"/api/payment/v1/settings": SETTINGS_BYTES,
            r"/api/payment/v1/statements": STATEMENT_BYTES,
        },
    )
