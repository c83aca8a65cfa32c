"""Reading the tickets of one's own registration."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from chassis.web.dependencies import from_state
from fastapi import Depends, Request

from web.access import OwnAccess, Registration, read_registration
from web.languages import language_of_path
from web.tickets.views import TicketView, tickets_of
from web.upstream import registrations
from web.upstream.client import ApiClient, Refused
from web.upstream.packs import read_collected
from web.upstream.tickets import Tickets
from web.visitors import CurrentVisitor


@dataclass(frozen=True)
class OwnTickets:
    """A registration with its tickets.

    Attributes:
        number: as in the addresses of its pages, which the cookie is for.
        tickets: None if the payment is not verified.
    """

    number: str
    entry: registrations.Registration
    tickets: Sequence[TicketView] | None

    def of(self, participant_id: str) -> TicketView | None:
        """Return the ticket of a participant; None if there is none."""
        found = (each for each in self.tickets or () if each.key == participant_id and each.code)
        return next(found, None)


Checkin = Annotated[ApiClient, from_state("checkin_api")]


async def _own_tickets(
    request: Request, access: OwnAccess, registration: Registration, checkin: Checkin, visitor: CurrentVisitor
) -> OwnTickets:
    entry = await read_registration(access, registration, visitor)
    if entry.status is not registrations.Status.PAYMENT_VERIFIED:
        return OwnTickets(access.number, entry, None)
    path = f"/registrations/{access.registration_id}/tickets"
    try:
        tickets, packs = await asyncio.gather(
            registration.get(Tickets, path, visitor, token=access.token),
            read_collected(checkin, access.registration_id, visitor, token=access.token),
        )
    except Refused as refused:
        if refused.code != "not_verified":
            raise
        return OwnTickets(access.number, entry, None)
    language, public_url = language_of_path(request.url.path), request.app.state.public_url
    views = tickets_of(entry, tickets, packs, public_url=public_url, language=language)
    return OwnTickets(access.number, entry, views)


Own = Annotated[OwnTickets, Depends(_own_tickets)]
