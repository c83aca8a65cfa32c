"""Conflicts of hand-outs: scans made without a network that do not fit, and what staff decide about them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Checkin, Failure, Identity, Registration, unless_away
from web.console.catalog import Race, all_races, races_and_one
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done, form_after
from web.console.pickup.conflict_answers import OPEN, STATES, Conflict, Conflicts, conflict_of
from web.console.routing import ConsoleRouter
from web.console.services import AllServices, Services
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/conflicts"
_ONE: Final = f"{PATH}/{{conflict_id}}"
_AT_ONCE: Final = 50
_DECIDED: Final = "conflict_resolved"
_COUNTS: Final = {"yes": True, "no": False}

_NO_REASON: Final = Wording(en="Write what you found out.", id="Tulis apa yang Anda temukan.")
_NO_CHOICE: Final = Wording(en="Choose whether the hand-out counts.", id="Pilih apakah penyerahan ini dihitung.")


@router.page(PATH)
async def list_conflicts(
    request: Request, staff: Admin, registration: Registration, checkin: Checkin, identity: Identity
) -> Response:
    """List conflicts, the newest first: those to be decided, or those that were. Of one race while races answer."""
    state = ListState.of(request, ("race", "state"))
    chosen_state = state.value("state") if state.value("state") in STATES else OPEN
    races, race, unapplied = await races_and_one(registration, state.value("race"))
    asked = {"state": chosen_state, "event_id": race.id if race else None, "cursor": state.cursor}
    found, names = await asyncio.gather(
        _nothing() if unapplied else unless_away(checkin.get(Conflicts, PATH, **asked, limit=_AT_ONCE)),
        staff_names(identity, staff),
    )
    return console_page(
        request,
        staff,
        "pickup/conflicts.html",
        races=races or (),
        race=race,
        unapplied=unapplied,
        state=state,
        chosen_state=chosen_state,
        states=STATES,
        found=found,
        names=names,
        zones=_zones(races or ()),
    )


async def _nothing() -> None:
    """Ask for nothing."""


@router.page(_ONE)
async def show_conflict(request: Request, staff: Admin, services: AllServices, conflict_id: UUID) -> Response:
    """One conflict, and the form that decides about it."""
    conflict = await conflict_of(services.apis["checkin"], conflict_id)
    return await _page(request, staff, services, conflict)


@router.action(_ONE)
async def resolve(request: Request, staff: Admin, services: AllServices, conflict_id: UUID) -> Response:
    """Decide about a conflict. If another person did that just now, say who and how."""
    async with form_of(request) as form:
        values = typed(form)
    checkin = services.apis["checkin"]
    conflict = await conflict_of(checkin, conflict_id)
    failure = _unanswered(values, conflict, language_of_path(request.url.path))
    if failure is None:
        body = {"reason": values["reason"], "accept": _COUNTS.get(values.get("accept", ""), False)}
        failure = await checkin.change("POST", f"{PATH}/{conflict_id}/resolve", body)
        if failure is not None:
            conflict = await conflict_of(checkin, conflict_id)
    if failure is None or (failure.code == _DECIDED and _is_own(conflict, staff, values)):
        return done(request, f"{ROOT}{PATH}", "resolved")
    return await _page(request, staff, services, conflict, values, failure)


def _unanswered(values: Mapping[str, str], conflict: Conflict, language: Language) -> Failure | None:
    """Return why there is nothing to send: it was decided before, or something is missing. None if all is there."""
    if not conflict.is_open:
        return Failure(409, _DECIDED)
    errors = []
    if conflict.may_count and values.get("accept") not in _COUNTS:
        errors.append(FieldError("accept", _NO_CHOICE.said(language)))
    if not values.get("reason"):
        errors.append(FieldError("reason", _NO_REASON.said(language)))
    return Failure(422, "invalid_fields", errors=errors) if errors else None


def _is_own(conflict: Conflict, staff: StaffSession, values: Mapping[str, str]) -> bool:
    """Return whether this member of staff decided just this already: the form was sent twice."""
    own = f"staff:{staff.account.id}", values.get("reason")
    return (conflict.resolved_by, conflict.resolution) == own


async def _page(
    request: Request,
    staff: StaffSession,
    services: Services,
    conflict: Conflict,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    races, names = await asyncio.gather(
        unless_away(all_races(services.apis["registration"].briefly)), staff_names(services.apis["identity"], staff)
    )
    return console_page(
        request,
        staff,
        "pickup/conflict.html",
        status=failure.status if failure else 200,
        conflict=conflict,
        form=form_after(values or {}, failure),
        refused=failure.code if failure else None,
        message=failure.message if failure else None,
        names=names,
        zones=_zones(races or ()),
    )


def _zones(races: Sequence[Race]) -> Mapping[UUID, str]:
    """Return the time zones of races by their id."""
    return {race.id: race.timezone for race in races}
