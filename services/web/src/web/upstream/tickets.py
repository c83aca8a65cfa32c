"""What registration's API answers about tickets, and about a registration with its race."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import model_validator

from web.upstream import registrations
from web.upstream.client import Answer


class RaceFacts(Answer):
    """The race of a registration."""

    name: str
    slug: str
    event_date: date
    location: str
    timezone: str
    changes_until: datetime | None = None
    pickup_info: str | None = None
    contact_whatsapp: str | None = None
    brand_color: str | None = None


class OwnRegistration(registrations.Registration):
    """A registration with its race, for its runner."""

    event: RaceFacts
    category_name: str


class Ticket(Answer):
    """A ticket of a registration. The code is the content of its QR code."""

    participant_id: UUID
    bib_number: int
    category_name: str
    ticket_code: str


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
    event: RaceFacts
