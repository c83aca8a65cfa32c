"""The list of all races."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from web.console.access import ADMIN, AnyStaff
from web.console.apis import Registration, unless_away
from web.console.lists import ListState
from web.console.pages import console_page
from web.console.races.upstream import Race, every_race
from web.console.routing import ConsoleRouter

router = ConsoleRouter()

PATH: Final = "/races"

_PAGE: Final = 50
_FILTERS: Final = ("q", "state")


class State(StrEnum):
    """How a race stands."""

    PUBLISHED = "published"
    DRAFT = "draft"
    OVER = "over"


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    race: Race
    state: State

    @property
    def quota(self) -> int:
        """Return the places of all categories."""
        return sum(each.quota for each in self.race.categories)

    @property
    def taken(self) -> int:
        """Return the places that are taken."""
        return sum(each.quota - each.places_left for each in self.race.categories)


def state_of(race: Race, now: datetime) -> State:
    """Return how a race stands at `now`."""
    if now.astimezone(ZoneInfo(race.timezone)).date() > race.event_date:
        return State.OVER
    return State.PUBLISHED if race.is_active else State.DRAFT


@router.page(PATH)
async def list_races(request: Request, staff: AnyStaff, registration: Registration) -> Response:
    """List the races, the latest day first."""
    state = ListState.of(request, _FILTERS)
    races = await unless_away(every_race(registration))
    rows = [Row(each, state_of(each, request.app.state.clock())) for each in races or ()]
    page, next_cursor = _page([each for each in rows if _fits(each, state)], state.cursor)
    return console_page(
        request,
        staff,
        "races/list.html",
        races=races,
        rows=page,
        state=state,
        states=list(State),
        next_cursor=next_cursor,
        may_change=ADMIN.admits(staff.account.role),
    )


def _fits(row: Row, state: ListState) -> bool:
    searched = f"{row.race.name} {row.race.location} {row.race.slug}".lower()
    wanted = state.value("state")
    return (not wanted or row.state == wanted) and all(word in searched for word in state.value("q").lower().split())


def _page(rows: Sequence[Row], cursor: str | None) -> tuple[Sequence[Row], str | None]:
    """Return the rows after the race that the cursor names, and the cursor of those that follow them."""
    start = next((at + 1 for at, row in enumerate(rows) if str(row.race.id) == cursor), 0)
    shown = rows[start : start + _PAGE]
    return shown, str(shown[-1].race.id) if len(rows) > start + _PAGE else None
