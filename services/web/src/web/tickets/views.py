"""What the pages show of tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.wording import Language, Wording

from web.languages import address
from web.upstream.packs import CollectedPack
from web.upstream.registrations import Participant, Registration
from web.upstream.tickets import HeldTicket, Ticket, Tickets
from web.whatsapp import chat

_SHARED = Wording(
    en="Hello {name}, your e-ticket for {race}, BIB {bib}. Show its QR code when you collect your race pack: {link}",
    id="Halo {name}, ini e-tiket Anda untuk {race}, BIB {bib}. Tunjukkan kode QR-nya saat mengambil race pack: {link}",
)


@dataclass(frozen=True)
class TicketView:
    """A ticket as a page shows it.

    Attributes:
        key: participant id, as in addresses; empty on the page of a code.
        bib_number, code: None if this participant has no ticket.
        number: of the ticket, as people read it; None if there is none, or it is not known.
        share: link that sends the ticket to its runner by WhatsApp.
        pack: the race pack that was handed out; None if it was not, or is not known to have been.
    """

    key: str
    name: str
    category: str
    jersey_size: str
    bib_number: int | None
    code: str | None
    share: str | None = None
    number: str | None = None
    pack: CollectedPack | None = None

    @property
    def first_name(self) -> str:
        """Return how a runner is addressed."""
        return self.name.split()[0]

    @property
    def picture(self) -> str:
        """Return the address of the QR code."""
        return f"/api/registration/v1/tickets/{self.code}.svg"


def tickets_of(
    entry: Registration,
    tickets: Tickets,
    packs: Mapping[UUID, CollectedPack],
    *,
    public_url: str,
    language: Language,
) -> Sequence[TicketView]:
    """Return one view per participant, in the order of the registration."""
    by_id = {ticket.participant_id: ticket for ticket in tickets.items}

    def view(person: Participant) -> TicketView:
        ticket, pack = by_id.get(person.participant_id), packs.get(person.participant_id)
        return _view(entry, person, ticket, pack, public_url, language)

    return [view(each) for each in entry.participants]


def _view(
    entry: Registration,
    person: Participant,
    ticket: Ticket | None,
    pack: CollectedPack | None,
    public_url: str,
    language: Language,
) -> TicketView:
    shown: Mapping[str, Any] = {
        "key": str(person.participant_id),
        "name": person.full_name,
        "category": entry.category_name,
        "jersey_size": person.jersey_size.upper(),
    }
    if ticket is None:
        return TicketView(**shown, bib_number=None, code=None)
    text = _SHARED.said(
        language,
        name=person.full_name.split()[0],
        race=entry.event.name,
        bib=ticket.bib_number,
        link=public_url + address(f"/t/{ticket.ticket_code}", language),
    )
    return TicketView(
        **shown,
        bib_number=ticket.bib_number,
        code=ticket.ticket_code,
        share=chat(person.whatsapp, text),
        number=ticket.ticket_number,
        pack=pack,
    )


def held(ticket: HeldTicket, code: str) -> TicketView:
    """Return the view of a ticket for the holder of its code."""
    return TicketView(
        key="",
        name=ticket.short_name,
        category=ticket.category_name,
        jersey_size=ticket.jersey_size.upper(),
        bib_number=ticket.bib_number,
        code=code,
        number=ticket.ticket_number,
    )
