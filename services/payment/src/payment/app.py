"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

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
from payment.gateway_reports.api import router as gateway_reports
from payment.gateway_reports.forms import FORM_BYTES as REPORT_BYTES
from payment.gateways.account import GatewayAccess
from payment.instructions.api import SETTINGS_BYTES
from payment.instructions.api import router as instructions
from payment.invoices.api import router as invoices
from payment.ledger.api import router as ledger
from payment.payouts.api import router as payouts
from payment.proofs.api import router as proofs
from payment.proofs.forms import FORM_BYTES
from payment.reconciliation.api import router as reconciliation
from payment.refund_desk.api import router as refunds
from payment.refund_desk.evidence import FORM_BYTES as EVIDENCE_BYTES
from payment.refund_desk.invoice_api import router as invoice
from payment.reports.api import router as reports
from payment.review.api import router as review
from payment.review.bulk import router as bulk
from payment.review.desk_api import router as desk
from payment.review.lines_api import router as proof_lines
from payment.settings import Settings
from payment.statements.api import router as statements
from payment.statements.forms import FORM_BYTES as STATEMENT_BYTES
from payment.statements.mappings_api import router as mappings
from payment.surplus_desk.api import router as surplus
from payment.transfers.api import router as transfers
from payment.uptime.beats import beating
from payment.usdt.keys.api import router as usdt_keys
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.api import router as usdt_networks
from payment.usdt.pay.api import router as usdt
from payment.usdt.pay.chains_api import router as chains
from payment.usdt.pay.transfers_api import router as usdt_transfers
from payment.usdt.quotes.commands import Terms
from payment.usdt.rates.api import router as usdt_rates
from payment.usdt.watch.queries import troubled

_ROUTERS: Final = (
    proofs,
    invoice,
    invoices,
    amount_codes,
    transfers,
    bulk,
    review,
    desk,
    proof_lines,
    refunds,
    surplus,
    ledger,
    reports,
    charges,
    webhook,
    gateways,
    gateway_reports,
    statements,
    mappings,
    payouts,
    reconciliation,
    instructions,
    usdt,
    usdt_keys,
    usdt_networks,
    usdt_rates,
    usdt_transfers,
    chains,
)
_LARGER_BODIES: Final = {
    r"/api/payment/v1/invoices/[^/]+/proofs": FORM_BYTES,
    r"/api/payment/v1/refunds/[^/]+/evidence": EVIDENCE_BYTES,
    r"/api/payment/v1/settings": SETTINGS_BYTES,
    r"/api/payment/v1/statements": STATEMENT_BYTES,
    r"/api/payment/v1/gateway/reports": REPORT_BYTES,
}


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the API. The caller opens and closes `database` and `http`."""
    images = image_store(settings)
    chains = ChainAccess.outward(settings.secret_box(), settings.usdt_private_hosts, troubled)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with aclosing(chains.http), beating(database, images):
            yield

    return build_api(
        "payment",
        database,
        _ROUTERS,
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.RUNNER: runner_verifier(keys_over_http(http, settings.runner_jwks_url)),
        },
        state={
            "image_processor": ImageProcessor(threads=settings.image_threads, queue_size=settings.image_queue_size),
            "images": images,
            "gateway": GatewayAccess(settings.secret_box(), http, settings.midtrans_base_url, settings.shortest_charge),
            "secret_box": settings.secret_box(),
            "chains": chains,
            "usdt_terms": Terms(settings.usdt_lock, settings.usdt_places),
            "zone": settings.zone,
            "review_lease": settings.review_lease,
            "trusted_proxies": settings.trusted_proxies,
        },
        lifespan=lifespan,
        larger_bodies=_LARGER_BODIES,
    )
