"""Creating and changing a phase of prices."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from chassis.errors import NotFound
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.prices.list import OF_CATEGORY, address_of
from web.console.races import forms
from web.console.races.phases import Phase, phases_of
from web.console.races.upstream import Category, Race, race_by_id
from web.console.races.values import Reading, shown_amount, shown_moment
from web.console.routing import ConsoleRouter
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_NEW: Final = f"{OF_CATEGORY}/new"
_EDIT: Final = f"{OF_CATEGORY}/{{phase_id}}"

_PRICES: Final = ("price_individual", "price_collective_5", "price_collective_10")
_CHECKS: Final = ("code_required", "is_active")


@router.page(_NEW)
async def show_new(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """The form for a new phase."""
    race = await race_by_id(registration, race_id)
    return _page(request, staff, race, race.category(category_id), {"is_active": "yes"})


@router.action(_NEW)
async def create(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """Create a phase, which applies after those that are there; a form that is sent twice creates one."""
    typed = await forms.typed_in(request)
    race = await race_by_id(registration, race_id)
    reading = Reading(typed, language_of_path(request.url.path))
    body = {name: value for name, value in phase_body(reading, race.timezone).items() if value is not None}
    if key := forms.key_of(typed):
        body["id"] = str(key)
    failure = forms.unread(reading.errors)
    if failure is None:
        failure = await registration.change("POST", f"/categories/{category_id}/price-phases", body)
    if failure is None:
        return done(request, address_of(race_id), "created")
    return _page(request, staff, race, race.category(category_id), typed, forms.in_words(failure, reading.language))


@router.page(_EDIT)
async def show_form(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID, phase_id: UUID
) -> Response:
    """The form that changes a phase."""
    race, phase = await _race_and_phase(registration, race_id, category_id, phase_id)
    values = phase_values(phase, race.timezone)
    return _page(request, staff, race, race.category(category_id), values, phase=phase)


@router.action(_EDIT)
async def save(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID, phase_id: UUID
) -> Response:
    """Change what was typed of a phase; what other staff changed stays."""
    typed = await forms.typed_in(request)
    race, phase = await _race_and_phase(registration, race_id, category_id, phase_id)
    reading = Reading(typed, language_of_path(request.url.path))
    body, merged = phase_body(reading, race.timezone), merge(typed, _changeable(phase, race), reading.language)
    failure = forms.unread(reading.errors) or conflict(merged)
    if failure is None and merged.changed:
        changes = {name: body[name] for name in merged.changed}
        failure = await registration.change("PATCH", f"/price-phases/{phase_id}", changes)
    if failure is None:
        return done(request, address_of(race_id), "saved")
    return _page(request, staff, race, race.category(category_id), merged.values, forms.at_field(failure), phase=phase)


def phase_values(phase: Phase, zone: str) -> Mapping[str, str]:
    """Return the fields of a phase as the form has them, with times in a zone."""
    return {
        "name": phase.name,
        "ends_at": shown_moment(phase.ends_at, zone),
        "max_participants": "" if phase.max_participants is None else str(phase.max_participants),
        **{name: shown_amount(getattr(phase, name)) for name in _PRICES},
        **{name: "yes" if getattr(phase, name) else "" for name in _CHECKS},
    }


def phase_body(reading: Reading, zone: str) -> dict[str, Any]:
    """Return the fields of a form as the API takes them; None for those that are empty."""
    return {
        "name": reading.text("name"),
        "ends_at": reading.moment("ends_at", zone),
        "max_participants": reading.whole("max_participants"),
        **{name: reading.amount(name) for name in _PRICES},
        **{name: reading.check(name) for name in _CHECKS},
    }


def _changeable(phase: Phase, race: Race) -> Mapping[str, str]:
    """Return the fields that the form has; a phase that does not count participants cannot begin to."""
    values = phase_values(phase, race.timezone)
    if phase.max_participants is not None:
        return values
    return {name: value for name, value in values.items() if name != "max_participants"}


async def _race_and_phase(
    registration: StaffApi, race_id: UUID, category_id: UUID, phase_id: UUID
) -> tuple[Race, Phase]:
    race, phases = await asyncio.gather(race_by_id(registration, race_id), phases_of(registration, category_id))
    found = next((each for each in phases if each.id == phase_id), None)
    if found is None:
        raise NotFound
    return race, found


def _page(
    request: Request,
    staff: StaffSession,
    race: Race,
    category: Category,
    values: Mapping[str, str],
    failure: Failure | None = None,
    *,
    phase: Phase | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "prices/form.html",
        form=form_after(values, failure),
        base=fingerprints(_changeable(phase, race)) if phase else "",
        base_name=BASE,
        key=None if phase else forms.next_key(values, failure),
        race=race,
        category=category,
        phase=phase,
        **forms.shown(failure),
    )
