"""The route for the participants of a race."""

from typing import Annotated, Literal
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read
from chassis.web.models import Cursor, Limit, Moment, Page, View
from chassis.web.routing import Router
from contracts import JerseySize
from fastapi import Query
from pydantic import Field

from registration.entries import participants
from registration.entries.api import CategoryId, Search, StatusFilter
from registration.entries.participants import People, Position
from registration.entries.queries import Filter
from registration.entries.rules import Status
from registration.entries.tables import Participant, Registration

router = Router(tags=["registrations"])

_cursors = CursorOf(tuple[Moment, UUID, Annotated[int, Field(ge=0, le=100)]])


class ParticipantSummary(View):
    """A participant in a list, without contacts."""

    participant_id: UUID
    full_name: str
    gender: str
    jersey_size: str
    is_pic: bool
    bib_number: int | None
    registration_id: UUID
    registration_number: str
    registration_type: str
    category_id: UUID
    status: Status


@router.get("/participants")
async def list_participants(
    _: AnyStaff,
    session: Read,
    event_id: Annotated[UUID, Query()],
    category_id: CategoryId = None,
    status: StatusFilter = None,
    gender: Annotated[Literal["male", "female"] | None, Query()] = None,
    jersey_size: Annotated[JerseySize | None, Query()] = None,
    q: Search = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ParticipantSummary]:
    """Return the participants of a race, those of the newest registrations first.

    With a filter on gender or size, 5,000 registrations are looked through at once: a page with fewer than `limit`, or
    without any, has a `next_cursor` if there are more registrations.
    """
    wanted = People(Filter(event_id, category_id, status, q), gender, jersey_size)
    position = _cursors.decode(cursor)
    after = None if position is None else Position(*position)
    found = await participants.page(session, wanted, limit=limit, after=after)
    items = [_summary(person, entry) for person, entry in found.people]
    return Page(items=items, next_cursor=_cursors.encode(*found.after) if found.after else None)


def _summary(person: Participant, entry: Registration) -> ParticipantSummary:
    of_entry = ("registration_number", "registration_type", "status")
    own = ("full_name", "gender", "jersey_size", "is_pic", "bib_number", "registration_id")
    return ParticipantSummary.model_validate(
        {
            "participant_id": person.id,
            "category_id": entry.race_category_id,
            **{name: getattr(entry, name) for name in of_entry},
            **{name: getattr(person, name) for name in own},
        }
    )
