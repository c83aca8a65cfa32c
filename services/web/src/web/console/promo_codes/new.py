"""Creating promo codes: one with a text of its own, or many random ones."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from chassis.wording import Language
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi
from web.console.menu import ROOT
from web.console.pages import DONE, console_page, form_after
from web.console.promo_codes.answers import API
from web.console.promo_codes.fields import KINDS, SCOPE, TYPES, Scope, new_body, scope_of
from web.console.promo_codes.list import PATH
from web.console.races import forms
from web.console.races.upstream import Race, every_race
from web.console.races.values import Reading
from web.console.routing import ConsoleRouter
from web.languages import language_of_path, with_query
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = f"{PATH}/new"
_MANY: Final = f"{PATH}/bulk"


@router.page(_ONE)
async def show_new(request: Request, staff: Admin, registration: Registration) -> Response:
    """The form for a new code."""
    return await _empty(request, staff, registration, is_bulk=False)


@router.page(_MANY)
async def show_bulk(request: Request, staff: Admin, registration: Registration) -> Response:
    """The form for many new codes."""
    return await _empty(request, staff, registration, is_bulk=True)


@router.action(_ONE)
async def create(request: Request, staff: Admin, registration: Registration) -> Response:
    """Create a code."""
    return await _create(request, staff, registration, API, is_bulk=False)


@router.action(_MANY)
async def create_many(request: Request, staff: Admin, registration: Registration) -> Response:
    """Create many codes, once if the form is sent twice; the list then shows those with their prefix."""
    return await _create(request, staff, registration, f"{API}/bulk", is_bulk=True)


async def _empty(request: Request, staff: StaffSession, registration: StaffApi, *, is_bulk: bool) -> Response:
    races = await every_race(registration)
    slug = request.query_params.get("race", "")
    chosen = next((f"race:{each.id}" for each in races if each.slug == slug), "")
    ticked = {"is_active": "yes", **{f"type-{name}": "yes" for name in TYPES}}
    values = {"kind": KINDS[0], SCOPE: chosen, **ticked, **({"max_uses": "1"} if is_bulk else {})}
    return _page(request, staff, races, values, is_bulk=is_bulk)


async def _create(
    request: Request, staff: StaffSession, registration: StaffApi, path: str, *, is_bulk: bool
) -> Response:
    typed, races = await forms.typed_in(request), await every_race(registration)
    reading, scope = Reading(typed, language_of_path(request.url.path)), scope_of(races, typed)
    body = new_body(reading, scope, is_bulk=is_bulk)
    key = forms.key_of(typed) if is_bulk else None
    headers = {"Idempotency-Key": str(key)} if key else {}
    failure = forms.unread(reading.errors) or await registration.change("POST", path, body, headers=headers)
    if failure is None:
        return see_other(request, _found(scope, body, "created_many" if is_bulk else "created"))
    return _page(request, staff, races, typed, _at_field(failure, reading.language), is_bulk=is_bulk)


def _found(scope: Scope | None, body: Mapping[str, Any], what: str) -> str:
    """Return the address of the list with what was created, which says so."""
    asked = {"race": scope.race.slug if scope else "", "q": body.get("prefix") or body.get("code") or "", DONE: what}
    return with_query(f"{ROOT}{PATH}", urlencode({name: value for name, value in asked.items() if value}))


_FIELDS: Final = {"promo_code_taken": "code", "limit_below_uses": "max_uses"}
_API_FIELDS: Final = {"event_id": SCOPE, "category_id": SCOPE, "types": f"type-{TYPES[0]}"}


def _at_field(failure: Failure, language: Language) -> Failure | None:
    return forms.in_words(forms.placed(failure, _FIELDS, _API_FIELDS), language)


def _page(
    request: Request,
    staff: StaffSession,
    races: Sequence[Race],
    values: Mapping[str, str],
    failure: Failure | None = None,
    *,
    is_bulk: bool,
) -> Response:
    return console_page(
        request,
        staff,
        "promo_codes/new.html",
        form=form_after(values, failure),
        races=races,
        is_bulk=is_bulk,
        key=forms.next_key(values, failure) if is_bulk else None,
        kinds=KINDS,
        types=TYPES,
        **forms.shown(failure),
    )
