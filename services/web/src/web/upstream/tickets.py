"""What registration's API answers about tickets."""

from typing import Any
from uuid import UUID

from pydantic import model_validator

from web.upstream.client import Answer
from web.upstream.registrations import Event


class Ticket(Answer):
    """A ticket of a registration. The code is the content of its QR code.

    `ticket_number` is what people read; None in answers of older releases.
    """

    participant_id: UUID
    bib_number: int
    category_name: str
    ticket_code: str
    ticket_number: str | None = None


class Tickets(Answer):
    """The tickets of a registration."""

    items: tuple[Ticket, ...]

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, found: Any) -> Any:
        return {"items": found}


class HeldTicket(Answer):
    """A ticket, for the holder of its code."""

    short_name: str
    bib_number: int
    category_name: str
    jersey_size: str
    live: bool
    event: Event
    ticket_number: str | None = None
