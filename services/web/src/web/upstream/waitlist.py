"""What registration's API answers about a place in line."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from web.upstream.client import Answer

REGISTERED_ELSEWHERE: Final = "somebody in it is registered already"
"""The reason of an entry that ended since one of its people is registered. Other reasons were written by staff."""


class RaceOfPlace(Answer):
    """The race of a place in line."""

    name: str
    slug: str
    event_date: date
    location: str
    timezone: str
    brand_color: str | None = None
    contact_whatsapp: str | None = None


class PersonInLine(Answer):
    """A person of a place in line."""

    full_name: str
    is_pic: bool


class Place(Answer):
    """A place in line, for its runner.

    Attributes:
        status: waiting, offered, accepted, expired, withdrawn or closed.
        position: among those that wait for the category, from 1.
        offer_expires_at: until when an offer may be accepted.
        total_amount: the price that is fixed in the offer; None without one.
        event, category_name: None from an API that does not tell them yet.
    """

    status: str
    total_participants: int
    created_at: datetime
    position: int | None
    offer_expires_at: datetime | None
    total_amount: Decimal | None = None
    reason: str | None
    participants: tuple[PersonInLine, ...] = ()
    event: RaceOfPlace | None = None
    category_name: str | None = None
