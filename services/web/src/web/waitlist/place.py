"""The page of a place in line: its position, and the offer of a place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.access import PATH, RunnerAccess, require_match
from web.languages import language_of_path
from web.pages import private_page
from web.site.brand import stylesheet_of
from web.upstream.client import ApiClient
from web.upstream.waitlist import REGISTERED_ELSEWHERE, Place
from web.visitors import Visitor
from web.waitlist.rules import hours_and_minutes, standing
from web.whatsapp import chat

_ZONE_IF_UNKNOWN: Final = "Asia/Jakarta"
_NOTE: Final = Wording(
    en="My place on the waiting list of {race} (do not pass this link on): {link}",
    id="Tempat saya di daftar tunggu {race} (jangan sebarkan tautan ini): {link}",
)


async def read_place(access: RunnerAccess, registration: ApiClient, visitor: Visitor) -> Place:
    """Return the place in line that the visitor has access to.

    Raises:
        ForeignAccess.
        Refused: 404 if there is none.
        Unavailable.
    """
    found = await registration.get(Place, f"/waitlist/{access.registration_id}", visitor, token=access.token)
    require_match(access, access.registration_id)
    return found


async def show_place(request: Request, access: RunnerAccess, registration: ApiClient, visitor: Visitor) -> Response:
    """Return the page of a place in line.

    Raises:
        Refused: 404 if it is not one either.
        Unavailable.
    """
    return place_page(request, access, await read_place(access, registration, visitor))


def place_page(
    request: Request, access: RunnerAccess, place: Place, *, status: int = 200, refusal: str | None = None
) -> Response:
    """Return the page of a place in line.

    Args:
        refusal: code of the API's refusal of what the visitor just did.
    """
    values = view_of(access.number, place, now=request.app.state.clock())
    note = _note_to_self(access, place, language_of_path(request.url.path), request.app.state.public_url)
    return private_page(request, "place.html", status=status, refusal=refusal, note=note, **values)


def _note_to_self(access: RunnerAccess, place: Place, language: Language, public_url: str) -> str:
    """Return the address at which WhatsApp asks whom to send the link of the place in line to."""
    race = place.event.name if place.event else "Startline"
    return chat("", _NOTE.said(language, race=race, link=public_url + access.own_link(language)))


def view_of(number: str, place: Place, *, now: datetime) -> Mapping[str, Any]:
    """Return what the templates of a place in line show of it at `now`."""
    found = standing(place.status, place.offer_expires_at, now=now)
    left = place.offer_expires_at - now if place.offer_expires_at else None
    return {
        "place": place,
        "standing": found,
        "mark": mark_of(place, now=now),
        "own": f"{PATH}/{number}",
        "zone": place.event.timezone if place.event else _ZONE_IF_UNKNOWN,
        "left": hours_and_minutes(left) if left is not None else None,
        "seconds_left": max(0, int(left.total_seconds())) if left is not None else 0,
        "stylesheet": stylesheet_of(place.event.brand_color if place.event else None),
        "is_registered_elsewhere": place.reason == REGISTERED_ELSEWHERE,
    }


def mark_of(place: Place, *, now: datetime) -> str:
    """Return a text that changes when the page of the place would look different."""
    until = place.offer_expires_at.isoformat() if place.offer_expires_at else ""
    return f"{standing(place.status, place.offer_expires_at, now=now)} {place.position or ''} {until}"
