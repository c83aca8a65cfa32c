"""The page of files: which there are and who needs them, and what became of those that were taken or asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import Query, Request, Response

from web.console.access import POLL, Admin
from web.console.apis import Failure, Identity, Registration, StaffApi, unless_away
from web.console.catalog import Race, all_races, race_of
from web.console.exports.answers import Export, Exports, jersey_orders
from web.console.exports.kinds import Kind
from web.console.lists import ListState
from web.console.names import staff_names
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession
from web.upstream.client import Answer
from web.upstream.registration import Category

router = ConsoleRouter()

PATH: Final = "/exports"
FAILED: Final = "failed"
"""Query parameter that says why a file was not sent; the template has the words."""

STATUSES: Final = ("payment_verified", "payment_uploaded", "pending_payment", "expired", "cancelled")

_AT_ONCE: Final = 25
_LARGE: Final = 5000
"""Rows from which on a file is written by a job: a phone's connection would have to last too long."""


class _Count(Answer):
    status: str
    participants: int


class _Stats(Answer):
    items: tuple[_Count, ...]

    def rows(self, kind: Kind) -> int:
        """Return how many rows a file has about; all but that of participants are of those who paid."""
        paid_only = kind is not Kind.PARTICIPANTS
        return sum(each.participants for each in self.items if not paid_only or each.status == "payment_verified")


@dataclass(frozen=True)
class Offer:
    """A file that can be had.

    Attributes:
        is_large: whether a job writes it.
    """

    kind: Kind
    is_large: bool


@router.page(PATH)
async def show_exports(
    request: Request,
    staff: Admin,
    registration: Registration,
    identity: Identity,
    race: Annotated[str, Query(max_length=255)] = "",
    category: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """Show the files of a race; a page that refreshes itself gets the list of taken ones only."""
    if POLL in request.headers:
        return await _list_page(request, staff, registration, identity)
    return await exports_page(request, staff, registration, identity, race, category)


async def _list_page(request: Request, staff: StaffSession, registration: StaffApi, identity: StaffApi) -> Response:
    state = _state(request)
    found, names, races = await asyncio.gather(
        registration.get(Exports, PATH, limit=_AT_ONCE, cursor=state.cursor),
        staff_names(identity, staff),
        unless_away(all_races(registration.briefly)),
    )
    return console_page(
        request,
        staff,
        "exports/list.html",
        found=found,
        names=names,
        titles=_titles(races or ()),
        state=state,
        now=request.app.state.clock(),
    )


async def exports_page(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    identity: StaffApi,
    race: str,
    category: str,
    failure: Failure | None = None,
    key: str = "",
) -> Response:
    """Return the page, with why a file was not written if that failed.

    Args:
        key: of a form that may have been heard, so that it can be sent again.
    """
    state = _state(request)
    races, found, names = await asyncio.gather(
        unless_away(all_races(registration.briefly)),
        unless_away(registration.get(Exports, PATH, limit=_AT_ONCE, cursor=state.cursor)),
        staff_names(identity, staff),
    )
    chosen = race_of(races or (), race)
    only = category_of(chosen, category)
    stats, orders = await _about(registration, chosen, only)
    return console_page(
        request,
        staff,
        "exports/page.html",
        status=failure.status if failure else 200,
        races=races,
        race=chosen,
        category=only,
        offers=[Offer(kind, stats is None or stats.rows(kind) > _LARGE) for kind in Kind],
        orders=orders,
        statuses=STATUSES,
        key=key or uuid4().hex,
        message=_message(failure),
        failed=request.query_params.get(FAILED),
        found=found,
        names=names,
        titles=_titles(races or ()),
        state=state,
        now=request.app.state.clock(),
    )


def category_of(race: Race | None, slug: str) -> Category | None:
    """Return a category of a race; None for all."""
    return next((each for each in race.categories if each.slug == slug), None) if race else None


def _state(request: Request) -> ListState:
    return ListState.of(request, ("race", "category"))


def _message(failure: Failure | None) -> str | None:
    if failure is None:
        return None
    return failure.message or next((each.message for each in failure.errors), None)


async def _about(
    registration: StaffApi, race: Race | None, category: Category | None
) -> tuple[_Stats | None, Sequence[Export]]:
    if race is None:
        return None, ()
    stats, orders = await asyncio.gather(
        unless_away(registration.get(_Stats, "/stats", event_id=race.id)),
        unless_away(jersey_orders(registration, race.id, category.id if category else None)),
    )
    return stats, orders or ()


def _titles(races: Sequence[Race]) -> Mapping[UUID, str]:
    """Return the names of races and of categories by their id."""
    categories = {each.id: each.name for race in races for each in race.categories}
    return {**categories, **{race.id: race.name for race in races}}
