"""Jersey stock of a race: what was brought, what left, and whether it is enough for those who still come."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from chassis.web.forms import form_of
from fastapi import Query, Request, Response

from web.console.access import Admin
from web.console.apis import Checkin, Failure, Registration, unless_away
from web.console.catalog import Race, all_races, race_for, race_of
from web.console.menu import ROOT
from web.console.pages import DONE, console_page, form_after
from web.console.pickup.stock_form import Stock, at_fields, read
from web.console.registration.fields import SIZES
from web.console.routing import ConsoleRouter
from web.forms import typed
from web.languages import language_of_path
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/stock"
_MOST_FIELDS: Final = 200


@router.page(PATH)
async def show_stock(
    request: Request,
    staff: Admin,
    registration: Registration,
    checkin: Checkin,
    race: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """Show the jerseys of a race by size, with the form for the numbers that were brought."""
    races = await unless_away(all_races(registration.briefly))
    chosen = race_of(races or (), race)
    stock = await unless_away(checkin.get(Stock, PATH, event_id=chosen.id)) if chosen else None
    return _page(request, staff, races, chosen, stock)


@router.action(PATH)
async def save(request: Request, staff: Admin, registration: Registration, checkin: Checkin) -> Response:
    """Store the numbers that were typed; what other staff changed stays."""
    async with form_of(request, max_fields=_MOST_FIELDS) as form:
        values = typed(form)
    races = await all_races(registration)
    race = race_for(races, values.get("race"))
    now = await checkin.get(Stock, PATH, event_id=race.id)
    wanted = read(values, now, language_of_path(request.url.path))
    failure = wanted.failure
    if failure is None and wanted.sizes:
        refused = await checkin.change("PUT", f"{PATH}/{race.id}", {"sizes": wanted.sizes})
        failure = at_fields(refused, wanted, now) if refused else None
    if failure is None:
        return see_other(request, f"{ROOT}{PATH}?{urlencode({'race': race.slug, DONE: 'saved'})}")
    return _page(request, staff, races, race, now, wanted.values, failure)


def _page(
    request: Request,
    staff: StaffSession,
    races: Sequence[Race] | None,
    race: Race | None,
    stock: Stock | None,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    known = {each.jersey_size for each in stock.sizes} if stock else set()
    return console_page(
        request,
        staff,
        "pickup/stock.html",
        status=failure.status if failure else 200,
        races=races,
        race=race,
        stock=stock,
        other_sizes=[each for each in SIZES if each not in known],
        form=form_after(values or (stock.values if stock else {}), failure),
        message=failure.message if failure else None,
    )
