"""The page of a registration: its status, how to pay, the proof of a payment, and its changes as they happen."""

import asyncio
from time import monotonic
from typing import Annotated, Any

from chassis.auth.access import public
from chassis.errors import NotFound, Unavailable
from chassis.web.dependencies import from_state
from chassis.web.forms import form_of
from chassis.web.routing import Router
from fastapi import Path, Request, Response

from web.access import (
    PATH,
    Number,
    OwnAccess,
    Registration,
    RunnerAccess,
    keep,
    keep_renewed,
    open_link,
    read_registration,
    require_match,
)
from web.forms import Form
from web.languages import ENGLISH_PREFIX, language_of_path
from web.pages import PRIVATE, private_page, see_other
from web.runner import proofs, views
from web.runner.live import PassedOnStream, Upstream
from web.runner.proofs import NotSent
from web.upstream import invoices, registrations
from web.upstream.client import ApiClient, Refused
from web.visitors import CurrentVisitor, Visitor
from web.waitlist.place import show_place

router = Router(dependencies=[public])
links = Router(dependencies=[public])
"""The address of links, which matches those of all pages below a registration: it has to be added last."""

Payment = Annotated[ApiClient, from_state("payment_api")]
Code = Annotated[str, Path(min_length=1, max_length=64)]


@router.get(f"{PATH}/{{number}}")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}")
async def show_status(
    request: Request, access: OwnAccess, registration: Registration, payment: Payment, visitor: CurrentVisitor
) -> Response:
    """The page of a registration, or of a place in line that has not become one."""
    try:
        return await _status_page(request, access, registration, payment, visitor)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return await show_place(request, access, registration, visitor)


@router.post(f"{PATH}/{{number}}/proof")
@router.post(f"{ENGLISH_PREFIX}{PATH}/{{number}}/proof")
async def send_proof(
    request: Request, access: OwnAccess, registration: Registration, payment: Payment, visitor: CurrentVisitor
) -> Response:
    """Send the proof of a payment, then show the status."""
    since = monotonic()
    not_sent = await _refused_unread(payment, access, visitor)
    if not_sent is None:
        async with form_of(request, max_files=1, max_fields=8) as form:
            not_sent = await proofs.send(payment, visitor, access.registration_id, access.token, form, since=since)
    if not_sent is None:
        return see_other(request, f"{PATH}/{access.number}")
    return await _status_page(request, access, registration, payment, visitor, not_sent)


@router.get(f"{PATH}/{{number}}/proof")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/proof")
async def leave_form(request: Request, number: Number) -> Response:
    """Lead back to the status: a reload of the page after a refused proof, in another tab for instance."""
    return see_other(request, f"{PATH}/{number}")


@router.get(f"{PATH}/{{number}}/qris.png")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/qris.png")
async def show_amount_code(request: Request, access: OwnAccess, payment: Payment, visitor: CurrentVisitor) -> Response:
    """The QRIS code with the amount of the invoice, as a picture."""
    invoice = await _invoice(payment, access, visitor)
    if invoice is None:
        raise NotFound
    require_match(access, access.registration_id, invoice.registration_number)
    path = f"/invoices/{access.registration_id}/qris.png"
    picture = await payment.call("GET", path, visitor, token=access.token)
    response = Response(picture.content, media_type="image/png", headers=PRIVATE)
    keep_renewed(request, response)
    return response


@router.get(f"{PATH}/{{number}}/stream")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/stream")
async def stream_changes(request: Request, upstream: Upstream) -> Response:
    """The registration's changes, as server-sent events."""
    response = PassedOnStream(upstream)
    keep_renewed(request, response)
    return response


@links.get(f"{PATH}/{{number}}/{{code}}")
@links.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/{{code}}")
async def open_registration(
    request: Request, number: Number, code: Code, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """Open the link of a registration: keep its access in this browser and show the page without the secret."""
    access = await open_link(registration, visitor, number, code)
    response = see_other(request, f"{PATH}/{number}")
    keep(response, access, is_secure=request.app.state.is_secure)
    return response


async def _status_page(
    request: Request,
    access: RunnerAccess,
    registration: ApiClient,
    payment: ApiClient,
    visitor: Visitor,
    not_sent: NotSent | None = None,
) -> Response:
    found = await read_registration(access, registration, visitor)
    billing = await _billing(payment, access, visitor, found)
    view = views.view_of(access, found, billing, request.app.state.clock())
    language = language_of_path(request.url.path)
    shown: dict[str, Any] = {
        "view": view,
        "refresh": view.refresh or (not_sent.look_again if not_sent else None),
        "form": not_sent.form if not_sent else Form(),
        "saved": "saved" in request.query_params,
        "link_to_keep": request.app.state.public_url + view.own_link(language),
        "note": views.note_to_self(view, language, request.app.state.public_url),
    }
    if not_sent is None:
        return private_page(request, "status.html", **shown)
    response = private_page(request, "status.html", status=not_sent.status, **shown)
    response.headers.update(not_sent.headers)
    return response


async def _billing(
    payment: ApiClient, access: RunnerAccess, visitor: Visitor, registration: registrations.Registration
) -> views.Billing:
    """Return what payment says. Without it, the page shows the status nevertheless."""
    if not registration.total_amount:
        return views.Billing()
    try:
        if registration.status not in views.MAYBE_PAYABLE:
            return views.Billing(await _invoice(payment, access, visitor))
        invoice, instructions = await asyncio.gather(
            _invoice(payment, access, visitor), payment.get(invoices.Instructions, "/instructions", visitor)
        )
    except Unavailable:
        return views.Billing(is_away=True)
    except Refused as refused:
        if refused.status != Unavailable.status:
            raise
        return views.Billing(is_away=True)
    return views.Billing(invoice, instructions)


async def _refused_unread(payment: ApiClient, access: RunnerAccess, visitor: Visitor) -> NotSent | None:
    """Refuse an upload to which no invoice belongs, before it takes one of the places that are for all.

    Return what to say if there is no invoice yet, and None if the form may be read.

    Raises:
        Refused: payment does not accept the token, or too many requests came from this address.
        ForeignAccess: the address is not that of the invoice's registration.
    """
    try:
        invoice = await _invoice(payment, access, visitor)
    except Unavailable:
        return None  # the form is read, so that nothing that was typed is lost
    except Refused as refused:
        if refused.status in proofs.OF_THE_VISITOR:
            raise
        return None
    if invoice is None:
        return proofs.without_invoice()
    require_match(access, access.registration_id, invoice.registration_number)
    return None


async def _invoice(payment: ApiClient, access: RunnerAccess, visitor: Visitor) -> invoices.Invoice | None:
    """Return the invoice; None if there is none yet.

    Raises:
        Refused, Unavailable.
    """
    try:
        path = f"/invoices/{access.registration_id}"
        return await payment.get(invoices.Invoice, path, visitor, token=access.token)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return None
