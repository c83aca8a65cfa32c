"""The page of one race, and the preview of its public page."""

import asyncio
from dataclasses import replace
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import ADMIN, AnyStaff
from web.console.apis import Registration
from web.console.pages import console_page
from web.console.races.bibs import drawing_of
from web.console.races.burned import burned_bibs
from web.console.races.colors import Swatch
from web.console.races.listing import PATH, state_of
from web.console.races.upstream import KINDS, race_by_id
from web.console.routing import ConsoleRouter
from web.pages import private_page
from web.site.structured import sports_event
from web.site.views import view_of

router = ConsoleRouter()

ONE: Final = f"{PATH}/{{race_id}}"


@router.page(ONE)
async def show_race(request: Request, staff: AnyStaff, registration: Registration, race_id: UUID) -> Response:
    """Show a race with its pictures and categories."""
    race, burned = await asyncio.gather(race_by_id(registration, race_id), burned_bibs(registration, race_id))
    return console_page(
        request,
        staff,
        "races/race.html",
        race=race,
        standing=state_of(race, request.app.state.clock()),
        swatch=Swatch.of(race.brand_color or ""),
        pictures={kind: race.picture(kind) for kind in KINDS},
        drawing=drawing_of(race.categories, burned),
        may_change=ADMIN.admits(staff.account.role),
    )


@router.page(f"{ONE}/preview")
async def show_preview(request: Request, staff: AnyStaff, registration: Registration, race_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Show the public page of a race as it is or would be."""
    race, now = await race_by_id(registration, race_id), request.app.state.clock()
    view, site = view_of(race.for_staff(), now), request.app.state.public_url
    if view.course is not None:  # the public address has none while the race is not published
        view = replace(view, course=replace(view.course, address=f"/console/races/{race.id}/course/file"))
    structured = sports_event(view, f"{site}/races/{race.slug}", site=site)
    return private_page(request, "console/races/preview.html", race=view, structured=structured, now=now, shown=race)
