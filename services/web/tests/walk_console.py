"""Examples of the console's pages, as an owner sees them."""

from collections.abc import Mapping
from typing import Final

import httpx

from .walk import Example, problem
from .walk_staff import LETTERS, OWNER, SERVICES, STAFF, audited, json_of

_MEMBER: Final = f"/console/staff/{OWNER}"
_LOGIN = {"email": "owner@lari.example", "to": "/console"}
_NEW = {"name": "Budi Santoso", "email": "owner@lari.example", "role": "admin", "password": "x"}

_LONG_LOG = {
    ("GET", "/api/payment/v1/audit"): audited(*({"at": f"2027-01-03T03:00:{at % 60:02}Z"} for at in range(70)))
}

CONSOLE: Mapping[str, tuple[Example, ...]] = {
    "/console/audit": (
        Example("/console/audit"),
        Example("/console/audit?service=payment&action=payment.verify&first_day=2027-01-01&last_day=2027-01-04"),
        Example("/console/audit?until=2027-01-04T03:00:00Z", answers=_LONG_LOG, state="long"),
        Example("/console/audit", answers={("GET", f"/api/{name}/v1/audit"): audited() for name in SERVICES}),
        Example("/console/audit", answers={("GET", "/api/payment/v1/audit"): httpx.Response(502)}),
        Example("/console/audit", answers={("GET", "/api/payment/v1/audit"): problem(503, "busy")}, state="down"),
        Example("/console/audit?first_day=1", 422),
        Example("/console/audit?last_day=9999-12-31", 422),
    ),
    "/console/queues": (
        Example("/console/queues"),
        Example("/console/queues", answers={("GET", "/api/payment/v1/queues"): httpx.Response(502)}),
        Example("/console/queues", answers={("GET", "/api/payment/v1/queues"): problem(503, "busy")}, state="down"),
    ),
    "/console/queues/{service}": (
        Example("/console/queues/payment"),
        Example("/console/queues/payment?event_type=payment.uploaded&failure_reason=handler"),
        Example("/console/queues/payment", answers={("GET", LETTERS): json_of({"items": []})}),
        Example("/console/queues/payment", form={"id": "1", "do": "replay"}),
        Example("/console/queues/payment", form={"id": "1", "do": "drop", "reason": "7b1"}),
        Example("/console/queues/payment", 422, {"id": "1", "do": "drop"}),
        Example("/console/queues/payment", 422, {"do": "replay"}),
        Example("/console/queues/nothing", 404),
    ),
    "/console/queues/{service}/{letter_id}": (
        Example("/console/queues/payment/1"),
        Example("/console/queues/payment/3", 404),
    ),
    "/console/login": (
        Example("/console/login"),
        Example("/console/login?out=1"),
        Example("/console/login", 401, {**_LOGIN, "password": "401"}, state="wrong"),
        Example("/console/login", 429, {**_LOGIN, "password": "429", "kept-name": "Budi"}, state="too often"),
        Example("/console/login", 503, {**_LOGIN, "password": "503"}, state="unavailable"),
    ),
    "/console/sessions": (
        Example("/console/sessions"),
        Example("/console/sessions?done=ended"),
        Example("/console/sessions", headers={"Cookie": f"theme=dark; __Host-staff={'k' * 43}"}, state="dark"),
        Example("/console/theme", 303, {"theme": "dark", "to": "/console/sessions"}),
        Example("/console/theme", 303, {"theme": "7b1"}, state="unknown"),
    ),
    "/console/password": (Example("/console/password?done=changed"), Example("/console/password", 422, {})),
    "/console/staff": (Example("/console/staff"), Example("/console/staff?cursor=x&done=created")),
    "/console/staff/new": (Example("/console/staff/new"), Example("/console/staff/new", 409, _NEW)),
    "/console/staff/{staff_id}": (
        Example(_MEMBER),
        Example(f"{_MEMBER}?done=saved"),
        Example(_MEMBER, 409, _NEW),
        Example("/console/staff/0190c0de-0000-7000-8000-00000000000f", 404, answers={STAFF: json_of({"items": []})}),
    ),
}
"""Examples by the path of the route in Indonesian."""
