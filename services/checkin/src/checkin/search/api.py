"""Routes for searching the roster and the check-ins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read
from chassis.web.models import Cursor, Limit, OrNone, Page, SearchText, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Query
from pydantic import Field

from checkin.dependencies import CurrentStation
from checkin.pickup.errors import NotCheckedIn
from checkin.search import queries
from checkin.search.rules import PackState, Search
from checkin.stations.errors import DeviceRevoked

router = Router()

_cursors = CursorOf(queries.CheckinPosition)


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


Typed = Annotated[
    SearchText, Query(min_length=1, description="the beginning of names, a BIB, a registration or ticket number")
]
Most = Annotated[int, Query(ge=1, le=50)]


@router.get("/roster", responses=errors(DeviceRevoked))
async def search_roster(q: Typed, station: CurrentStation, session: Read, limit: Most = 50) -> Found:
    """Find a participant by name, BIB, registration or ticket number.

    At a station with a race, only participants of that race are found.
    """
    rows = await queries.find_participants(session, Search.of(q), event_id=station.event_id, limit=limit + 1)
    items = [FoundParticipant(**row) for row in rows[:limit]]
    return Found(items=items, has_more=len(rows) > limit)


class CheckinView(View):
    """A check-in as staff see it. `is_valid` is false if the registration was cancelled afterwards.

    Station and location have the names of that time. `collected_by` is who came in the participant's place,
    `handed_size` that of the jersey that left; null if older releases stored the check-in and it was the one ordered.
    The last three fields are null unless the check-in was undone.
    """

    participant_id: UUID
    full_name: str
    bib_number: int
    event_id: UUID
    event_name: str
    category_name: str
    jersey_size: str
    registration_number: str
    is_valid: bool
    checked_in_at: datetime
    station_name: str
    location_name: str
    device_name: str
    notes: str | None
    collected_by: str | None
    letter_seen: bool | None
    identity_seen: bool | None
    handed_size: str | None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


@router.get("/checkins")
async def list_checkins(
    _: Admin,
    session: Read,
    event_id: UUID | None = None,
    state: PackState | None = None,
    q: Annotated[OrNone[SearchText], Query(description="as of the search of the roster")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CheckinView]:
    """Return check-ins, also those that were undone, newest first."""
    found = await queries.list_checkins(
        session,
        event_id=event_id,
        state=state,
        search=Search.of(q) if q else None,
        limit=limit + 1,
        after=_cursors.decode(cursor),
    )
    items = [CheckinView.model_validate(dict(each)) for each in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=items, next_cursor=_cursors.encode(last["checked_in_at"], last["id"]) if last else None)


@router.get("/checkins/{participant_id}", responses=errors(NotCheckedIn))
async def show_checkin(participant_id: UUID, _: Admin, session: Read) -> CheckinView:
    """Return the check-in of a participant; if it was undone, the newest one that was."""
    found = await queries.newest_checkin(session, participant_id)
    if found is None:
        raise NotCheckedIn
    return CheckinView.model_validate(dict(found))
