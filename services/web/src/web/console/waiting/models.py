"""What registration's API answers about waiting lists."""

from datetime import datetime
from typing import Final
from uuid import UUID

from web.upstream.client import Answer

WAITING: Final = "waiting"
OFFERED: Final = "offered"
ENDED: Final = ("accepted", "expired", "withdrawn", "closed")
"""Statuses of entries that are not in line any more."""


class Line(Answer):
    """An entry in a list."""

    waitlist_id: UUID
    registration_type: str
    total_participants: int
    status: str
    created_at: datetime
    offered_at: datetime | None
    offer_expires_at: datetime | None
    pic_name: str
    pic_whatsapp: str


class Lines(Answer):
    """Entries, in the order of the waiting list."""

    items: tuple[Line, ...] = ()
    next_cursor: str | None = None


class _Person(Answer):
    full_name: str
    is_pic: bool


class _Event(Answer):
    name: str
    slug: str
    timezone: str


class Entry(Answer):
    """One entry. `position` is its rank among those that wait, from 1."""

    waitlist_id: UUID
    category_id: UUID
    registration_type: str
    total_participants: int
    status: str
    created_at: datetime
    position: int | None
    offer_expires_at: datetime | None
    reason: str | None
    event: _Event
    category_name: str
    participants: tuple[_Person, ...]

    @property
    def pic_name(self) -> str:
        """Return the name of the person in charge."""
        return next((each.full_name for each in self.participants if each.is_pic), "")

    @property
    def is_in_line(self) -> bool:
        """Return whether it waits or has an offer."""
        return self.status in (WAITING, OFFERED)


class CategoryCount(Answer):
    """How a category stands: its free places, those that are offered, and who waits."""

    category_id: UUID
    places_left: int
    places_offered: int
    waitlist_entries: int
    waitlist_participants: int


class Counts(Answer):
    """The categories of a race."""

    categories: tuple[CategoryCount, ...]
