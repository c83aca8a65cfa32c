"""The list of a race's registrations."""

import asyncio
from typing import Final

from chassis.errors import InvalidFields
from fastapi import Request, Response

from web.console.access import ADMIN, AnyStaff
from web.console.apis import Registration, StaffApi
from web.console.catalog import all_races, race_of
from web.console.menu import ROOT
from web.console.pages import console_page
from web.console.registrations.answers import Counts, Matching, Summaries
from web.console.registrations.columns import COLUMNS
from web.console.registrations.wanted import STATUSES, TYPES, Wanted
from web.console.routing import ConsoleRouter
from web.console.views.routes import views_of
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

PATH: Final = f"{ROOT}/registrations"

_PAGE: Final = 50
_MOST_COUNTED: Final = 10_000
_NONE: int | None = 0


@router.page("/registrations")
async def list_registrations(request: Request, staff: AnyStaff, registration: Registration) -> Response:
    """List the registrations of a race."""
    own_views = views_of(request).of(staff.account.id, "registrations")
    races, views = await asyncio.gather(all_races(registration), own_views)
    race = race_of(races, request.query_params.get("race"))
    if race is None:
        return console_page(request, staff, "registrations/none.html")
    wanted = Wanted.of(request.query_params, race, language_of_path(request.url.path))
    found, total, message = Summaries(items=()), _NONE, None
    if not wanted.errors:
        try:
            found, total = await asyncio.gather(_page(registration, wanted), _total(registration, wanted))
        except Refused as refused:
            if refused.status != InvalidFields.status:
                raise
            message = next(iter(refused.field_errors.values()), refused.wording.en)
    return await _shown(request, staff, wanted, found, total, races=races, views=views, message=message)


async def _page(registration: StaffApi, wanted: Wanted) -> Summaries:
    state = wanted.state
    asked = {**wanted.asked(), "sort": state.sort or None, "cursor": state.cursor, "limit": _PAGE}
    return await registration.get(Summaries, "/registrations", **asked)


async def _total(registration: StaffApi, wanted: Wanted) -> int | None:
    """Return how many match; None if there are more than can be counted here."""
    if wanted.is_counted:
        counts = await registration.get(Counts, "/stats", event_id=str(wanted.race.id))
        return counts.of(wanted.category.id if wanted.category else None, wanted.state.value("status"))
    ids = await registration.get(Matching, "/registrations", **wanted.asked(), ids_only="true")
    return ids.total


async def _shown(
    request: Request,
    staff: StaffSession,
    wanted: Wanted,
    found: Summaries,
    total: int | None,
    *,
    races: object,
    views: object,
    message: str | None,
) -> Response:
    names = {each.id: each.name for each in wanted.race.categories}
    return console_page(
        request,
        staff,
        "registrations/table.html",
        status=422 if wanted.errors or message else 200,
        list_path=PATH,
        races=races,
        race=wanted.race,
        wanted=wanted,
        state=wanted.state,
        form=wanted.form,
        found=found,
        total=total,
        most=_MOST_COUNTED,
        message=message,
        views=views,
        category_names=names,
        columns=COLUMNS.shown(wanted.state.value("columns")),
        all_columns=COLUMNS.names,
        statuses=STATUSES,
        types=TYPES,
        may_change=ADMIN.admits(staff.account.role),
    )
