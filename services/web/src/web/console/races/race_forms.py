"""Creating and editing races."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from chassis.errors import Unavailable
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.races import forms
from web.console.races.colors import Swatch
from web.console.races.listing import PATH
from web.console.races.race_page import ONE
from web.console.races.upstream import Race, every_race, race_by_id
from web.console.races.values import Reading, shown_moment
from web.console.routing import ConsoleRouter
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

ZONES: Final = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
"""Those of Indonesia, which have names of their own."""

OTHER_ZONES: Final = (
    "Asia/Singapore",
    "Asia/Kuala_Lumpur",
    "Asia/Bangkok",
    "Asia/Manila",
    "Asia/Dili",
    "Asia/Tokyo",
    "UTC",
)

_TEXTS: Final = (
    "name",
    "slug",
    "event_date",
    "location",
    "timezone",
    "description",
    "rules",
    "pickup_info",
    "contact_whatsapp",
    "brand_color",
    "banner_path",
    "logo_path",
    "strava_event_url",
    "strava_club_url",
    "strava_route_url",
)
_NOTIFY: Final = {"yes": True, "no": False}
_NEW: Final = f"{PATH}/new"
_EDIT: Final = f"{ONE}/edit"


@router.page(_NEW)
async def show_new(request: Request, staff: Admin) -> Response:
    """The form for a new race."""
    return _page(request, staff, {"timezone": ZONES[0]})


@router.action(_NEW)
async def create(request: Request, staff: Admin, registration: Registration) -> Response:
    """Create a race, which is not published yet."""
    typed = dict(await forms.typed_in(request))
    typed["slug"] = typed.get("slug") or slug_of(typed.get("name", ""))
    reading = Reading(typed, language_of_path(request.url.path))
    body = {**race_body(reading), "is_active": False}
    failure = forms.unread(reading.errors) or await registration.change("POST", "/events", body)
    if failure is not None:
        return _page(request, staff, typed, forms.at_field(failure))
    try:
        made = next(each for each in await every_race(registration) if each.slug == typed["slug"])
    except (Unavailable, StopIteration):
        return done(request, f"{ROOT}{PATH}", "created")
    return done(request, f"{ROOT}{PATH}/{made.id}", "created")


@router.page(_EDIT)
async def show_form(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """The form that changes a race."""
    race = await race_by_id(registration, race_id)
    return _page(request, staff, race_values(race), race=race)


@router.action(_EDIT)
async def save(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Change what was typed of a race; what other staff changed stays."""
    typed = await forms.typed_in(request)
    race = await race_by_id(registration, race_id)
    reading = Reading(typed, language_of_path(request.url.path))
    body, merged = race_body(reading), merge(typed, race_values(race), reading.language)
    changes = {name: body[name] for name in merged.changed}
    if "timezone" in changes:
        changes["changes_until"] = body["changes_until"]  # which is typed in the race's zone
    notify = _NOTIFY.get(typed.get("notify_runners", ""))
    if notify or (changes and notify is not None):
        changes["notify_runners"] = notify
    failure = forms.unread(reading.errors) or conflict(merged)
    if failure is None and changes:
        failure = await registration.change("PATCH", f"/events/{race_id}", changes)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", "saved")
    return _page(request, staff, merged.values, forms.at_field(failure), race=race)


def race_values(race: Race) -> Mapping[str, str]:
    """Return the fields of a race as the form has them."""
    texts = {name: str(getattr(race, name) or "") for name in _TEXTS}
    return {**texts, "changes_until": shown_moment(race.changes_until, race.timezone)}


def race_body(reading: Reading) -> dict[str, Any]:
    """Return the fields of a form as the API takes them."""
    texts = {name: reading.text(name) for name in _TEXTS}
    return {**texts, "changes_until": reading.moment("changes_until", texts["timezone"])}


def slug_of(name: str) -> str:
    """Return a part of an address for a name: `lari-kota-2027`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _page(
    request: Request,
    staff: StaffSession,
    values: Mapping[str, str],
    failure: Failure | None = None,
    *,
    race: Race | None = None,
) -> Response:
    zone = values.get("timezone", "")
    others = (*OTHER_ZONES, *(() if not zone or zone in (*ZONES, *OTHER_ZONES) else (zone,)))
    return console_page(
        request,
        staff,
        "races/form.html",
        form=form_after(values, failure),
        base=fingerprints(race_values(race)) if race else "",
        base_name=BASE,
        race=race,
        swatch=Swatch.of(values.get("brand_color", "")),
        zones=ZONES,
        other_zones=others,
        **forms.shown(failure),
    )
