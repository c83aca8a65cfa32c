"""One promo code: its uses, the form that changes it, and switching it off."""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from chassis.errors import NotFound
from fastapi import Request, Response

from web.console.access import ADMIN, Admin, Finance
from web.console.apis import Failure, Registration, StaffApi
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.promo_codes.answers import API, PromoCode, code_by_id, race_of_code
from web.console.promo_codes.fields import TYPES, changes, code_values, terms
from web.console.promo_codes.list import PATH
from web.console.races import forms
from web.console.races.upstream import Race, every_race
from web.console.races.values import Reading
from web.console.routing import ConsoleRouter
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{promo_id}}"
_FIELDS: Final = {"limit_below_uses": "max_uses"}
_API_FIELDS: Final = {"types": f"type-{TYPES[0]}"}


@router.page(_ONE)
async def show_code(request: Request, staff: Finance, registration: Registration, promo_id: UUID) -> Response:
    """Show a code with its uses, and to admins the form that changes it."""
    code, race = await _code_and_race(registration, promo_id)
    return _page(request, staff, code, race, code_values(code, race.timezone))


@router.action(_ONE)
async def save(request: Request, staff: Admin, registration: Registration, promo_id: UUID) -> Response:
    """Change what was typed of a code; what other staff changed stays."""
    typed = await forms.typed_in(request)
    code, race = await _code_and_race(registration, promo_id)
    reading = Reading(typed, language_of_path(request.url.path))
    body, merged = terms(reading, race.timezone), merge(typed, code_values(code, race.timezone), reading.language)
    failure = forms.unread(reading.errors) or conflict(merged)
    if failure is None and merged.changed:
        failure = await registration.change("PATCH", f"{API}/{promo_id}", changes(merged.changed, body))
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{promo_id}", "saved")
    return _page(request, staff, code, race, merged.values, forms.placed(failure, _FIELDS, _API_FIELDS))


@router.action(f"{_ONE}/off")
async def switch_off(request: Request, staff: Admin, registration: Registration, promo_id: UUID) -> Response:
    """Switch a code off: who has registered with it keeps the price."""
    code, race = await _code_and_race(registration, promo_id)
    failure = await registration.change("PATCH", f"{API}/{promo_id}", {"is_active": False})
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{promo_id}", "off")
    return _page(request, staff, code, race, code_values(code, race.timezone), failure)


async def _code_and_race(registration: StaffApi, promo_id: UUID) -> tuple[PromoCode, Race]:
    code, races = await asyncio.gather(code_by_id(registration, promo_id), every_race(registration))
    race = race_of_code(races, code)
    if race is None:
        raise NotFound
    return code, race


def _page(
    request: Request,
    staff: StaffSession,
    code: PromoCode,
    race: Race,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "promo_codes/one.html",
        form=form_after(values, failure),
        base=fingerprints(code_values(code, race.timezone)),
        base_name=BASE,
        code=code,
        race=race,
        category=next((each for each in race.categories if each.id == code.category_id), None),
        types=TYPES,
        may_change=ADMIN.admits(staff.account.role),
        **forms.shown(failure),
    )
