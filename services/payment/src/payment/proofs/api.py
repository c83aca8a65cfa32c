"""The route for a runner's proof."""

from typing import Literal
from uuid import UUID

from chassis.auth.access import ItsRunner
from chassis.errors import InvalidFields, PayloadTooLarge, Unavailable
from chassis.web.dependencies import OwnDatabase
from chassis.web.models import View
from chassis.web.problems import errors
from fastapi import APIRouter, Request

from payment.invoices.errors import (
    AlreadyPaid,
    AmountMismatch,
    InvoiceCancelled,
    InvoiceExpired,
    InvoiceNotFound,
    ProofPending,
)
from payment.proofs import commands
from payment.proofs.commands import Proof
from payment.proofs.dependencies import Images, OwnStudio, Zone
from payment.proofs.errors import TooBusy, UnsupportedImage
from payment.proofs.forms import REQUEST_BODY, ProofForm, read_proof_form
from payment.proofs.images import Picture

router = APIRouter(tags=["proofs"])

_REFUSALS = errors(
    InvoiceNotFound,
    AmountMismatch,
    InvoiceExpired,
    InvoiceCancelled,
    AlreadyPaid,
    ProofPending,
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
    _: ItsRunner,
    request: Request,
    database: OwnDatabase,
    studio: OwnStudio,
    images: Images,
    zone: Zone,
) -> ProofAccepted:
    """Send the proof of a payment."""
    form = await read_proof_form(request, now=database.clock(), zone=zone)
    picture = await studio.rewrite(form.file)
    payment_id = await commands.submit_proof(database, images, _proof(registration_id, form, picture))
    return ProofAccepted(payment_id=payment_id)


def _proof(registration_id: UUID, form: ProofForm, picture: Picture) -> Proof:
    return Proof(registration_id, form.payment_method, form.amount, form.payment_date, form.notes, picture)
