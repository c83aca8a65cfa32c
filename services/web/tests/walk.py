"""Requests to pages, and the application on answers of the APIs that they need."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
from chassis.auth.principals import Role
from fastapi import FastAPI

from . import own_app, own_registration, runner_apis
from .conftest import NOW, category, race
from .walk_registrations_answers import ViewsOfTheOwner
from .walk_staff import CONSOLE_ANSWERS, StaffAs

NUMBER = "FR5K-2027-00001"
REGISTERED = "0190c0de-0000-7000-8000-000000000001"
IN_LINE = "0190c0de-0000-7000-8000-000000000002"
PAYMENT = "/api/payment/v1"
API = "/api/registration/v1"
CHECKIN = "/api/checkin/v1"

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


PEOPLE_OF_TEN = own_registration.NAMES
RACE = own_registration.event(pickup_info="GBK 5\n10.00-18.00")


def registered(status: str = "pending_payment", *, people: int = 1, **fields: Any) -> Answers:
    """Return the answer about a registration, with BIB numbers once it is verified."""
    bib = {} if status == "payment_verified" else {"bib_number": None}
    content = {
        "registration_number": NUMBER,
        "event": RACE,
        "participants": [own_registration.person(index, **bib) for index in range(people)],
        "total_participants": people,
        **fields,
    }
    found = httpx.Response(200, json=runner_apis.registered(status, **content))
    return {("GET", f"{API}/registrations/{REGISTERED}"): found}


def billed(
    *payments: dict[str, Any],
    status: str = "open",
    offers: Sequence[dict[str, Any]] = (*runner_apis.BY_PROOF, *runner_apis.NO_GATEWAY),
    charges: Sequence[dict[str, Any]] = (),
    about: Mapping[str, Any] | None = None,
    **ways: Any,
) -> Answers:
    """Return the answers about an invoice with its payments, and about the ways to pay.

    Args:
        about: further fields of the invoice.
        ways: further fields of the instructions.
    """
    invoice = {**runner_apis.invoice(status, *payments, **(about or {})), "registration_number": NUMBER}
    path = f"{PAYMENT}/invoices/{REGISTERED}"
    return {
        ("GET", f"{path}/methods"): httpx.Response(200, json={"items": list(offers)}),
        ("GET", f"{path}/charges"): httpx.Response(200, json={"items": list(charges)}),
        ("GET", f"{PAYMENT}/invoices/{REGISTERED}"): httpx.Response(200, json=invoice),
        ("GET", f"{PAYMENT}/instructions"): httpx.Response(
            200, json={**runner_apis.INSTRUCTIONS, "account_holder_name": "Budi Santoso", **ways}
        ),
    }


def tickets(people: int = 1, *, missing: int | None = None) -> Answers:
    """Return the answers about a verified registration and its tickets, of which one may be missing."""
    found = [
        {
            "participant_id": own_registration.participant_id(index),
            "full_name": own_registration.person(index)["full_name"],
            "bib_number": 1042 + index,
            "category_name": "5K",
            "ticket_code": own_registration.code(index),
            "ticket_number": own_registration.ticket_number(index),
        }
        for index in range(people)
        if index != missing
    ]
    return {
        **registered("payment_verified", people=people, payment_verified_at=runner_apis.at(-1)),
        ("GET", f"{API}/registrations/{REGISTERED}/tickets"): httpx.Response(200, json=found),
    }


def collected(people: int = 1) -> Answers:
    """Return the answer about race packs that were handed out."""
    content = {"items": [own_registration.pack(index) for index in range(people)]}
    return {("GET", f"{CHECKIN}/registrations/{REGISTERED}/checkins"): httpx.Response(200, json=content)}


def races(*found: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"items": list(found), "next_cursor": None})


CATEGORIES = (
    category(distance="5 km", price_collective_10="130000.00", registration_close_at="2027-08-01T16:59:00Z"),
    category("10K", registration_open_at="2027-02-01T00:00:00Z"),
    category("21K", left=0),
    category("42K", left=3),
    category("Kids", price_individual="0.00", registration_close_at="2027-01-01T00:00:00Z"),
)
FULL = race("Jakarta Fun Run", *CATEGORIES, contact_whatsapp="6281234567890", rules="1.\n\n2.", brand_color="#0b5fff")

ANSWERS: Answers = {
    **CONSOLE_ANSWERS,
    ("GET", f"{API}/events"): races(FULL, race("Bandung Lari")),
    ("GET", f"{API}/events/jakarta-fun-run"): httpx.Response(200, json=FULL),
    ("GET", f"{API}/events/bandung-lari"): httpx.Response(200, json=race("Bandung Lari")),
    **registered(),
    **billed(),
    ("GET", f"{API}/waitlist/{IN_LINE}"): place(),
    ("POST", f"{API}/access"): httpx.Response(200, json={"registration_id": IN_LINE, "runner_token": token(IN_LINE)}),
    ("POST", f"{API}/access/recover"): httpx.Response(202, json={"accepted": True}),
}
"""What the APIs answer to the requests of the pages, if an example does not say otherwise."""


@dataclass(frozen=True)
class Example:
    """A request to a page.

    Attributes:
        address: in Indonesian.
        form: what is sent; None to only read.
        answers: of APIs, instead of those in `ANSWERS`.
        usual: of APIs, for the area of the page, instead of those in `ANSWERS`.
        state: what the page shows, for names of tests.
    """

    address: str
    status: int = 200
    form: Mapping[str, str] | None = None
    answers: Answers = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    file: bytes | None = None
    usual: Answers = field(default_factory=dict)

    def __str__(self) -> str:
        states = ",".join(f"{path.split('/')[-2]}-{answer.status_code}" for (_, path), answer in self.answers.items())
        method = "GET" if self.form is None else "POST"
        return f"{method} {self.address} {self.status} {self.state or states}"

    async def request(self, client: httpx.AsyncClient, prefix: str = "") -> httpx.Response:
        """Make the request as a browser that opened the links of a registration and of a place in line, of an owner."""
        subject = IN_LINE if IN_LINE in self.address else REGISTERED
        headers = {"Cookie": f"runner=code~{token(subject)}; __Host-staff={'k' * 43}", **self.headers}
        method = "GET" if self.form is None else "POST"
        files = {"file": ("proof.png", self.file, "image/png")} if self.file else None
        return await client.request(method, prefix + self.address, data=self.form, files=files, headers=headers)


Answer = Callable[[httpx.Request], httpx.Response]


def answering(answers: Answers) -> Answer:
    """Return the APIs with these answers."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get((request.method, request.url.path)) or problem(404, "not_found")
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    return answer


def app_on(answer: Answer, *, show_parts: bool = True, role: Role = Role.OWNER) -> FastAPI:
    """Return the application on these APIs, at `NOW`, with everybody logged in as a member of staff of a role."""
    apis = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://apis")
    app = own_app.app_on(apis, clock=lambda: NOW, show_parts=show_parts)
    app.state.staff_sessions = StaffAs(role)
    app.state.saved_views = ViewsOfTheOwner()
    return app


class Walker:
    """The application, built once for all examples: only those with other races or networks have one of their own.

    Attributes:
        asked: methods and paths that the APIs were asked for since the last example began.
    """

    def __init__(self, role: Role = Role.OWNER) -> None:
        self._answers: Answers = ANSWERS
        self._app_with = cache(lambda *_: app_on(self._answer, role=role))
        self.asked: list[tuple[str, str]] = []

    def app_for(self, example: Example) -> FastAPI:
        """Return the application on the answers of an example, until the next example."""
        self.asked = []
        self._answers = {**ANSWERS, **example.usual, **example.answers}
        networks = self._answers.get(("GET", f"{PAYMENT}/usdt/networks"))
        return self._app_with(self._answers["GET", f"{API}/events"].content, networks and networks.content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        return answering(self._answers)(request)


def browser(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of the application that sees errors as pages."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://web.test")
