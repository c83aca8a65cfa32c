"""Routes for the QRIS code of an invoice: as a picture for the screen, and as text."""

import io
from typing import Annotated, Final
from uuid import UUID

import segno
from chassis.auth.access import ItsRunnerOrFinance
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Response

from payment.amount_codes import queries
from payment.amount_codes.errors import NoAmountCode, QrisLimit
from payment.invoices.errors import AlreadyPaid, InvoiceCancelled, InvoiceExpired, InvoiceNotFound, ProofPending

router = Router(prefix="/invoices/{registration_id}", tags=["invoices"])

_REFUSALS = errors(
    NoAmountCode, QrisLimit, InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending
)
# The organiser may switch it off or confirm another code at any time.
_HEADERS: Final = {"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
_MODULE_PIXELS: Final = 12
"""About 700 pixels in all: sharp on phones, also when it is saved and opened in a payment app. 1 to 2 KB."""


async def _amount_code(registration_id: UUID, _: ItsRunnerOrFinance, session: Read, database: OwnDatabase) -> str:
    return await queries.amount_code(session, registration_id, now=database.clock())


AmountCode = Annotated[str, Depends(_amount_code)]


@router.get("/qris.png", response_class=Response, responses={200: {"content": {"image/png": {}}}, **_REFUSALS})
async def show_png(code: AmountCode) -> Response:
    """Return the QRIS code with the amount of the invoice as PNG."""
    return Response(_drawn(code, "png"), media_type="image/png", headers=_HEADERS)


@router.get("/qris.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}, **_REFUSALS})
async def show_svg(code: AmountCode) -> Response:
    """Return the QRIS code with the amount of the invoice as SVG."""
    return Response(_drawn(code, "svg"), media_type="image/svg+xml", headers=_HEADERS)


@router.get("/qris", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **_REFUSALS})
async def show_text(code: AmountCode) -> Response:
    """Return the text of the QRIS code with the amount of the invoice."""
    return Response(code, media_type="text/plain", headers=_HEADERS)


def _drawn(code: str, kind: str) -> bytes:
    picture = io.BytesIO()
    # With a unit, segno writes a `viewBox`, without which some browsers cut the picture instead of scaling it.
    scalable = {"unit": "px"} if kind == "svg" else {}
    # The checksum is of the text in UTF-8.
    drawn = segno.make_qr(code, error="m", encoding="utf-8")
    drawn.save(picture, kind=kind, scale=_MODULE_PIXELS, border=4, **scalable)
    return picture.getvalue()
