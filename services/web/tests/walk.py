"""Every page of the application: an example of each in each of its states, and the answers of APIs that they need."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI
from web.app import build_app
from web.settings import Settings

from .conftest import NOW, SITE, category, race

NUMBER = "FR5K-2027-00001"
REGISTERED = "0190c0de-0000-7000-8000-000000000001"
IN_LINE = "0190c0de-0000-7000-8000-000000000002"
API = "/api/registration/v1"

Answers = Mapping[tuple[str, str], httpx.Response]
"""By method and path. Everything else is 404."""


def token(subject: str) -> str:
    """Return a token as registration signs them; its signature is for the APIs to check."""
    claims = {"sub": subject, "exp": int((NOW + timedelta(hours=24)).timestamp())}
    return f"head.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def problem(status: int, code: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> httpx.Response:
    """Return a refusal of an API."""
    content = {"code": code, "detail": "-", "errors": [], **members}
    return httpx.Response(status, json=content, headers=headers)


def place(status: str = "waiting", **fields: Any) -> httpx.Response:
    """Return a place in line as registration's API shows it."""
    content = {
        "waitlist_id": IN_LINE,
        "event_id": IN_LINE,
        "category_id": IN_LINE,
        "registration_type": "individual",
        "total_participants": 1,
        "status": status,
        "created_at": "2027-01-02T01:00:00Z",
        "position": 12 if status == "waiting" else None,
        "offered_at": None,
        "offer_expires_at": None,
        "reason": None,
        "participants": [{"participant_id": IN_LINE, "full_name": "Budi Santoso", "is_pic": True}],
        **fields,
    }
    return httpx.Response(200, json=content)


OF_A_RACE = {
    "category_name": "10K",
    "event": {
        "name": "Jakarta Fun Run",
        "slug": "jakarta-fun-run",
        "event_date": "2027-08-17",
        "location": "Senayan, Jakarta",
        "timezone": "Asia/Makassar",
        "brand_color": "#0b5fff",
        "contact_whatsapp": "6281234567890",
    },
}
OFFERED = {"offered_at": "2027-01-03T23:00:00Z", "offer_expires_at": "2027-01-04T14:42:00Z"}
PEOPLE = ("Budi Santoso", "Sari Dewi", "Agus Salim", "Wayan Putra", "Rina Lestari")
GROUP = {
    "registration_type": "collective_5",
    "total_participants": 5,
    "participants": [
        {"participant_id": IN_LINE, "full_name": name, "is_pic": name == "Budi Santoso"} for name in PEOPLE
    ],
}


def _registration() -> httpx.Response:
    person = {
        "participant_id": REGISTERED,
        "full_name": "Budi Santoso",
        "email": "budi@example.com",
        "whatsapp": "6281234567890",
        "gender": "male",
        "date_of_birth": "1990-05-17",
        "jersey_size": "M",
        "emergency_contact_name": "Sari Dewi",
        "emergency_contact_phone": "6281234567891",
        "is_pic": True,
        "bib_number": None,
    }
    content = {
        "registration_id": REGISTERED,
        "registration_number": NUMBER,
        "event_id": REGISTERED,
        "category_id": REGISTERED,
        "registration_type": "individual",
        "status": "pending_payment",
        "total_participants": 1,
        "total_amount": "150042.00",
        "created_at": "2027-01-04T01:00:00Z",
        "expires_at": "2027-01-05T01:00:00Z",
        "payment_verified_at": None,
        "expired_at": None,
        "cancelled_at": None,
        "participants": [person],
    }
    return httpx.Response(200, json=content)


def _races(*found: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"items": list(found), "next_cursor": None})


_CATEGORIES = (
    category(distance="5 km", price_collective_10="130000.00", registration_close_at="2027-08-01T16:59:00Z"),
    category("10K", registration_open_at="2027-02-01T00:00:00Z"),
    category("21K", left=0),
    category("42K", left=3),
    category("Kids", price_individual="0.00", registration_close_at="2027-01-01T00:00:00Z"),
)
_FULL = race("Jakarta Fun Run", *_CATEGORIES, contact_whatsapp="6281234567890", rules="1.\n\n2.", brand_color="#0b5fff")

ANSWERS: Answers = {
    ("GET", f"{API}/events"): _races(_FULL, race("Bandung Lari")),
    ("GET", f"{API}/events/jakarta-fun-run"): httpx.Response(200, json=_FULL),
    ("GET", f"{API}/events/bandung-lari"): httpx.Response(200, json=race("Bandung Lari")),
    ("GET", f"{API}/registrations/{REGISTERED}"): _registration(),
    ("GET", f"{API}/waitlist/{IN_LINE}"): place(),
    ("POST", f"{API}/access"): httpx.Response(200, json={"registration_id": IN_LINE, "runner_token": token(IN_LINE)}),
    ("POST", f"{API}/access/recover"): httpx.Response(202, json={"accepted": True}),
}
"""What the APIs answer to the requests of the pages, if an example does not say otherwise."""

DATA = ("Jakarta Fun Run", "Bandung Lari", "Senayan, Jakarta", "Kids", "5 km", NUMBER, "budi@example.com", *PEOPLE)
"""Texts of the answers, which are the same in both languages."""


@dataclass(frozen=True)
class Example:
    """A request to a page.

    Attributes:
        address: in Indonesian.
        form: what is sent; None to only read.
        answers: of APIs, instead of those in `ANSWERS`.
    """

    address: str
    status: int = 200
    form: Mapping[str, str] | None = None
    answers: Answers = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        states = ",".join(f"{path.split('/')[-2]}-{answer.status_code}" for (_, path), answer in self.answers.items())
        return f"{'GET' if self.form is None else 'POST'} {self.address} {self.status} {states}"

    async def request(self, client: httpx.AsyncClient, prefix: str = "") -> httpx.Response:
        """Make the request as a browser that opened the links of a registration and of a place in line."""
        subject = IN_LINE if IN_LINE in self.address else REGISTERED
        headers = {"Cookie": f"runner=code~{token(subject)}", **self.headers}
        method = "GET" if self.form is None else "POST"
        return await client.request(method, prefix + self.address, data=self.form, headers=headers)


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
        Example("/", answers={("GET", f"{API}/events"): _races()}),
    ),
    "/races/{slug}": (
        Example("/races/jakarta-fun-run"),
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
    "/licences": (Example("/licences"),),
    "/parts": (Example("/parts"),),
    "/r/{number}": (
        Example(f"/r/{NUMBER}"),
        Example(_PLACE),
        Example(_PLACE, answers=_place(**OF_A_RACE)),
        Example(_PLACE, answers=_place(status="offered", **OFFERED)),
        Example(_PLACE, answers=_place(status="offered", **OFFERED, **OF_A_RACE, **GROUP)),
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
    "/health/live",
    "/health/ready",
    "/metrics",
    "/robots.txt",
    "/sitemap.xml",
    "/static/{name}",
    "/brand/{digits}.css",
    "/r/{number}/line",
}
"""Paths of routes that answer something else than a page."""

AWAITED = {"/licences", "/en/licences"}
"""Addresses that pages link to and that are not served yet."""

Answer = Callable[[httpx.Request], httpx.Response]


def answering(answers: Answers) -> Answer:
    """Return the APIs with these answers."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get((request.method, request.url.path)) or problem(404, "not_found")
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    return answer


def app_on(answer: Answer, *, show_parts: bool = True) -> FastAPI:
    """Return the application on these APIs, at `NOW`."""
    settings = Settings(
        registration_url="http://apis", payment_url="http://apis", public_url=SITE, show_parts=show_parts
    )
    apis = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://apis")
    return build_app(settings, registration=apis, payment=apis, clock=lambda: NOW)


class Walker:
    """The application, built once for all examples: only examples with other races have one of their own."""

    def __init__(self) -> None:
        self._answers: Answers = ANSWERS
        self._app_with = cache(lambda _: app_on(self._answer))

    def app_for(self, example: Example) -> FastAPI:
        """Return the application on the answers of an example, until the next example."""
        self._answers = {**ANSWERS, **example.answers}
        return self._app_with(self._answers["GET", f"{API}/events"].content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        return answering(self._answers)(request)


def browser(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of the application that sees errors as pages."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://web.test")
