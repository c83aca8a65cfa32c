"""The owner who walks through the console, and what the APIs answer on the way."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import httpx
from chassis.auth.principals import Role
from chassis.errors import Unavailable
from web.sessions.staff import StaffSession
from web.upstream.client import Problem, Refused
from web.upstream.identity import Account
from web.visitors import Visitor

from .conftest import NOW, category, race
from .runner_apis import problem

IDENTITY: Final = "/api/identity/v1"
API: Final = "/api/registration/v1"
OWNER: Final = UUID("0190c0de-0000-7000-8000-00000000000a")
_SESSION: Final = UUID("0190c0de-0000-7000-8000-00000000000b")
_EVENT: Final = "0190c0de-0000-7000-8000-00000000000c"
CATALOG: Final = ("GET", f"{API}/catalog")
STAFF: Final = ("GET", f"{IDENTITY}/staff")
NAMES: Final = ("GET", f"{IDENTITY}/staff/names")

SERVICES: Final = ("registration", "payment", "notification", "checkin", "identity")
CODES: Final = (
    "payment.verify",
    "payment.uploaded",
    "status",
    "amount",
    "expire",
    "handler",
    "ValueError",
    "staff:1",
    "7b1",
    '{ "a": [ 1, null ] }',
)

PEOPLE: Final = (*CODES, "Budi Santoso", "owner@lari.example", "127.0.0.1", "10.0.0.9", "Firefox")


class StaffAs:
    """The sessions of a console in which everybody is the same person, and no login succeeds.

    Args:
        role: of that person.
    """

    def __init__(self, role: Role = Role.OWNER) -> None:
        self._role = role

    async def open(self, email: str, password: str, visitor: Visitor, *, device: str) -> str:
        """Refuse the login as the password says.

        Raises:
            Refused, Unavailable.
        """
        if password == "503":  # a status
            raise Unavailable
        answer = problem(int(password), "refused", headers={"Retry-After": "7"})
        raise Refused(answer.status_code, Problem.model_validate_json(answer.content), answer.headers)

    async def forget(self, key: str) -> None:
        """Do nothing."""

    async def find(self, key: str, visitor: Visitor, *, is_used: bool = True) -> StaffSession:
        """Return the session of that person."""
        account = Account(id=OWNER, name="Budi Santoso", email="owner@lari.example", role=self._role)
        return StaffSession(_SESSION, account, "token")

    async def devices(self, staff_id: UUID) -> Mapping[UUID, str]:
        """Return the browsers of that person."""
        return {_SESSION: "Firefox"}


def json_of(content: Any) -> httpx.Response:
    return httpx.Response(200, json=content)


def _member(**fields: Any) -> dict[str, Any]:
    at = NOW.isoformat()
    owner = {"id": str(OWNER), "name": "Budi Santoso", "email": "owner@lari.example", "role": "owner"}
    return {**owner, "is_active": True, "created_at": at, "updated_at": at, **fields}


def _session(**fields: Any) -> dict[str, Any]:
    at = NOW.isoformat()
    times = {"created_at": at, "last_used_at": at, "expires_at": at}
    return {"id": str(_SESSION), "source": "127.0.0.1", "is_current": True, **times, **fields}


def _own_race(name: str = "Jakarta Fun Run", **fields: Any) -> dict[str, Any]:
    found = race(name, category(), category("10K", left=0, is_active=False), id=_EVENT, is_active=True)
    return {**found, **fields}


def _counts() -> list[dict[str, Any]]:
    counted = {"registrations": 2, "participants": 3, "amount": "450000.00", "currency": "IDR"}
    statuses = ("pending_payment", "payment_uploaded", "payment_verified", "expired", "cancelled")
    return [{"category_id": category()["id"], "category_name": "5K", "status": each, **counted} for each in statuses]


def audited(*entries: dict[str, Any]) -> httpx.Response:
    """Return a page of the audit log."""
    entry = {
        "at": NOW.isoformat(),
        "actor": "staff:1",
        "action": "payment.verify",
        "subject": "7b1",
        "before": {"status": 1},
        "after": {"status": 2},
        "details": {"before": {}, "after": {}, "amount": None},
        "correlation_id": "x",
    }
    return json_of({"items": [{**entry, **each} for each in entries], "next_cursor": None})


def _letter(letter_id: int, **fields: Any) -> dict[str, Any]:
    at = NOW.isoformat()
    reasons = {"failure_reason": "handler", "last_exception": "ValueError"}
    return {"id": letter_id, "event_type": "payment.uploaded", "created_at": at, "failed_at": at, **reasons, **fields}


def _queues(waiting: int, *, oldest: float | None) -> httpx.Response:
    some = {"waiting": waiting, "oldest_seconds": oldest, "next_due_at": None}
    given_up = {"event_type": "payment.uploaded", "failure_reason": "handler", "count": waiting}
    at = NOW.isoformat()
    aside = {"job": "expire", "subject_id": _EVENT, "reason": "ValueError", "since": at, "retry_at": at}
    return json_of(
        {
            "outbox": some,
            "retries": some,
            "dead_letters": {"count": waiting, "by_type": [given_up]},
            "processed": [{"event_type": "payment.uploaded", "last_hour": 3, "last_day": 70_000}],
            "set_aside": [{**aside, "age_seconds": 7200.0}] if waiting else [],
        }
    )


LETTERS: Final = "/api/payment/v1/dead-letters"

CONSOLE_ANSWERS: Mapping[tuple[str, str], httpx.Response] = {
    **{("GET", f"/api/{name}/v1/audit"): audited({}) for name in SERVICES},
    **{("GET", f"/api/{name}/v1/queues"): _queues(at, oldest=at * 70.0 or None) for at, name in enumerate(SERVICES)},
    ("GET", LETTERS): json_of({"items": [_letter(1), _letter(2, event_type=None)], "next_cursor": "x"}),
    ("GET", f"{LETTERS}/1"): json_of(_letter(1, payload={"a": [1, None]})),
    ("POST", f"{LETTERS}/bulk/replay"): json_of(
        {"items": [{"id": 1, "result": "replayed"}, {"id": 2, "result": "forged"}], "done": 1}
    ),
    ("POST", f"{LETTERS}/bulk/drop"): json_of({"items": [{"id": 1, "result": "unknown"}], "done": 0}),
    CATALOG: json_of({"items": [_own_race(), _own_race("Bandung Lari", is_active=False)]}),
    ("GET", f"{API}/stats"): json_of({"items": _counts()}),
    ("GET", f"{IDENTITY}/me/sessions"): json_of(
        {"items": [_session(), _session(id=str(OWNER), is_current=False, source="10.0.0.9")]}
    ),
    NAMES: json_of({"items": [{"id": str(OWNER), "name": "Budi Santoso"}]}),
    STAFF: json_of({"items": [_member(), _member(id=_EVENT, role="viewer", is_active=False)], "next_cursor": "x"}),
    ("POST", f"{IDENTITY}/me/password"): problem(
        422, "invalid_fields", errors=[{"field": "new_password", "message": "123"}]
    ),
    ("POST", f"{IDENTITY}/staff"): problem(409, "email_taken", detail="123"),
    ("PATCH", f"{IDENTITY}/staff/{OWNER}"): problem(409, "last_owner", detail="123"),
    ("DELETE", f"{IDENTITY}/staff/{OWNER}/sessions"): httpx.Response(204),
}
