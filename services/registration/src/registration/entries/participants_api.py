"""The route for the participants of a race."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read
from chassis.web.models import Cursor, Limit, Moment, Page, View
from chassis.web.routing import Router
from contracts import JerseySize
from fastapi import Query
from pydantic import Field, StringConstraints

from registration.entries import sorted_participants
from registration.entries.api import CategoryId, Search, StatusFilter
from registration.entries.participants import People, Position
from registration.entries.queries import Filter
from registration.entries.rules import Status
from registration.entries.sorted_participants import ParticipantSort
from registration.entries.tables import Participant, Registration
from registration.places.tables import BIB_LIMIT

router = Router(tags=["registrations"])

_InForm = Annotated[int, Field(ge=0, le=100)]
_Name = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00]*$")]
_Bib = Annotated[int, Field(ge=1, le=BIB_LIMIT)]
_CURSORS: Final[Mapping[ParticipantSort, CursorOf[Any]]] = {
    ParticipantSort.NEWEST: CursorOf(tuple[Moment, UUID, _InForm]),
    ParticipantSort.OLDEST: CursorOf(tuple[Literal["created_at"], Moment, UUID, _InForm]),
    ParticipantSort.NAME: CursorOf(tuple[Literal["name"], _Name, UUID, _InForm]),
    ParticipantSort.NAME_DOWN: CursorOf(tuple[Literal["-name"], _Name, UUID, _InForm]),
    ParticipantSort.BIB: CursorOf(tuple[Literal["bib"], _Bib | Moment, UUID, _InForm]),
    ParticipantSort.BIB_DOWN: CursorOf(tuple[Literal["-bib"], _Bib | Moment, UUID, _InForm]),
}
"""Positions, in all orders but the usual one behind the name of the order. Those without a BIB have a time."""


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
    created_at: datetime


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
    sort: Annotated[ParticipantSort, Query(description="those without a BIB come last")] = ParticipantSort.NEWEST,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ParticipantSummary]:
    """Return the participants of a race, those of the newest registrations first unless sorted otherwise.

    With a filter on gender or size, 5,000 registrations or participants are looked through at once: a page with fewer
    than `limit`, or without any, has a `next_cursor` if there are more.
    """
    wanted = People(Filter(event_id, category_id, status, q), gender, jersey_size)
    after = _position(sort, cursor)
    found = await sorted_participants.page(session, wanted, sort=sort, limit=limit, after=after)
    items = [_summary(person, entry) for person, entry in found.people]
    return Page(items=items, next_cursor=_cursor(sort, found.after) if found.after else None)


def _position(sort: ParticipantSort, cursor: str | None) -> Position | None:
    position = _CURSORS[sort].decode(cursor)
    return None if position is None else Position(*position[-len(Position._fields) :])


def _cursor(sort: ParticipantSort, after: Position) -> str:
    return CursorOf.encode(*([] if sort is ParticipantSort.NEWEST else [sort.value]), *after)


def _summary(person: Participant, entry: Registration) -> ParticipantSummary:
    of_entry = ("registration_number", "registration_type", "status", "created_at")
    own = ("full_name", "gender", "jersey_size", "is_pic", "bib_number", "registration_id")
    return ParticipantSummary.model_validate(
        {
            "participant_id": person.id,
            "category_id": entry.race_category_id,
            **{name: getattr(entry, name) for name in of_entry},
            **{name: getattr(person, name) for name in own},
        }
    )
