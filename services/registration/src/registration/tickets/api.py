"""Tickets and their QR images, public for holders of a ticket code."""

import io
import re
from typing import Annotated

import segno
from chassis.auth.access import public
from chassis.web.dependencies import Read
from chassis.web.limits import AddressLimit, TooManyRequests
from chassis.web.models import View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Path, Request, Response

from registration.catalog.facts import EventFacts
from registration.entries.errors import UnknownTicket
from registration.entries.queries import ticket_exists
from registration.tickets import queries

router = Router(prefix="/tickets", tags=["tickets"], dependencies=[public])

_CODE = r"^[0-9a-f]{32}$"

TicketCode = Annotated[str, Path(pattern=_CODE)]

_CACHE = {"Cache-Control": "private, max-age=86400"}


class TicketView(View):
    """A ticket, for the holder of its code. `live` tells whether it is still valid."""

    short_name: str
    ticket_number: str
    bib_number: int
    category_name: str
    jersey_size: str
    live: bool
    event: EventFacts


async def _not_too_often(request: Request) -> None:
    limit: AddressLimit = request.app.state.limits["access"]
    limit.admit(request)


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
    # With a unit, segno writes a `viewBox`, without which some browsers cut the picture instead of scaling it.
    scalable = {"unit": "px"} if kind == "svg" else {}
    segno.make_qr(ticket_code, error="m").save(picture, kind=kind, scale=8, border=4, **scalable)
    return picture.getvalue()


# After the pictures, whose paths would match this one.
@router.get("/{ticket_code}", dependencies=[Depends(_not_too_often)], responses=errors(UnknownTicket, TooManyRequests))
async def show_ticket(ticket_code: str, session: Read, response: Response) -> TicketView:
    """Return the ticket with as much of the runner's name as the holder needs to recognise it."""
    if not re.fullmatch(_CODE, ticket_code):
        raise UnknownTicket
    response.headers["Cache-Control"] = "no-store"
    return TicketView.model_validate(await queries.ticket_of(session, ticket_code))
