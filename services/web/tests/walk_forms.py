"""Examples of the forms of registration and of the waiting list."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .conftest import category
from .conftest import race as race_of
from .registration_api import group, runner
from .walk import API, Answers, Example, problem, races

FORM = "/races/{slug}/register/{category}/{size}"
WAITLIST = "/races/{slug}/waitlist/{category}/{size}"

_RACE = "/races/jakarta-fun-run"
_COOKIE = {"Cookie": f"form={'x' * 43}"}
_REGISTER, _JOIN = ("POST", f"{API}/registrations"), ("POST", f"{API}/waitlist")
_STATUS = {"status_url": "https://lari.example/r/FR5K-2027-00001/k3Jd-_s8"}
_ONE = race_of("Jakarta Fun Run", category(left=1, price_individual="0.00", price_collective_5=None))


_EARLY: Final = {"name": "Early bird", "ends_at": "2027-02-01T16:59:00Z", "left": 36, "code_required": False}
_REGULAR: Final = {"individual": "150000.00", "collective_5": "140000.00", "collective_10": None}
_CHEAPER: Final[Mapping[str, Any]] = {
    "price_individual": "100000.00",
    "regular_prices": _REGULAR,
    "price_phase": _EARLY,
    "next_prices": {"name": None, "prices": _REGULAR},
}
_BY_COUNT: Final[Mapping[str, Any]] = {
    **_CHEAPER,
    "price_phase": {**_EARLY, "ends_at": None, "left": 1, "code_required": True},
    "next_prices": {"name": "Presale", "prices": {**_REGULAR, "individual": "0.00"}},
}
_BY_TIME: Final[Mapping[str, Any]] = {**_CHEAPER, "price_phase": {**_EARLY, "left": None}, "code_required": True}
_PRICED: Final = race_of(
    "Jakarta Fun Run",
    category(**_CHEAPER),
    category("10K", **_BY_COUNT),
    category("21K", **_BY_TIME),
    category("Kids", left=0, **_CHEAPER),
    has_course=True,
    course_meters=5_040,
    course_version="abc",
    strava_club_url="https://www.strava.com/clubs/lari",
    strava_event_url="https://www.strava.com/clubs/lari/group_events/1",
    strava_route_url="https://www.strava.com/routes/2",
)
PRICED: Final[Answers] = {
    ("GET", f"{API}/events"): races(_PRICED),
    ("GET", f"{API}/events/jakarta-fun-run"): httpx.Response(200, json=_PRICED),
}
"""A race with phases of prices, a course and links."""

_CHECK: Final = ("GET", f"{API}/promo-codes/check")


def _quoted(discount: str = "20000.00", total: str = "80000.00") -> Answers:
    quote = {"code": "LARI20", "list_amount": "100000.00", "discount": discount, "total_amount": total}
    return {**PRICED, _CHECK: httpx.Response(200, json=quote)}


_PROMO: Final = (
    Example(f"{_RACE}/register/5k/1", answers=PRICED, state="phase"),
    Example(f"{_RACE}/register/10k/1", answers=PRICED, state="access code"),
    Example(f"{_RACE}/register/5k/1", 200, {"promo_code": "LARI20", "step": "price"}, _quoted(), state="price"),
    Example(f"{_RACE}/register/5k/1", 200, {"promo_code": "LARI20", "step": "price"}, _quoted("0.00", "100000.00")),
    Example(
        f"{_RACE}/register/5k/1",
        422,
        {"promo_code": "LARI20", "step": "price"},
        {_CHECK: problem(409, "promo_not_valid", detail="123")},
    ),
    Example(f"{_RACE}/register/5k/1", 200, {"promo_code": "LARI20", "step": "price"}, {_CHECK: httpx.Response(502)}),
)


def _form(size: int, **fields: str) -> Mapping[str, str]:
    typed = group(size) if size > 1 else runner()
    return {**typed, **fields}


def _sent(
    status: int, code: str, *, size: int = 1, headers: Mapping[str, str] | None = None, **members: object
) -> Example:
    answers: Answers = {_REGISTER: problem(status, code, headers=headers, **members)}
    return Example(f"{_RACE}/register/5k/{size}", status, _form(size, step="send"), answers, _COOKIE, code)


def _both(purpose: str) -> tuple[Example, ...]:
    return (
        Example(f"{_RACE}/{purpose}/10k/1", state="not open"),
        Example(f"{_RACE}/{purpose}/kids/1", state="closed"),
        Example(f"{_RACE}/{purpose}/none/1", 404),
        Example(f"{_RACE}/{purpose}/5k/7", 404),
    )


FORMS: Mapping[str, tuple[Example, ...]] = {
    "/races/{slug}/register": (Example(f"{_RACE}/register", 303),),
    "/races/{slug}/waitlist": (Example(f"{_RACE}/waitlist", 303),),
    "/races/{slug}/register/{category}": (Example(f"{_RACE}/register/5k", 303),),
    "/races/{slug}/waitlist/{category}": (Example(f"{_RACE}/waitlist/21k", 303),),
    FORM: (
        *_both("register"),
        *_PROMO,
        Example(f"{_RACE}/register/5k/5", 200, _form(5, promo_code="LARI20"), _quoted(), state="review with a code"),
        _sent(409, "promo_used_up"),
        *(Example(f"{_RACE}/register/5k/{size}", state="form") for size in (1, 5, 10)),
        *(Example(f"{_RACE}/register/5k/{size}", 422, {"step": "x"}, state="errors") for size in (1, 5, 10)),
        *(Example(f"{_RACE}/register/5k/{size}", 200, _form(size), state="review") for size in (5, 10)),
        Example(f"{_RACE}/register/5k/5", 200, _form(5, step="correct"), state="to correct"),
        Example(f"{_RACE}/register/5k/5", 422, _form(5, **{"p3-email": "x", "p4-whatsapp": "1"}), state="two errors"),
        Example(f"{_RACE}/register/21k/1", state="full"),
        Example(f"{_RACE}/register/42k/5", state="full for a group"),
        Example(f"{_RACE}/register/5k/1", answers={("GET", f"{API}/events"): races(_ONE)}, state="one size"),
        Example(f"{_RACE}/register/5k/1?cookie=1", 400, _form(1, step="send"), state="no cookie"),
        _sent(503, "too_busy", headers={"Retry-After": "9"}),
        _sent(503, "too_busy", size=5, headers={"Retry-After": "9"}),
        _sent(429, "too_many_requests", headers={"Retry-After": "9"}),
        _sent(409, "request_in_progress"),
        _sent(409, "category_full", size=5, places_left=3),
        _sent(409, "already_registered", participants=[0]),
        _sent(409, "already_registered", size=5, participants=[0, 3]),
        _sent(422, "idempotency_key_reused"),
        _sent(403, "challenge_required"),
        Example(f"{_RACE}/register/5k/1", 503, _form(1), {_REGISTER: httpx.Response(502)}, _COOKIE, "lost"),
        Example(f"{_RACE}/register/5k/1", 303, _form(1), {_REGISTER: httpx.Response(201, json=_STATUS)}, _COOKIE),
    ),
    WAITLIST: (
        *_both("waitlist"),
        Example(f"{_RACE}/waitlist/21k/1", state="form"),
        Example(f"{_RACE}/waitlist/21k/5", state="form"),
        Example(f"{_RACE}/waitlist/21k/5", 200, _form(5), state="review"),
        Example(f"{_RACE}/waitlist/21k/1", 422, {"step": "x"}, state="errors"),
        Example(f"{_RACE}/waitlist/5k/1", state="places left"),
        Example(
            f"{_RACE}/waitlist/21k/1",
            409,
            _form(1),
            {_JOIN: problem(409, "places_available", places_left=2)},
            _COOKIE,
            "places available",
        ),
        Example(
            f"{_RACE}/waitlist/21k/1",
            409,
            _form(1),
            {_JOIN: problem(409, "already_waiting", participants=[0])},
            _COOKIE,
            "already waiting",
        ),
    ),
}
