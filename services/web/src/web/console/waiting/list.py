"""The waiting list of a category, in its order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response

from web.console.access import ADMIN, AnyStaff
from web.console.apis import Registration, StaffApi, unless_away
from web.console.catalog import Race, all_races, race_of
from web.console.lists import ListState
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.waiting.models import ENDED, OFFERED, WAITING, CategoryCount, Counts, Lines
from web.upstream.registration import Category

router = ConsoleRouter()

PATH: Final = "/waitlist"
FILTERS: Final = ("race", "category", "status")

_PAGE: Final = 50
_MOST: Final = 200

Slug = Annotated[str | None, Query(max_length=255)]
Before = Annotated[int, Query(ge=0, le=10_000_000, description="entries of the pages before")]


@dataclass(frozen=True)
class Queue:
    """What is listed: those that wait with the first open offers, or the entries of one other status.

    Attributes:
        before: how many entries stand before the first of `lines`.
    """

    lines: Lines = field(default_factory=Lines)
    offers: Lines = field(default_factory=Lines)
    before: int = 0


@router.page(PATH)
async def show_list(
    request: Request,
    staff: AnyStaff,
    registration: Registration,
    race: Slug = None,
    before: Before = 0,
) -> Response:
    """List who waits for a category."""
    state = ListState.of(request, FILTERS)
    races = await all_races(registration)
    chosen = race_of(races, race)
    counts = await _counts(registration, chosen) if chosen else {}
    category = _category_of(chosen, state.value("category"), counts)
    queue = await _queue(registration, category, state, before) if category else Queue()
    shown: dict[str, Any] = {
        "races": races,
        "race": chosen,
        "state": state,
        "counts": counts,
        "category": category,
        "queue": queue,
        "ended": ENDED,
        "listed": (OFFERED, *ENDED),
        "now": request.app.state.clock(),
        "may_change": ADMIN.admits(staff.account.role),
    }
    return console_page(request, staff, "waiting/list.html", **shown)


async def _counts(registration: StaffApi, race: Race) -> Mapping[UUID, CategoryCount]:
    """Return how the categories stand; nothing while that is away."""
    found = await unless_away(registration.get(Counts, "/stats", event_id=str(race.id)))
    return {each.category_id: each for each in found.categories} if found else {}


def _category_of(race: Race | None, slug: str, counts: Mapping[UUID, CategoryCount]) -> Category | None:
    """Return the category that an address names, or else the one for which most wait."""
    categories: Sequence[Category] = race.categories if race else ()
    named = next((each for each in categories if each.slug == slug), None)

    def waiting(category: Category) -> int:
        found = counts.get(category.id)
        return found.waitlist_entries if found else 0

    return named or max(categories, key=waiting, default=None)


async def _queue(registration: StaffApi, category: Category, state: ListState, before: int) -> Queue:
    async def entries(status: str, limit: int, cursor: str | None = None) -> Lines:
        return await registration.get(
            Lines, PATH, category_id=str(category.id), status=status, limit=limit, cursor=cursor
        )

    status = state.value("status")
    if status in (OFFERED, *ENDED):
        return Queue(await entries(status, _PAGE, state.cursor), before=before)
    waiting = entries(WAITING, _PAGE, state.cursor)
    if state.cursor:
        return Queue(await waiting, before=before)
    return Queue(*await asyncio.gather(waiting, entries(OFFERED, _MOST)))
