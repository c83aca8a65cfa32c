"""Examples of the console's pages of races, and the data in them that is the same in all languages."""

from collections.abc import Mapping
from typing import Final

import httpx

from .conftest import category
from .walk import Answers, Example, problem
from .walk_races_answers import (
    DRAFT,
    EVENT,
    EVENTS,
    OLD,
    PAID_AND_NOT,
    RACE,
    STATS,
    WAYS,
    WHOLE,
    catalog,
    staff_category,
    staff_race,
    stats,
)
from .walk_staff import API, CATALOG, json_of

_ONE: Final = f"/console/races/{RACE}"
_BARE: Final = f"/console/races/{DRAFT}"
_NONE: Final = "/console/races/0190c0de-0000-7000-8000-0000000000ff"
_CATEGORY: Final = category()["id"]
_10K: Final = category("10K")["id"]
_MANY: Final = catalog(*(staff_race("Bandung Lari", id=f"0190c0de-0000-7000-8000-{at:012}") for at in range(60)))
_NEW: Final = {"name": "Lari Kota 2027", "location": "Senayan, Jakarta", "event_date": "2027-08-17"}
_TYPED: Final = {
    "base": "name:x",
    "price_individual": "150.000",
    "quota": "500",
    "payment_deadline_hours": "24",
    "bib_start_number": "1001",
    "bib_end_number": "2000",
}
_COPY: Final = {"name": "Jakarta Fun Run", "slug": "jfr-2028", "event_date": "2028-08-20"}
_MAKE: Final = {**_COPY, "shown": "2028-08-20", "do": "make"}
_BEGUN: Final = staff_race(
    slug="jfr-2028", id=OLD, is_active=False, event_date="2028-08-20"
)  # by an attempt that failed half-way
_AWAY: Answers = {CATALOG: httpx.Response(502)}


def _refused(field: str) -> httpx.Response:
    return problem(422, "invalid_fields", errors=[{"field": f"body.{field}", "message": "123"}])


def _categories_of(race_id: str, answer: httpx.Response) -> Answers:
    return {("POST", f"{API}/events/{race_id}/categories"): answer}


EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "/console/races": (
        Example("/console/races"),
        Example("/console/races?q=Bandung%20Lari&state=over&done=created"),
        Example("/console/races?q=123&state=draft", state="none fits"),
        Example("/console/races", answers={CATALOG: _MANY}, state="many"),
        Example(f"/console/races?cursor=0190c0de-0000-7000-8000-{49:012}", answers={CATALOG: _MANY}, state="last page"),
        Example("/console/races", answers={CATALOG: catalog()}, state="no race"),
        Example("/console/races", answers=_AWAY),
    ),
    "/console/races/new": (
        Example("/console/races/new"),
        Example("/console/races/new", 422, {**_NEW, "brand_color": "#777777"}, {EVENTS: _refused("brand_color")}),
        Example("/console/races/new", 422, {**_NEW, "changes_until": "x", "brand_color": "x"}, state="no time"),
        Example("/console/races/new", 409, _NEW, {EVENTS: problem(409, "slug_taken", detail="123")}),
        Example("/console/races/new", 503, _NEW, {EVENTS: httpx.Response(502)}),
        Example("/console/races/new", 303, _NEW, {EVENTS: json_of({})}),
    ),
    "/console/races/{race_id}": (
        Example(_ONE),
        Example(f"{_ONE}?done=published"),
        Example(f"{_BARE}?done=created"),
        Example(f"/console/races/{OLD}"),
        Example(_NONE, 404),
    ),
    "/console/races/{race_id}/edit": (
        Example(f"{_ONE}/edit"),
        Example(f"{_ONE}/edit", answers={CATALOG: catalog({**WHOLE, "timezone": "Asia/Colombo"})}, state="zone"),
        Example(f"{_ONE}/edit", 409, {"base": "name:x location:x"}, state="changed meanwhile"),
        Example(f"{_ONE}/edit", 422, {"name": "-"}, {EVENT: _refused("name")}),
        Example(f"{_ONE}/edit", 303, {"name": "-", "notify_runners": "no"}, {EVENT: json_of({})}),
    ),
    "/console/races/{race_id}/preview": (Example(f"{_ONE}/preview"), Example(f"{_BARE}/preview")),
    "/console/races/{race_id}/publish": (
        Example(f"{_BARE}/publish"),
        Example(f"{_ONE}/publish", state="published"),
        Example(
            f"{_ONE}/publish",
            answers={
                CATALOG: catalog(
                    {
                        **WHOLE,
                        "is_active": False,
                        "event_date": "2027-01-04",
                        "banner": None,
                        "categories": [
                            staff_category(registration_close_at="2027-01-01T00:00:00Z", price_individual="0.00"),
                            staff_category("10K"),
                        ],
                    }
                ),
                WAYS: json_of({"bank_name": None, "account_number": None, "qris_image": None}),
            },
            state="missing",
        ),
        Example(
            f"{_ONE}/publish",
            answers={CATALOG: catalog({**WHOLE, "is_active": False}), WAYS: httpx.Response(502)},
            state="unknown",
        ),
        Example(f"{_BARE}/publish", 503, {}, {("PATCH", f"{API}/events/{DRAFT}"): httpx.Response(502)}),
        Example(f"{_ONE}/publish", 303, {}, {EVENT: json_of({})}),
    ),
    "/console/races/{race_id}/unpublish": (
        Example(f"{_ONE}/unpublish"),
        Example(f"{_BARE}/unpublish", state="not published"),
        Example(f"{_ONE}/unpublish", 503, {}, {EVENT: httpx.Response(502)}),
        Example(f"{_ONE}/unpublish", 303, {}, {EVENT: json_of({})}),
    ),
    "/console/races/{race_id}/copy": (
        Example(f"{_ONE}/copy"),
        Example(f"{_BARE}/copy", state="no category"),
        Example(f"{_ONE}/copy", form={**_COPY, "do": "show"}),
        Example(f"{_ONE}/copy", 422, {**_COPY, "event_date": ""}, state="no day"),
        Example(f"{_ONE}/copy", 422, {**_MAKE, "shown": "2028-08-13"}, state="not shown"),
        Example(f"{_ONE}/copy", 409, _MAKE, {EVENTS: problem(409, "slug_taken", detail="123")}),
        Example(f"{_ONE}/copy", 503, _MAKE, {EVENTS: httpx.Response(502)}),
        Example(
            f"{_ONE}/copy",
            form=_MAKE,
            answers={CATALOG: catalog(WHOLE, _BEGUN), **_categories_of(OLD, json_of({}))},
            state="made",
        ),
        Example(
            f"{_ONE}/copy",
            409,
            _MAKE,
            {
                CATALOG: catalog(WHOLE, {**_BEGUN, "categories": [staff_category()]}),
                **_categories_of(OLD, problem(409, "prefix_taken", detail="123")),
            },
            state="half",
        ),
    ),
    "/console/races/{race_id}/pictures/{kind}": (
        Example(f"{_ONE}/pictures/banner"),
        Example(f"{_ONE}/pictures/logo"),
        Example(f"{_BARE}/pictures/banner"),
        Example(f"{_BARE}/pictures/logo"),
        Example(f"{_ONE}/pictures/banner", 422, {}, state="no file"),
        Example(
            f"{_ONE}/pictures/banner",
            415,
            {},
            {("PUT", f"{API}/events/{RACE}/banner"): problem(415, "unsupported_image", detail="123")},
            file=b"x",
        ),
        Example(
            f"{_ONE}/pictures/logo",
            503,
            {},
            {("PUT", f"{API}/events/{RACE}/logo"): httpx.Response(502)},
            file=b"x",
        ),
        Example(f"{_ONE}/pictures/logo", 303, {}, {("PUT", f"{API}/events/{RACE}/logo"): json_of({})}, file=b"x"),
        Example(f"{_ONE}/pictures/other", 422),
    ),
    "/console/races/{race_id}/pictures/{kind}/remove": (
        Example(f"{_ONE}/pictures/banner/remove"),
        Example(f"{_ONE}/pictures/logo/remove"),
        Example(f"{_BARE}/pictures/banner/remove"),
        Example(f"{_ONE}/pictures/logo/remove", 303, {}, {("DELETE", f"{API}/events/{RACE}/logo"): json_of({})}),
    ),
    "/console/races/{race_id}/categories/new": (
        Example(f"{_ONE}/categories/new"),
        Example(f"{_BARE}/categories/new"),
        Example(f"{_ONE}/categories/new", 422, {"quota": "x", "price_individual": "x"}, state="not read"),
        Example(
            f"{_ONE}/categories/new",
            409,
            {"name": "Kids", "bib_start_number": "1500", "bib_end_number": "3100", "quota": "1"},
            _categories_of(RACE, problem(409, "bib_range_overlap", detail="123")),
        ),
        Example(f"{_ONE}/categories/new", 303, {"name": "Kids"}, _categories_of(RACE, json_of({}))),
    ),
    "/console/races/{race_id}/categories/{category_id}": (
        Example(f"{_ONE}/categories/{_CATEGORY}"),
        Example(f"{_ONE}/categories/{_10K}"),
        Example(f"{_ONE}/categories/{_CATEGORY}", 409, _TYPED, state="changed meanwhile"),
        Example(f"{_ONE}/categories/{_CATEGORY}", 422, {"quota": ""}, state="emptied"),
        Example(f"{_BARE}/categories/{_CATEGORY}", 404),
    ),
    "/console/races/{race_id}/categories/{category_id}/delete": (
        Example(f"{_ONE}/categories/{_CATEGORY}/delete"),
        Example(f"{_ONE}/categories/{_10K}/delete"),
        Example(f"{_ONE}/categories/{_10K}/delete", answers={STATS: httpx.Response(502)}),
        Example(
            f"{_ONE}/categories/{_10K}/delete",
            409,
            {},
            {("DELETE", f"{API}/categories/{_10K}"): problem(409, "category_has_registrations", detail="123")},
        ),
        Example(f"{_ONE}/categories/{_10K}/delete", 303, {}, state="gone"),
    ),
    "/console/races/{race_id}/quota": (
        Example(f"{_ONE}/quota"),
        Example(f"{_ONE}/quota", answers={STATS: PAID_AND_NOT}),
        Example(f"{_ONE}/quota", answers={STATS: stats({"places_left": 499})}, state="uncounted"),
        Example(f"{_ONE}/quota", answers={STATS: httpx.Response(502)}),
        Example(f"{_BARE}/quota"),
    ),
}
"""Examples by the path of the route in Indonesian."""

DATA: Final = (
    *("FR5K", "FR10K", "FRKIDS", "FR5K-28", "FR10K-28"),
    *("https://lari.example/races/jakarta-fun-run", "https://lari.example/races/bandung-lari"),
    "https://lari.example/races/bandung-2026",
    *("Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Bangkok", "Asia/Manila", "Asia/Dili", "Asia/Tokyo", "Asia/Colombo"),
    *("UTC", "Banner", "Logo"),
)
"""Texts of the answers and names that are the same in both languages."""
