"""The route for proofs."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.auth.access import ItsRunnerOrFinance
from chassis.auth.principals import Runner, Staff
from chassis.errors import InvalidFields, PayloadTooLarge, Unavailable
from chassis.web.dependencies import OwnDatabase
from chassis.web.models import View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Request

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
from payment.proofs.dependencies import Images, OwnStudio, TrustedProxies, Zone
from payment.proofs.errors import ProofInProgress, TooBusy, UnsupportedImage
from payment.proofs.forms import REQUEST_BODY, ProofForm, read_proof_form

router = Router(tags=["proofs"])

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


class ProofAccepted(View):
    """The proof waits for staff."""

    payment_id: UUID
    status: Literal["uploaded"] = "uploaded"


@router.post("/invoices/{registration_id}/proofs", status_code=201, responses=_REFUSALS, openapi_extra=REQUEST_BODY)
async def submit_proof(
    registration_id: UUID,
    by: ItsRunnerOrFinance,
    request: Request,
    database: OwnDatabase,
    studio: OwnStudio,
    images: Images,
    zone: Zone,
    trusted_proxies: TrustedProxies,
) -> ProofAccepted:
    """Send the proof of a payment, or record one that a runner handed to staff."""
    now = database.clock()
    arrived = arrived_at(request, now=now, trusted_proxies=trusted_proxies)
    async with database.read() as session:  # before the body, which may be large, is read
        await ensure_payable(session, registration_id, now=arrived, under_way=arrived < now)
    form = await read_proof_form(request, now=database.clock(), zone=zone)
    proof = _proof(registration_id, form, by, arrived)
    payment_id = await commands.submit_proof(database, studio, images, proof, form.file)
    return ProofAccepted(payment_id=payment_id)


def _proof(registration_id: UUID, form: ProofForm, by: Runner | Staff, arrived: datetime) -> Proof:
    staff = by if isinstance(by, Staff) else None
    return Proof(registration_id, form.payment_method, form.amount, form.payment_date, form.notes, staff, arrived)
