"""Tickets of a registration, and the files and the letter that go with them."""

from http import HTTPStatus
from typing import Annotated, Any

from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.routing import Router
from fastapi import Path, Request, Response

from web.access import PATH, Registration, keep_renewed
from web.languages import ENGLISH_PREFIX, language_of_path
from web.pages import PRIVATE, private_page
from web.site.brand import stylesheet_of
from web.tickets.calendar import calendar_file
from web.tickets.own import Own, OwnTickets
from web.tickets.race_day import race_day
from web.tickets.saved import ticket_file
from web.tickets.views import held
from web.upstream.client import Refused
from web.upstream.registrations import ENDED
from web.upstream.tickets import HeldTicket
from web.visitors import CurrentVisitor

router = Router(dependencies=[public])

ParticipantId = Annotated[str, Path(max_length=36)]
TicketCode = Annotated[str, Path(max_length=64)]

_OWN = f"{PATH}/{{number}}"


@router.get(f"{_OWN}/tickets")
@router.get(f"{ENGLISH_PREFIX}{_OWN}/tickets")
async def show_tickets(request: Request, own: Own) -> Response:
    """All tickets of a registration; printed, each has a page."""
    if own.tickets is None:
        return _not_ready(request, own)
    return private_page(request, "tickets/all.html", **_values(own), tickets=own.tickets)


@router.get(f"{_OWN}/tickets/{{participant_id}}.html")
@router.get(f"{ENGLISH_PREFIX}{_OWN}/tickets/{{participant_id}}.html")
async def save_ticket(
    request: Request, participant_id: ParticipantId, own: Own, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """One ticket as a file that works offline."""
    ticket = own.of(participant_id)
    if ticket is None:
        return _no_ticket(request, own)
    picture = await registration.call("GET", f"/tickets/{ticket.code}.svg", visitor)
    response = ticket_file(request, own.entry, ticket, picture.content)
    keep_renewed(request, response)
    return response


@router.get(f"{_OWN}/tickets/{{participant_id}}")
@router.get(f"{ENGLISH_PREFIX}{_OWN}/tickets/{{participant_id}}")
async def show_ticket(request: Request, participant_id: ParticipantId, own: Own) -> Response:
    """One ticket alone, to be shown in the queue."""
    ticket = own.of(participant_id)
    if ticket is None:
        return _no_ticket(request, own)
    return private_page(request, "tickets/one.html", **_values(own), ticket=ticket)


@router.get(f"{_OWN}/race.ics")
@router.get(f"{ENGLISH_PREFIX}{_OWN}/race.ics")
async def save_race_day(request: Request, own: Own) -> Response:
    """The day of the race, for a calendar."""
    if own.entry.status in ENDED:
        return _not_ready(request, own)
    state = request.app.state
    day = race_day(own, language_of_path(request.url.path), public_url=state.public_url, now=state.clock())
    disposition = f'attachment; filename="{own.entry.event.slug}.ics"'
    response = Response(
        calendar_file(day), media_type="text/calendar", headers={**PRIVATE, "Content-Disposition": disposition}
    )
    keep_renewed(request, response)
    return response


@router.get(f"{_OWN}/letter")
@router.get(f"{ENGLISH_PREFIX}{_OWN}/letter")
async def show_letter(request: Request, own: Own) -> Response:
    """A letter that lets someone else collect the race packs, to be printed and signed."""
    if own.tickets is None:
        return _not_ready(request, own)
    people = [each for each in own.tickets if each.code]
    return private_page(request, "tickets/letter.html", **_values(own), people=people)


@router.get("/t/{ticket_code}")
@router.get(f"{ENGLISH_PREFIX}/t/{{ticket_code}}")
async def show_held_ticket(
    request: Request, ticket_code: TicketCode, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """One ticket, for the holder of its code, such as a member of a group."""
    if not ticket_code.isalnum():
        raise NotFound
    try:
        found = await registration.get(HeldTicket, f"/tickets/{ticket_code}", visitor)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return private_page(request, "tickets/unknown.html", status=NotFound.status)
    return private_page(
        request,
        "tickets/held.html",
        ticket=held(found, ticket_code),
        race=found.event,
        stylesheet=stylesheet_of(found.event.brand_color),
        is_valid=found.live,
    )


def _not_ready(request: Request, own: OwnTickets) -> Response:
    values = {**_values(own), "ended": own.entry.status in ENDED}
    return private_page(request, "tickets/not_ready.html", status=HTTPStatus.CONFLICT, **values)


def _no_ticket(request: Request, own: OwnTickets) -> Response:
    if own.tickets is None:
        return _not_ready(request, own)
    return private_page(request, "tickets/none.html", status=NotFound.status, **_values(own))


def _values(own: OwnTickets) -> dict[str, Any]:
    race = own.entry.event
    return {"number": own.number, "entry": own.entry, "race": race, "stylesheet": stylesheet_of(race.brand_color)}
