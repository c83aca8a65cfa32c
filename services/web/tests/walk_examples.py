"""An example of every page in each of its states."""

from collections.abc import Mapping
from typing import Any

import httpx

from . import own_registration, walk_staff, walk_usdt
from .walk import (
    API,
    GROUP,
    IN_LINE,
    NUMBER,
    OF_A_RACE,
    OFFERED,
    PEOPLE,
    REGISTERED,
    Answers,
    Example,
    place,
    problem,
    races,
)
from .walk_areas import AREA_DATA, AREAS
from .walk_console import CONSOLE
from .walk_forms import FORMS, PRICED
from .walk_registrations import REGISTRATIONS, STATUS

DATA = (
    "Peserta Budi",
    "BCA",
    "BNI",
    "BRImo",
    "BRI",
    "CIMB Niaga",
    "Mandiri",
    "Permata",
    "Mobile Banking",
    "OCTO",
    "Livin'",
    "mobile",
    "Mobile",
    "ATM",
    "GBK",
    "Jakarta Fun Run",
    "Bandung Lari",
    "Senayan, Jakarta",
    "Kids",
    "5 km",
    "TIX-",
    NUMBER,
    "budi",
    "@example.com",
    *PEOPLE,
    *AREA_DATA,
    *walk_usdt.DATA,
    *own_registration.NAMES,
    *walk_staff.PEOPLE,
)
"""Texts of the answers, which are the same in both languages."""


def _place(**fields: Any) -> Answers:
    return {("GET", f"{API}/waitlist/{IN_LINE}"): place(**fields)}


_PLACE = f"/r/{IN_LINE}"
_OFFER = _place(status="offered", **OFFERED, **OF_A_RACE)
_RECOVER, _ACCEPT = ("POST", f"{API}/access/recover"), ("POST", f"{API}/waitlist/{IN_LINE}/accept")

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "/": (
        Example("/"),
        Example("/?q=lari"),
        Example("/?q=%3Cnothing%3E&x=1"),
        Example("/", answers={("GET", f"{API}/events"): races()}),
    ),
    "/races/{slug}": (
        Example("/races/jakarta-fun-run"),
        Example("/races/jakarta-fun-run", answers=PRICED, state="phases, course and links"),
        Example("/races/bandung-lari"),
        Example("/races/none", 404),
    ),
    "/recover": (
        Example("/recover"),
        Example("/recover", 202, {"contact": "budi@example.com"}),
        Example("/recover", 429, {"contact": "x"}, {_RECOVER: problem(429, "x", headers={"Retry-After": "7"})}),
        Example("/recover", 503, {"contact": "x"}, {_RECOVER: httpx.Response(502)}),
    ),
    "/privacy": (Example("/privacy"),),
    "/checkin": (Example("/checkin"), Example(f"/checkin?station={IN_LINE}")),
    "/licences": (Example("/licences"),),
    "/parts": (Example("/parts"),),
    **CONSOLE,
    **AREAS,
    **FORMS,
    **REGISTRATIONS,
    STATUS: (
        *REGISTRATIONS[STATUS],
        Example(_PLACE),
        Example(_PLACE, answers=_place(**OF_A_RACE)),
        Example(_PLACE, answers=_place(status="offered", **OFFERED)),
        Example(_PLACE, answers=_place(status="offered", **OFFERED, **OF_A_RACE, **GROUP)),
        Example(_PLACE, answers=_place(status="offered", **OFFERED, **OF_A_RACE, total_amount="700000.00")),
        Example(_PLACE, answers=_place(status="offered", **OFFERED, **OF_A_RACE, total_amount="0.00")),
        Example(_PLACE, answers=_place(status="expired", **OF_A_RACE)),
        Example(_PLACE, answers=_place(status="accepted")),
        Example(_PLACE, answers=_place(status="withdrawn", reason="123", **OF_A_RACE)),
        Example(_PLACE, answers=_place(status="withdrawn")),
        Example(_PLACE, answers=_place(status="closed")),
        Example("/r/none", 404, answers={("GET", f"{API}/registrations/{REGISTERED}"): problem(404, "not_found")}),
        Example("/r/none", 401, headers={"Cookie": ""}),
    ),
    "/r/{number}/{code}": (
        Example(f"/r/{NUMBER}/k3Jd-_s8", 303),
        Example(f"/r/{NUMBER}/wrong", 404, answers={("POST", f"{API}/access"): problem(404, "unknown_link")}),
        Example(f"/r/{NUMBER}/again", 429, answers={("POST", f"{API}/access"): problem(429, "too_many_requests")}),
    ),
    "/r/{number}/accept": (
        Example(f"{_PLACE}/accept", 303),
        Example(f"{_PLACE}/accept", 409, {}, {**_OFFER, _ACCEPT: problem(409, "registration_closed")}),
        Example(f"{_PLACE}/accept", 503, {}, {_ACCEPT: httpx.Response(502)}),
    ),
    "/r/{number}/leave": (
        Example(f"{_PLACE}/leave"),
        Example(f"{_PLACE}/leave", answers=_OFFER),
        Example(f"{_PLACE}/leave", form={"standing": "waiting"}, answers=_OFFER),
        Example(f"{_PLACE}/leave", 303, answers=_place(status="closed")),
    ),
}
"""Examples of every page, by the path of its route in Indonesian. A new route needs some here."""

FAILURES = (
    Example("/nowhere", 404),
    Example("/privacy", 405, {}),
    Example("/recover", 403, {}, headers={"Sec-Fetch-Site": "cross-site"}),
    Example("/recover", 413, {"contact": "x" * 70_000}),
    Example("/", 503, answers={("GET", f"{API}/events"): httpx.Response(502)}),
)

NOT_PAGES = {
    "/clock",
    "/console/registrations/{registration_id}/payments/{payment_id}/picture",
    "/console/refunds/{refund_id}/evidence",
    "/console/races/color",
    "/console/stations/{station_id}/code.svg",
    "/console/races/{race_id}/images/{kind}/{name}",
    "/console/races/{race_id}/course/file",
    "/console/promo-codes/file",
    "/console/usdt/keys/{key_id}/addresses",
    "/console/tiles",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/robots.txt",
    "/sitemap.xml",
    "/checkin/app.webmanifest",
    "/checkin/app/{version}/{name}",
    "/checkin/worker.js",
    "/static/{name}",
    "/brand/{digits}.css",
    "/races/{slug}/button.svg",
    "/brand/{digits}.svg",
    "/r/{number}/line",
    "/r/{number}/pay/{way}/qris.png",
    "/r/{number}/qris.png",
    "/r/{number}/stream",
    "/r/{number}/race.ics",
    "/r/{number}/tickets/{participant_id}.html",
    "/console/audit/file",
    "/console/exports/file",
    "/console/exports/{export_id}/file",
    "/console/ledger/file",
    "/console/reports/financial.{file_format}",
    "/console/reports/participants.{file_format}",
    "/console/payments/{payment_id}/picture",
}
"""Paths of routes that answer something else than a page."""

AWAITED = ("/api/",)
"""Beginnings of addresses that pages link to and that are not served here: the gateway leads `/api` to the services."""
