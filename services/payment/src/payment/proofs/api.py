"""The route for proofs of the payment of an invoice."""

from uuid import UUID

from chassis.auth.access import ItsRunnerOrFinance
from chassis.auth.principals import Staff
from chassis.errors import InvalidFields, PayloadTooLarge, TooBusy, Unavailable
from chassis.images.errors import UnsupportedImage
from chassis.web.dependencies import OwnDatabase
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Request

from payment.dependencies import Images, OwnImageProcessor, TrustedProxies, Zone
from payment.invoices.commands import ensure_payable
from payment.invoices.errors import (
    AlreadyPaid,
    AmountMismatch,
    InvoiceCancelled,
    InvoiceExpired,
    InvoiceNotFound,
    ProofPending,
)
from payment.proofs import commands
from payment.proofs.arrival import arrived_at
from payment.proofs.commands import Proof
from payment.proofs.errors import ProofInProgress
from payment.proofs.forms import REQUEST_BODY, payment_date_of, read_proof_form
from payment.proofs.models import ProofAccepted

router = Router(prefix="/invoices/{registration_id}")

_REFUSALS = errors(
    InvoiceNotFound,
    AmountMismatch,
    InvoiceExpired,
    InvoiceCancelled,
    AlreadyPaid,
    ProofPending,
    ProofInProgress,
    PayloadTooLarge,
    UnsupportedImage,
    InvalidFields,
    TooBusy,
    Unavailable,
)


@router.post("/proofs", tags=["proofs"], status_code=201, responses=_REFUSALS, openapi_extra=REQUEST_BODY)
async def submit_proof(
    registration_id: UUID,
    by: ItsRunnerOrFinance,
    request: Request,
    database: OwnDatabase,
    image_processor: OwnImageProcessor,
    images: Images,
    zone: Zone,
    trusted_proxies: TrustedProxies,
) -> ProofAccepted:
    """Upload the proof of a payment; finance staff may record one for a runner.

    `amount` is that of the invoice, or the one that was asked for as a transfer.
    """
    now = database.clock()
    arrived = arrived_at(request, now=now, trusted_proxies=trusted_proxies)
    async with database.read() as session:  # before reading the body, which may be large
        await ensure_payable(session, registration_id, now=arrived, ignore_revocable_expiry=arrived < now)
    file, fields = await read_proof_form(request)
    proof = Proof(
        registration_id,
        payment_method=fields.payment_method,
        amount=fields.amount,
        payment_date=payment_date_of(fields, now=database.clock(), zone=zone),
        notes=fields.notes,
        by_staff=by if isinstance(by, Staff) else None,
        arrived_at=arrived,
    )
    return ProofAccepted(payment_id=await commands.submit_proof(database, image_processor, images, proof, file))
