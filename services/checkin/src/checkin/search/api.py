"""Route for searching the roster."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.web.dependencies import Read
from chassis.web.models import Page, SearchText, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Query
from pydantic import Field

from checkin.dependencies import CurrentStation
from checkin.search import queries
from checkin.search.rules import Search
from checkin.stations.errors import DeviceRevoked

router = Router()


class FoundParticipant(View):
    """A participant as a station shows them. `is_valid` is false if the registration was cancelled."""

    participant_id: UUID
    full_name: str
    bib_number: int
    event_id: UUID
    event_name: str
    category_name: str
    jersey_size: str
    registration_number: str
    is_pic: bool
    is_valid: bool
    checked_in_at: datetime | None
    station_name: str | None
    location_name: str | None


class Found(Page[FoundParticipant]):
    """The first matches. With `has_more` the search text should be longer: a search has no further pages."""

    has_more: bool = Field(description="more participants match than are listed")


Typed = Annotated[SearchText, Query(min_length=1, description="the beginning of names, a BIB, a registration number")]
Most = Annotated[int, Query(ge=1, le=50)]


@router.get("/roster", responses=errors(DeviceRevoked))
async def search_roster(q: Typed, station: CurrentStation, session: Read, limit: Most = 50) -> Found:
    """Find a participant by name, BIB or registration number.

    At a station with a race, only participants of that race are found.
    """
    rows = await queries.find_participants(session, Search.of(q), event_id=station.event_id, limit=limit + 1)
    items = [FoundParticipant(**row) for row in rows[:limit]]
    return Found(items=items, has_more=len(rows) > limit)
