"""Reading the tickets of one's own registration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from web.access import OwnAccess, Registration
from web.languages import language_of_path
from web.tickets.views import TicketView, tickets_of
from web.upstream.client import Refused
from web.upstream.registrations import Status
from web.upstream.tickets import OwnRegistration, Tickets
from web.visitors import CurrentVisitor


@dataclass(frozen=True)
class OwnTickets:
    """A registration with its tickets; None if its payment is not verified."""

    entry: OwnRegistration
    tickets: Sequence[TicketView] | None

    def of(self, participant_id: str) -> TicketView | None:
        """Return the ticket of a participant; None if there is none."""
        found = (each for each in self.tickets or () if each.key == participant_id and each.code)
        return next(found, None)


async def _own_tickets(
    request: Request, access: OwnAccess, registration: Registration, visitor: CurrentVisitor
) -> OwnTickets:
    path = f"/registrations/{access.registration_id}"
    entry = await registration.get(OwnRegistration, path, visitor, token=access.token)
    if entry.status is not Status.PAYMENT_VERIFIED:
        return OwnTickets(entry, None)
    try:
        tickets = await registration.get(Tickets, f"{path}/tickets", visitor, token=access.token)
    except Refused as refused:
        if refused.code != "not_verified":
            raise
        return OwnTickets(entry, None)
    language, public_url = language_of_path(request.url.path), request.app.state.public_url
    return OwnTickets(entry, tickets_of(entry, tickets, public_url=public_url, language=language))


Own = Annotated[OwnTickets, Depends(_own_tickets)]
