"""The table of a race's participants."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from chassis.errors import InvalidFields
from fastapi import Query, Request, Response

from web.console.access import ADMIN, AnyStaff
from web.console.apis import Registration, StaffApi
from web.console.catalog import Race, all_races, race_of
from web.console.columns import Columns
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.views.routes import views_of
from web.upstream.client import Answer, Refused
from web.upstream.registrations import Status

router = ConsoleRouter()

PATH: Final = "/participants"
LIST: Final = f"{ROOT}{PATH}"
FILTERS: Final = ("race", "q", "category", "status", "gender", "jersey")
SIZES: Final = ("xs", "s", "m", "l", "xl", "xxl", "xxxl")
GENDERS: Final = ("male", "female")
COLUMNS: Final = Columns(
    ("bib", "category", "jersey", "gender", "type", "registration", "status", "registered"),
    ("bib", "category", "jersey", "gender", "registration", "status"),
)
"""All columns besides the name."""

NEWEST: Final = "-created_at"
SORTS: Final = (NEWEST, "created_at", "name", "-name", "bib", "-bib")

_PAGE: Final = 50


class Participant(Answer):
    """A participant in the table."""

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
    status: str
    created_at: datetime | None = None


class Participants(Answer):
    """A page of participants. With a filter on few it may be short, or empty, although others follow."""

    items: tuple[Participant, ...] = ()
    next_cursor: str | None = None


@router.page(PATH)
async def list_participants(
    request: Request,
    staff: AnyStaff,
    registration: Registration,
    race: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """List the participants of a race, those of the newest registrations first unless another order is chosen."""
    state = _state(request)
    own_views = views_of(request).of(staff.account.id, "participants")
    races, views = await asyncio.gather(all_races(registration), own_views)
    chosen = race_of(races, race)
    found, errors = Participants(), {}
    if chosen is not None:
        try:
            found = await _found(registration, chosen, state)
        except Refused as refused:
            if refused.status != InvalidFields.status:
                raise
            errors = refused.field_errors
    shown: dict[str, Any] = {
        "races": races,
        "race": chosen,
        "state": state,
        "sorted": replace(state, sort=state.sort or NEWEST),
        "sorts": SORTS,
        "unfiltered": state.query(**dict.fromkeys(FILTERS[1:], "")),
        "found": found,
        "list_path": LIST,
        "view": state.query(race=""),
        "views": views,
        "columns": COLUMNS.shown(state.value("columns")),
        "all_columns": COLUMNS.names,
        "message": next(iter(errors.values()), None),
        "category": _category(chosen, state.value("category")),
        "names": {each.id: each.name for each in chosen.categories} if chosen else {},
        "statuses": [each.value for each in Status],
        "sizes": SIZES,
        "genders": GENDERS,
        "may_change": ADMIN.admits(staff.account.role),
    }
    return console_page(
        request, staff, "participants/list.html", status=InvalidFields.status if errors else 200, **shown
    )


def _state(request: Request) -> ListState:
    state = ListState.of(request, FILTERS)
    chosen = COLUMNS.chosen(request.query_params.getlist("columns"))
    filters = {**state.filters, "columns": chosen} if chosen else state.filters
    return replace(state, filters=filters, sort=_one_of(SORTS, state.sort) or "")


async def _found(registration: StaffApi, race: Race, state: ListState) -> Participants:
    """Return a page of the participants who match; values of filters that none can have are left out.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    category = _category(race, state.value("category"))
    return await registration.get(
        Participants,
        PATH,
        event_id=str(race.id),
        category_id=str(category.id) if category else None,
        status=_one_of([each.value for each in Status], state.value("status")),
        gender=_one_of(GENDERS, state.value("gender")),
        jersey_size=_one_of(SIZES, state.value("jersey")),
        q=state.value("q")[:100] or None,
        sort=state.sort or None,
        limit=_PAGE,
        cursor=state.cursor,
    )


def _category(race: Race | None, slug: str) -> Any:
    return next((each for each in race.categories if each.slug == slug), None) if race else None


def _one_of(values: Any, value: str) -> str | None:
    return value if value in values else None
