"""Offering a place by hand, and removing an entry."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Path, Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi
from web.console.catalog import all_races
from web.console.menu import ROOT
from web.console.pages import DONE, console_page, form_after
from web.console.routing import ConsoleRouter
from web.console.waiting.list import PATH
from web.console.waiting.models import OFFERED, Entry
from web.forms import typed
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{waitlist_id}}"
_CONFLICT: Final = 409

WaitlistId = Annotated[UUID, Path()]


@router.page(f"{_ONE}/offer")
async def ask_to_offer(request: Request, staff: Admin, registration: Registration, waitlist_id: WaitlistId) -> Response:
    """What an offer by hand does, and the button for it."""
    return await _page(request, staff, registration, waitlist_id, "offer")


@router.action(f"{_ONE}/offer")
async def offer(request: Request, staff: Admin, registration: Registration, waitlist_id: WaitlistId) -> Response:
    """Offer the entry the free places, or the next ones."""
    failure = await registration.change("POST", f"{PATH}/{waitlist_id}/offer")
    if failure is not None:
        return await _page(request, staff, registration, waitlist_id, "offer", failure=failure)
    entry = await _entry(registration, waitlist_id)
    return await _to_list(request, registration, entry, "offered" if entry.status == OFFERED else "preferred")


@router.page(f"{_ONE}/remove")
async def ask_to_remove(
    request: Request, staff: Admin, registration: Registration, waitlist_id: WaitlistId
) -> Response:
    """What a removal does, and the form for its reason."""
    return await _page(request, staff, registration, waitlist_id, "remove")


@router.action(f"{_ONE}/remove")
async def remove(request: Request, staff: Admin, registration: Registration, waitlist_id: WaitlistId) -> Response:
    """Remove the entry from the waiting list."""
    async with form_of(request, max_files=0, max_fields=8) as form:
        values = typed(form)
    body = {"reason": values.get("reason", "")}
    failure = await registration.change("POST", f"{PATH}/{waitlist_id}/remove", body)
    if failure is not None:
        return await _page(request, staff, registration, waitlist_id, "remove", values, failure)
    return await _to_list(request, registration, await _entry(registration, waitlist_id), "removed")


async def _entry(registration: StaffApi, waitlist_id: UUID) -> Entry:
    return await registration.get(Entry, f"{PATH}/{waitlist_id}")


async def _to_list(request: Request, registration: StaffApi, entry: Entry, what: str) -> Response:
    """Go to the list of the entry's category, which says what was done."""
    return see_other(request, f"{await _list_of(registration, entry)}&{DONE}={what}")


async def _list_of(registration: StaffApi, entry: Entry) -> str:
    """Return the path of the list of an entry's category."""
    races = await all_races(registration)
    slugs = [each.slug for race in races for each in race.categories if each.id == entry.category_id]
    category = {"category": slugs[0]} if slugs else {}
    return f"{ROOT}{PATH}?{urlencode({'race': entry.event.slug, **category})}"


async def _page(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    waitlist_id: UUID,
    action: str,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    """Return the page of an action. Once the entry is not in line any more, it shows what became of it instead."""
    entry = await _entry(registration, waitlist_id)
    return console_page(
        request,
        staff,
        f"waiting/{action}.html",
        status=failure.status if failure else 200,
        entry=entry,
        race=entry.event,
        back=await _list_of(registration, entry),
        form=form_after(values or {}, failure),
        message=failure.message if failure and entry.is_in_line else None,
        is_late=failure is not None and failure.status == _CONFLICT,
        now=request.app.state.clock(),
    )
