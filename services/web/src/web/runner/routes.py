"""The page of a registration: its status, the proof of a payment, and its changes as they happen."""

from time import monotonic
from typing import Annotated

from chassis.auth.access import public
from chassis.errors import NotFound, Unavailable
from chassis.web.forms import form_of
from chassis.web.routing import Router
from fastapi import Path, Request, Response

from web.access import PATH, Number, Registration, keep, keep_renewed, open_link
from web.forms import typed
from web.languages import ENGLISH_PREFIX
from web.pages import PRIVATE, see_other
from web.runner import proofs
from web.runner.live import PassedOnStream, Upstream
from web.runner.page import status_page
from web.runner.proofs import NotSent
from web.runner.reading import CurrentVisit, Visit, read_own_invoice
from web.runner.returning import name_address
from web.runner.ways import Wish
from web.upstream.client import Refused
from web.visitors import CurrentVisitor
from web.waitlist.place import show_place

router = Router(dependencies=[public])
links = Router(dependencies=[public])
"""The address of links, which matches those of all pages below a registration: it has to be added last."""

Code = Annotated[str, Path(min_length=1, max_length=64)]


@router.get(f"{PATH}/{{number}}")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}")
async def show_status(visit: CurrentVisit) -> Response:
    """The page of a registration, or of a place in line that has not become one."""
    try:
        return await status_page(visit)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return await show_place(visit.request, visit.access, visit.registration, visit.visitor)


@router.post(f"{PATH}/{{number}}/proof")
@router.post(f"{ENGLISH_PREFIX}{PATH}/{{number}}/proof")
async def send_proof(visit: CurrentVisit) -> Response:
    """Send the proof of a payment, then show the status."""
    since = monotonic()
    not_sent = await _refused_unread(visit)
    if not_sent is None:
        async with form_of(visit.request, max_files=1, max_fields=8) as form:
            not_sent = await proofs.send(visit, form, since=since)
    if not_sent is None:
        return see_other(visit.request, f"{PATH}/{visit.access.number}")
    return await status_page(visit, Wish.of(not_sent.form.value("way")), not_sent=not_sent)


@router.get(f"{PATH}/{{number}}/proof")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/proof")
async def leave_form(request: Request, number: Number) -> Response:
    """Lead back to the status: a reload of the page after a refused proof, in another tab for instance."""
    return see_other(request, f"{PATH}/{number}")


@router.post(f"{PATH}/{{number}}/usdt-refund")
@router.post(f"{ENGLISH_PREFIX}{PATH}/{{number}}/usdt-refund")
async def store_refund_address(visit: CurrentVisit) -> Response:
    """Store the address to which USDT go back, then show the status."""
    if await read_own_invoice(visit) is None:
        raise NotFound
    async with form_of(visit.request, max_files=0, max_fields=2) as form:
        values = typed(form)
    not_named = await name_address(visit, values)
    if not_named is None:
        return see_other(visit.request, f"{PATH}/{visit.access.number}?saved=1")
    return await status_page(visit, not_sent=not_named)


@router.get(f"{PATH}/{{number}}/usdt-refund")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/usdt-refund")
async def leave_refund_form(request: Request, number: Number) -> Response:
    """Lead back to the status: a reload of the page after a refused address, in another tab for instance."""
    return see_other(request, f"{PATH}/{number}")


@router.get(f"{PATH}/{{number}}/qris.png")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/qris.png")
async def show_amount_code(visit: CurrentVisit) -> Response:
    """The QRIS code with the amount of the invoice, as a picture."""
    if await read_own_invoice(visit) is None:
        raise NotFound
    path = f"{visit.invoice_path}/qris.png"
    picture = await visit.payment.call("GET", path, visit.visitor, token=visit.access.token)
    response = Response(picture.content, media_type="image/png", headers=PRIVATE)
    keep_renewed(visit.request, response)
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


async def _refused_unread(visit: Visit) -> NotSent | None:
    """Refuse an upload to which no invoice belongs, before it takes one of the places that are for all.

    Return what to say if there is no invoice yet, and None if the form may be read.

    Raises:
        Refused: payment does not accept the token, or too many requests came from this address.
        ForeignAccess: the address is not that of the invoice's registration.
    """
    try:
        invoice = await read_own_invoice(visit)
    except Unavailable:
        return None  # the form is read, so that nothing that was typed is lost
    except Refused as refused:
        if refused.status in proofs.OF_THE_VISITOR:
            raise
        return None
    return proofs.without_invoice() if invoice is None else None
