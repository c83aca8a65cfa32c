"""The phases of a race's prices: listed by category, moved and switched off."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import ADMIN, FINANCE, Admin, AnyStaff
from web.console.apis import Failure, Registration, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.races import forms
from web.console.races.listing import PATH
from web.console.races.phases import Line, lines_of, phases_of
from web.console.races.race_page import ONE
from web.console.races.upstream import race_by_id
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PRICES: Final = f"{ONE}/prices"
OF_CATEGORY: Final = f"{PRICES}/{{category_id}}"

_ORDER: Final = "order"
"""Field with the ids of all phases of a category. Sent twice, it has the same effect as once."""


@router.page(PRICES)
async def show_prices(request: Request, staff: AnyStaff, registration: Registration, race_id: UUID) -> Response:
    """List the phases of each category, in the order in which they apply."""
    return await _page(request, staff, registration, race_id)


@router.action(f"{OF_CATEGORY}/order")
async def move(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """Put the phases of a category into an order."""
    order = (await forms.typed_in(request)).get(_ORDER, "").split()
    path = f"/categories/{category_id}/price-phases/order"
    failure = await registration.change("PUT", path, {"phase_ids": order})
    if failure is None:
        return done(request, address_of(race_id), "moved")
    return await _page(request, staff, registration, race_id, _said(failure))


@router.action(f"{OF_CATEGORY}/{{phase_id}}/off")
async def switch_off(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID, phase_id: UUID
) -> Response:
    """End a phase now; the next one applies."""
    (await race_by_id(registration, race_id)).category(category_id)
    failure = await registration.change("PATCH", f"/price-phases/{phase_id}", {"is_active": False})
    if failure is None:
        return done(request, address_of(race_id), "off")
    return await _page(request, staff, registration, race_id, failure)


def address_of(race_id: UUID) -> str:
    """Return the address of the list in Indonesian."""
    return f"{ROOT}{PATH}/{race_id}/prices"


def moved(ids: Sequence[str], one: str, step: int) -> Sequence[str]:
    """Return the ids with one of them moved by a step, as far as there is a neighbour."""
    if one not in ids:
        return ids
    here = ids.index(one)
    there = here + step
    if not 0 <= there < len(ids):
        return ids
    found = list(ids)
    found[here], found[there] = found[there], found[here]
    return found


def _order(lines: Sequence[Line], one: UUID, step: int) -> str:
    """Return what a button sends: all phases with one of them moved."""
    return " ".join(moved([str(each.phase.id) for each in lines], str(one), step))


def _said(failure: Failure) -> Failure:
    """Return a failure with what is wrong above the list, which has no fields."""
    return replace(failure, message=failure.message or " ".join(each.message for each in failure.errors))


async def _page(
    request: Request, staff: StaffSession, registration: StaffApi, race_id: UUID, failure: Failure | None = None
) -> Response:
    race, now = await race_by_id(registration, race_id), request.app.state.clock()
    found = await asyncio.gather(*(phases_of(registration, each.id) for each in race.categories))
    return console_page(
        request,
        staff,
        "prices/list.html",
        race=race,
        order=_order,
        lists=[(category, lines_of(phases, now)) for category, phases in zip(race.categories, found, strict=True)],
        may_change=ADMIN.admits(staff.account.role),
        may_see_codes=FINANCE.admits(staff.account.role),
        **forms.shown(failure),
    )
