"""Publishing a race, after a list of checks, and taking it off the site."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Payment, Registration, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.races import forms
from web.console.races.checks import checks_of, ways_to_pay
from web.console.races.listing import PATH
from web.console.races.race_page import ONE
from web.console.races.upstream import race_by_id
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_PUBLISH: Final = f"{ONE}/publish"
_TAKE_OFF: Final = f"{ONE}/unpublish"


@router.page(_PUBLISH)
async def ask_to_publish(
    request: Request, staff: Admin, registration: Registration, payment: Payment, race_id: UUID
) -> Response:
    """List what to look at before, and name what publishing does."""
    return await _publish_page(request, staff, registration, payment, race_id)


@router.action(_PUBLISH)
async def publish(
    request: Request, staff: Admin, registration: Registration, payment: Payment, race_id: UUID
) -> Response:
    """Publish a race; publishing it again changes nothing."""
    failure = await registration.change("PATCH", f"/events/{race_id}", {"is_active": True})
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", "published")
    return await _publish_page(request, staff, registration, payment, race_id, failure)


@router.page(_TAKE_OFF)
async def ask_to_take_off(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Name what taking a race off the site does."""
    race = await race_by_id(registration, race_id)
    return _page(request, staff, "unpublish.html", race=race)


@router.action(_TAKE_OFF)
async def take_off(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Take a race off the site; doing it again changes nothing."""
    failure = await registration.change("PATCH", f"/events/{race_id}", {"is_active": False})
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", "unpublished")
    race = await race_by_id(registration, race_id)
    return _page(request, staff, "unpublish.html", failure, race=race)


async def _publish_page(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    payment: StaffApi,
    race_id: UUID,
    failure: Failure | None = None,
) -> Response:
    race, ways = await asyncio.gather(race_by_id(registration, race_id), unless_away(_ways(payment)))
    checks = checks_of(race, ways, request.app.state.clock())
    return _page(request, staff, "publish.html", failure, race=race, checks=checks)


async def _ways(payment: StaffApi) -> Any:
    """Return what runners can pay with; None if the API refuses to say."""
    try:
        return await ways_to_pay(payment)
    except Refused:
        return None


def _page(
    request: Request, staff: StaffSession, template: str, failure: Failure | None = None, **values: Any
) -> Response:
    return console_page(request, staff, f"races/{template}", **forms.shown(failure), **values)
