"""QR images of tickets, public for holders of a ticket code."""

import io
from typing import Annotated

import segno
from chassis.auth.access import public
from chassis.web.dependencies import Read
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Path, Response

from registration.entries.errors import UnknownTicket
from registration.entries.queries import ticket_exists

router = Router(prefix="/tickets", tags=["tickets"], dependencies=[public])

TicketCode = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

_CACHE = {"Cache-Control": "private, max-age=86400"}


@router.get("/{ticket_code}.svg", response_class=Response, responses=errors(UnknownTicket))
async def ticket_as_svg(ticket_code: TicketCode, session: Read) -> Response:
    """Return the ticket's QR code as SVG."""
    return Response(await _drawn(session, ticket_code, "svg"), media_type="image/svg+xml", headers=_CACHE)


@router.get("/{ticket_code}.png", response_class=Response, responses=errors(UnknownTicket))
async def ticket_as_png(ticket_code: TicketCode, session: Read) -> Response:
    """Return the ticket's QR code as PNG."""
    return Response(await _drawn(session, ticket_code, "png"), media_type="image/png", headers=_CACHE)


async def _drawn(session: Read, ticket_code: str, kind: str) -> bytes:
    if not await ticket_exists(session, ticket_code):
        raise UnknownTicket
    picture = io.BytesIO()
    segno.make_qr(ticket_code, error="m").save(picture, kind=kind, scale=8, border=4)
    return picture.getvalue()
