"""Creating, editing and deleting categories."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from chassis.errors import NotFound
from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.races import forms
from web.console.races.bibs import BibRange, Drawing, drawing_with, next_start
from web.console.races.burned import burned_bibs
from web.console.races.listing import PATH
from web.console.races.places import places_of
from web.console.races.race_forms import slug_of
from web.console.races.race_page import ONE
from web.console.races.upstream import Category, Race, race_by_id
from web.console.races.values import Reading, shown_amount, shown_moment, whole_number
from web.console.routing import ConsoleRouter
from web.forms import FieldError
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_CONFLICT: Final = 409
_NEW: Final = f"{ONE}/categories/new"
_EDIT: Final = f"{ONE}/categories/{{category_id}}"
_DELETE: Final = f"{_EDIT}/delete"

_TEXTS: Final = ("name", "slug", "distance", "description", "registration_prefix")
_PRICES: Final = ("price_individual", "price_collective_5", "price_collective_10")
_NUMBERS: Final = ("quota", "bib_start_number", "bib_end_number", "payment_deadline_hours")
_TIMES: Final = ("registration_open_at", "registration_close_at")
_CHECKS: Final = ("is_active", "code_required")
_MUST: Final = ("price_individual", *_NUMBERS)
_FILL_IN: Final = Wording(en="Fill this in.", id="Isian ini wajib diisi.")
_OVERLAP: Final = Wording(
    en="These numbers overlap with {others}. Choose others, for instance from {free}.",
    id="Nomor ini bertumpang tindih dengan {others}. Pilih nomor lain, misalnya mulai {free}.",
)


@router.page(_NEW)
async def show_new(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """The form for a new category."""
    race = await race_by_id(registration, race_id)
    start = {"bib_start_number": str(next_start(race.categories)), "payment_deadline_hours": "24", "is_active": "yes"}
    return await _page(request, staff, registration, race, start)


@router.action(_NEW)
async def create(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Create a category."""
    typed = dict(await forms.typed_in(request))
    typed["slug"] = typed.get("slug") or slug_of(typed.get("name", ""))
    race = await race_by_id(registration, race_id)
    reading = Reading(typed, language_of_path(request.url.path))
    body = {name: value for name, value in category_body(reading, race.timezone).items() if value is not None}
    failure = forms.unread(reading.errors)
    if failure is None:
        failure = await registration.change("POST", f"/events/{race_id}/categories", body)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", "category_created")
    return await _page(request, staff, registration, race, typed, _at_field(failure, race, None, reading))


@router.page(_EDIT)
async def show_form(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """The form that changes a category."""
    race = await race_by_id(registration, race_id)
    category = race.category(category_id)
    return await _page(request, staff, registration, race, category_values(category, race.timezone), category=category)


@router.action(_EDIT)
async def save(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """Change what was typed of a category; what other staff changed stays."""
    typed = await forms.typed_in(request)
    race = await race_by_id(registration, race_id)
    category = race.category(category_id)
    reading = Reading(typed, language_of_path(request.url.path))
    body = category_body(reading, race.timezone)
    merged = merge(typed, category_values(category, race.timezone), reading.language)
    _require(reading, [name for name in merged.changed if name in _MUST])
    failure = forms.unread(reading.errors) or conflict(merged)
    if failure is None and merged.changed:
        changes = {name: body[name] for name in merged.changed}
        failure = await registration.change("PATCH", f"/categories/{category_id}", changes)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", "category_saved")
    failure = _at_field(failure, race, category, reading)
    return await _page(request, staff, registration, race, merged.values, failure, category=category)


@router.page(_DELETE)
async def ask_to_delete(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """Name what deleting a category does."""
    race = await race_by_id(registration, race_id)
    return await _delete_page(request, staff, registration, race, race.category(category_id))


@router.action(_DELETE)
async def delete(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, category_id: UUID
) -> Response:
    """Delete a category; deleting it again changes nothing."""
    failure = await registration.change("DELETE", f"/categories/{category_id}")
    if failure is None or failure.status == NotFound.status:
        return done(request, f"{ROOT}{PATH}/{race_id}", "category_deleted")
    race = await race_by_id(registration, race_id)
    return await _delete_page(request, staff, registration, race, race.category(category_id), failure)


def category_values(category: Category, zone: str) -> Mapping[str, str]:
    """Return the fields of a category as the form has them, with times in a zone."""
    return {
        **{name: getattr(category, name) or "" for name in _TEXTS},
        **{name: shown_amount(getattr(category, name)) for name in _PRICES},
        **{name: str(getattr(category, name)) for name in _NUMBERS},
        **{name: shown_moment(getattr(category, name), zone) for name in _TIMES},
        **{name: "yes" if getattr(category, name) else "" for name in _CHECKS},
    }


def category_body(reading: Reading, zone: str) -> dict[str, Any]:
    """Return the fields of a form as the API takes them; None for those that are empty."""
    return {
        **{name: reading.text(name) for name in _TEXTS},
        **{name: reading.amount(name) for name in _PRICES},
        **{name: reading.whole(name) for name in _NUMBERS},
        **{name: reading.moment(name, zone) for name in _TIMES},
        **{name: reading.check(name) for name in _CHECKS},
    }


def _require(reading: Reading, names: Sequence[str]) -> None:
    for name in names:
        if not reading.text(name):
            reading.refuse(name, _FILL_IN)


def _at_field(failure: Failure, race: Race, category: Category | None, reading: Reading) -> Failure:
    """Return the failure with its message at its field; an overlap of BIB ranges names the other categories."""
    placed = forms.at_field(failure) or failure
    if failure.code != "bib_range_overlap":
        return placed
    overlaps = _drawing(race, category, reading.typed, {}).overlaps
    others = {each.one if each.other.name == _own_name(category, reading.typed) else each.other for each in overlaps}
    if not others:
        return placed
    words = _overlap_words(sorted(others, key=lambda each: each.first), race.categories, reading.language)
    return replace(placed, errors=[FieldError("bib_start_number", words)])


def _overlap_words(others: Sequence[BibRange], categories: Sequence[Category], language: Language) -> str:
    named = ", ".join(f"{each.name} ({each.first}-{each.last})" for each in others)
    return _OVERLAP.said(language, others=named, free=next_start(categories))


def _own_name(category: Category | None, values: Mapping[str, str]) -> str:
    return values.get("name") or (category.name if category else "")


def _drawing(race: Race, category: Category | None, values: Mapping[str, str], burned: Mapping[UUID, int]) -> Drawing:
    others = [each for each in race.categories if category is None or each.id != category.id]
    return drawing_with(others, _own_range(category, values, burned), burned)


def _own_range(category: Category | None, values: Mapping[str, str], burned: Mapping[UUID, int]) -> BibRange | None:
    """Return the range that is typed; None if it is none."""
    first, last = (_number(values.get(name, "")) for name in ("bib_start_number", "bib_end_number"))
    if first is None or last is None or not 0 < first <= last:
        return None
    return BibRange(_own_name(category, values) or "…", first, last, burned.get(category.id, 0) if category else 0)


def _number(text: str) -> int | None:
    try:
        return whole_number(text)
    except ValueError:
        return None


async def _page(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    race: Race,
    values: Mapping[str, str],
    failure: Failure | None = None,
    *,
    category: Category | None = None,
) -> Response:
    burned = await burned_bibs(registration, race.id)
    return console_page(
        request,
        staff,
        "races/category.html",
        form=form_after(values, failure),
        base=fingerprints(category_values(category, race.timezone)) if category else "",
        base_name=BASE,
        race=race,
        category=category,
        drawing=_drawing(race, category, values, burned),
        burned=burned.get(category.id, 0) if category else 0,
        **forms.shown(failure),
    )


async def _delete_page(
    request: Request,
    staff: StaffSession,
    registration: Registration,
    race: Race,
    category: Category,
    failure: Failure | None = None,
) -> Response:
    places = await unless_away(places_of(registration, race))
    own = places.get(category.id) if places is not None else None
    return console_page(
        request,
        staff,
        "races/category_delete.html",
        race=race,
        category=category,
        places=own,
        is_refused=failure is not None and failure.status == _CONFLICT,
        **forms.shown(failure),
    )
