"""Examples of the console's pages of price phases, promo codes and courses, and the data in them."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .conftest import category
from .walk import Answers, Example, problem
from .walk_races_answers import ANSWERS as OF_RACES
from .walk_races_answers import DRAFT, OLD, RACE, WHOLE, catalog, staff_category
from .walk_staff import API, CATALOG, json_of

PHASE: Final = "0190c0de-0000-7000-8000-000000000101"
OTHER_PHASE: Final = "0190c0de-0000-7000-8000-000000000102"
CODE: Final = "0190c0de-0000-7000-8000-000000000201"

_5K, _10K = category()["id"], category("10K")["id"]
_ONE: Final = f"/console/races/{RACE}/prices"
_OF_5K: Final = f"{_ONE}/{_5K}"
_COURSE: Final = f"/console/races/{RACE}/course"
_CODES: Final = "/console/promo-codes"


def phase(**fields: Any) -> dict[str, Any]:
    """Return a phase as registration's API shows it to staff."""
    return {
        "id": PHASE,
        "category_id": _5K,
        "name": "Early bird",
        "position": 0,
        "ends_at": "2027-02-01T16:59:00Z",
        "max_participants": 100,
        "uses": 64,
        "uses_beyond": 0,
        "uses_left": 36,
        "price_individual": "100000.00",
        "price_collective_5": "95000.00",
        "price_collective_10": None,
        "code_required": False,
        "is_active": True,
        **fields,
    }


def code(**fields: Any) -> dict[str, Any]:
    """Return a promo code as registration's API shows it to staff."""
    return {
        "id": CODE,
        "event_id": RACE,
        "category_id": _5K,
        "code": "LARI20",
        "kind": "percent",
        "value": "20.00",
        "grants_access": True,
        "types": ["individual", "collective_5"],
        "valid_from": "2027-01-01T02:00:00Z",
        "valid_until": "2027-08-01T16:59:00Z",
        "max_uses": 100,
        "max_per_person": 5,
        "uses": 101,
        "uses_beyond": 1,
        "uses_left": 0,
        "note": "123",
        "is_active": True,
        "created_at": "2027-01-01T02:00:00Z",
        **fields,
    }


def unlimited(**fields: Any) -> dict[str, Any]:
    """Return a code of a whole race without any limit."""
    none = dict.fromkeys(("category_id", "types", "valid_from", "valid_until", "max_uses", "max_per_person", "note"))
    return code(**{**none, "uses": 3, "uses_beyond": 0, "uses_left": None, "grants_access": False, **fields})


def phases(*found: dict[str, Any]) -> httpx.Response:
    """Return the phases of a category."""
    return json_of({"items": list(found), "next_cursor": None})


def codes(*found: dict[str, Any], more: str | None = None) -> httpx.Response:
    """Return a page of promo codes."""
    return json_of({"items": list(found), "next_cursor": more})


_EARLY: Final = {"name": "Early bird", "ends_at": "2027-02-01T16:59:00Z", "left": 36, "code_required": False}
_PRICED: Final = catalog(
    {
        **WHOLE,
        "categories": [
            staff_category(
                price_phase=_EARLY,
                current_prices={"individual": "100000.00", "collective_5": "95000.00", "collective_10": None},
            ),
            staff_category("10K", is_active=False, code_required=True),
        ],
        "has_course": True,
        "course_meters": 5_040,
        "course_version": "abc",
        "strava_club_url": "https://www.strava.com/clubs/lari",
        "strava_event_url": "https://www.strava.com/clubs/lari/group_events/1",
        "strava_route_url": "https://www.strava.com/routes/2",
    }
)
_OF_THE_5K: Final = ("GET", f"{API}/categories/{_5K}/price-phases")
_OF_THE_10K: Final = ("GET", f"{API}/categories/{_10K}/price-phases")
_ORDER: Final = ("PUT", f"{API}/categories/{_5K}/price-phases/order")
_NEW_PHASE: Final = ("POST", f"{API}/categories/{_5K}/price-phases")
_CHANGED: Final = ("PATCH", f"{API}/price-phases/{PHASE}")
_LIST: Final = ("GET", f"{API}/promo-codes")
_OF_CODE: Final = ("GET", f"{API}/promo-codes/{CODE}")
_CREATED: Final = ("POST", f"{API}/promo-codes")
_BULK: Final = ("POST", f"{API}/promo-codes/bulk")
_CODE_CHANGED: Final = ("PATCH", f"{API}/promo-codes/{CODE}")
_PUT_COURSE: Final = ("PUT", f"{API}/events/{RACE}/course")

ANSWERS: Final[Answers] = {
    **OF_RACES,
    CATALOG: _PRICED,
    _OF_THE_5K: phases(
        phase(name="A", id=OTHER_PHASE, is_active=False, max_participants=None, uses=None, uses_left=None),
        phase(name="B", id=RACE, ends_at="2027-01-01T02:00:00Z"),
        phase(name="C", id=DRAFT, uses=103, uses_beyond=3, uses_left=0, ends_at=None),
        phase(),
        phase(name="D", id=OLD, code_required=True),
    ),
    _OF_THE_10K: phases(),
    _LIST: codes(
        code(),
        unlimited(id=RACE, code="LARI", kind="amount", value="50000.00"),
        unlimited(id=DRAFT, code="MEMBER", kind="access", value="0.00", is_active=False, event_id=OLD),
        unlimited(id=OLD, code="LARI21", valid_until="2027-01-01T02:00:00Z"),
        unlimited(id=PHASE, code="LARI22", valid_from="2027-08-01T16:59:00Z"),
    ),
    _OF_CODE: json_of(code()),
}

_TYPED: Final = {"kind": "percent", "scope": f"category:{_5K}", "code": "LARI20", "value": "20", "is_active": "yes"}
_MANY: Final = {**_TYPED, "count": "100", "prefix": "LARI"}
_UNREAD: Final = {"kind": "percent", "valid_from": "x", "max_uses": "x", "value": "x"}


def _refused(field: str) -> httpx.Response:
    return problem(422, "invalid_fields", errors=[{"field": field, "message": "123"}])


_REUSED: Final = problem(422, "idempotency_key_reused", detail="123")
_BELOW: Final = problem(409, "limit_below_uses", detail="123")
_AMOUNT: Final = unlimited(kind="amount", value="50000.00")
_ACCESS: Final = {"kind": "access", "value": "0.00", "is_active": False}

_PRICES: Mapping[str, tuple[Example, ...]] = {
    "/console/races/{race_id}/prices": (
        Example(_ONE),
        Example(f"{_ONE}?done=moved"),
        Example(f"/console/races/{DRAFT}/prices", answers={CATALOG: OF_RACES[CATALOG]}, state="no category"),
        Example(_ONE, answers={CATALOG: httpx.Response(502)} | {_OF_THE_5K: httpx.Response(502)}, status=503),
    ),
    "/console/races/{race_id}/prices/{category_id}/new": (
        Example(f"{_OF_5K}/new"),
        Example(f"{_OF_5K}/new", 422, {"name": "A", "ends_at": "x", "price_individual": "x"}, state="unread"),
        Example(f"{_OF_5K}/new", 422, {"name": "A"}, {_NEW_PHASE: _refused("body.ends_at")}),
        Example(f"{_OF_5K}/new", 422, {"name": "A", "key": PHASE}, {_NEW_PHASE: _REUSED}, state="sent before"),
        Example(f"{_OF_5K}/new", 303, {"name": "A"}, {_NEW_PHASE: json_of({})}),
    ),
    "/console/races/{race_id}/prices/{category_id}/{phase_id}": (
        Example(f"{_OF_5K}/{PHASE}"),
        Example(f"{_OF_5K}/{OTHER_PHASE}", state="not counted"),
        Example(f"{_OF_5K}/{CODE}", 404),
        Example(f"{_OF_5K}/{PHASE}", 409, {"base": "name:x", "name": "-"}, state="changed meanwhile"),
        Example(
            f"{_OF_5K}/{PHASE}",
            409,
            {"max_participants": "1"},
            {_CHANGED: _BELOW},
        ),
        Example(f"{_OF_5K}/{PHASE}", 303, {"name": "-"}, {_CHANGED: json_of({})}),
    ),
}
_MOVES: Mapping[str, tuple[Example, ...]] = {
    "/console/races/{race_id}/course": (
        Example(_COURSE),
        Example(f"/console/races/{DRAFT}/course", answers={CATALOG: OF_RACES[CATALOG]}, state="none"),
        Example(_COURSE, 422, {}, state="no file"),
        Example(_COURSE, 422, {}, {_PUT_COURSE: _refused("file")}, file=b"x"),
        Example(_COURSE, 503, {}, {_PUT_COURSE: httpx.Response(502)}, file=b"x"),
        Example(_COURSE, 303, {}, {_PUT_COURSE: json_of({})}, file=b"x"),
        Example(f"{_COURSE}/remove", 303, {}, {("DELETE", f"{API}/events/{RACE}/course"): httpx.Response(204)}),
        Example(f"{_OF_5K}/order", 303, {"order": PHASE}, {_ORDER: httpx.Response(204)}),
        Example(f"{_OF_5K}/order", 422, {"order": PHASE}, {_ORDER: _refused("body.phase_ids")}),
        Example(f"{_OF_5K}/{PHASE}/off", 303, {}, {_CHANGED: json_of({})}),
        Example(f"{_OF_5K}/{PHASE}/off", 404, {}, {_CHANGED: problem(404, "unknown_price_phase", detail="123")}),
    ),
}
_PROMO: Mapping[str, tuple[Example, ...]] = {
    _CODES: (
        Example(_CODES),
        Example(f"{_CODES}?race=jakarta-fun-run&category=5k&q=LARI&state=on&done=created_many"),
        Example(f"{_CODES}?q=123&state=off", answers={_LIST: codes()}, state="none fits"),
        Example(_CODES, answers={_LIST: codes()}, state="none"),
        Example(_CODES, answers={_LIST: codes(code(), more="x")}, state="many"),
        Example(f"{_CODES}?cursor=x", 422, answers={_LIST: _refused("cursor")}),
        Example(f"{_CODES}?race=none", 404),
    ),
    f"{_CODES}/new": (
        Example(f"{_CODES}/new?race=jakarta-fun-run"),
        Example(f"{_CODES}/new", 422, _UNREAD, state="unread"),
        Example(f"{_CODES}/new", 409, _TYPED, {_CREATED: problem(409, "promo_code_taken", detail="123")}),
        Example(f"{_CODES}/new", 422, _TYPED, {_CREATED: _refused("body.category_id")}),
        Example(f"{_CODES}/new", 303, {**_TYPED, "kind": "access"}, {_CREATED: json_of({})}),
    ),
    f"{_CODES}/bulk": (
        Example(f"{_CODES}/bulk"),
        Example(f"{_CODES}/bulk", 422, _UNREAD, state="unread"),
        Example(f"{_CODES}/bulk", 503, _MANY, {_BULK: httpx.Response(502)}),
        Example(f"{_CODES}/bulk", 422, {**_MANY, "key": CODE}, {_BULK: _REUSED}, state="sent before"),
        Example(f"{_CODES}/bulk", 303, _MANY, {_BULK: json_of({})}),
    ),
    f"{_CODES}/{{promo_id}}": (
        Example(f"{_CODES}/{CODE}"),
        Example(f"{_CODES}/{CODE}?done=saved", answers={_OF_CODE: json_of(_AMOUNT)}),
        Example(
            f"{_CODES}/{CODE}", answers={_OF_CODE: json_of(unlimited(kind="access", value="0.00", is_active=False))}
        ),
        Example(
            f"{_CODES}/{RACE}", 404, answers={("GET", f"{API}/promo-codes/{RACE}"): problem(404, "unknown_promo_code")}
        ),
        Example(f"{_CODES}/{CODE}", 409, {"base": "value:x", "value": "30"}, state="changed meanwhile"),
        Example(
            f"{_CODES}/{CODE}", 409, {"max_uses": "1"}, {_CODE_CHANGED: problem(409, "limit_below_uses", detail="123")}
        ),
        Example(f"{_CODES}/{CODE}", 303, {"value": "30"}, {_CODE_CHANGED: json_of({})}),
        Example(f"{_CODES}/{CODE}/off", 303, {}, {_CODE_CHANGED: json_of({})}),
        Example(f"{_CODES}/{CODE}/off", 503, {}, {_CODE_CHANGED: httpx.Response(502)}),
    ),
}
EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {**_PRICES, **_MOVES, **_PROMO}
"""Examples by the path of the route in Indonesian."""

DATA: Final = (
    *(
        "Early bird",
        "LARI20",
        "LARI21",
        "LARI22",
        "LARI",
        "MEMBER",
        "Strava",
        "SPONSOR",
        "GPX",
        "km",
        "A",
        "B",
        "C",
        "D",
    ),
    *("clubs/lari", "clubs/lari/group_events/1", "routes/2"),
    "https://www.strava.com/clubs/…/group_events/…",
    "https://www.strava.com/clubs/…",
    "https://www.strava.com/routes/…",
)
"""Texts of the answers and names that are the same in both languages."""
