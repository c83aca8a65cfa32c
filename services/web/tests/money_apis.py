"""The console as staff with a role use it, before APIs of a payment service that remembers what it was asked."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx
from chassis.auth.principals import Role
from web.sessions.staff import StaffSession
from web.upstream.identity import Account
from web.visitors import Visitor

from . import walk_money_answers as answers
from .conftest import NOW
from .own_app import app_on
from .runner_apis import problem
from .walk_money_answers import COLLEAGUE, ENTRY, ME, PAYMENT, REGISTRATION, answer, at, paid

SCRIPT: Final = {"HX-Request": "true", "HX-Current-URL": "/en/console/review"}
"""Headers of a request that the script of a page makes."""

_SESSION: Final = UUID("0190c0de-0000-7000-8000-00000000000b")


@dataclass
class Staff:
    """The sessions of a console in which everybody has one role.

    Attributes:
        used: whether each look-up counted as use of the session.
        is_out: whether the session has ended.
    """

    role: Role = Role.FINANCE
    used: list[bool] = field(default_factory=list)
    is_out: bool = False

    async def find(self, key: str, visitor: Visitor, *, is_used: bool = True) -> StaffSession | None:
        """Return the session."""
        self.used.append(is_used)
        account = Account(id=UUID(ME), name="Sari", email="sari@lari.example", role=self.role)
        return None if self.is_out else StaffSession(_SESSION, account, "the-token")


@dataclass
class PaymentApi:
    """Payment's API with proofs in a queue, and answers that a test chooses.

    Attributes:
        queue: waiting proofs, the oldest first; the first one is leased next.
        chosen: answers by method and path, instead of its own.
        first: asked for an answer before all others; it may fail, or return None.
    """

    queue: list[dict[str, Any]] = field(default_factory=list)
    chosen: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    decided: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    first: Callable[[httpx.Request], httpx.Response | None] = lambda _: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        found = (
            self.first(request) or self.chosen.get((request.method, path)) or self._own(request.method, path, request)
        )
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    def sent(self, end: str) -> list[Mapping[str, Any]]:
        """Return the bodies of the requests to paths with this end."""
        found = [each for each in self.requests if each.method == "POST" and each.url.path.endswith(end)]
        return [json.loads(each.content or b"null") for each in found]

    def asked(self, end: str) -> list[Mapping[str, str]]:
        """Return the queries of the GETs of paths with this end."""
        found = [each for each in self.requests if each.method == "GET" and each.url.path.endswith(end)]
        return [dict(each.url.params) for each in found]

    def _own(self, method: str, path: str, request: httpx.Request) -> httpx.Response:
        if path == f"{PAYMENT}/review/next":
            return self._next(json.loads(request.content))
        parts = path.removeprefix(f"{PAYMENT}/").split("/")
        if method == "POST" and parts[0] == "payments" and len(parts) == 3:
            return self._decide(parts[1], parts[2])
        if method == "POST" and parts[0] == "payments" and parts[-1] == "confirm":
            return self._decide(parts[1], "verify")
        if method == "GET" and parts[0] == "payments" and len(parts) == 2:
            known = self.decided.get(parts[1]) or next((p for p in self.queue if p["payment_id"] == parts[1]), None)
            return answer(known) if known else problem(404, "unknown_payment")
        if path == f"{REGISTRATION}/registrations/{ENTRY}":
            return answers.entry()
        return answers.ANSWERS.get((method, path)) or problem(404, "not_found")

    def _next(self, body: Mapping[str, Any]) -> httpx.Response:
        known = [*self.decided.values(), *self.queue]
        left = body.get("after") or body.get("before")
        place = next((each["uploaded_at"] for each in known if each["payment_id"] == left), "")
        if "before" in body:
            free = [each for each in reversed(self.queue) if each["uploaded_at"] < place]
        else:
            free = [each for each in self.queue if each["uploaded_at"] > place]
        if not free:
            return httpx.Response(204)
        return answers.on_the_desk(waiting=len(self.queue), **free[0])

    def _decide(self, payment_id: str, verb: str) -> httpx.Response:
        if verb == "undo":
            undone = self.decided.pop(payment_id, None)
            if undone is None:
                return problem(409, "nothing_to_undo")
            self.queue.insert(0, {**undone, "held": None})
            return httpx.Response(204)
        found = next((each for each in self.queue if each["payment_id"] == payment_id), None)
        if found is None:
            return problem(409 if payment_id in self.decided else 404, "already_decided")
        self.queue.remove(found)
        outcome = "verified" if verb == "verify" else "rejected"
        self.decided[payment_id] = {**found, "held": answers.held(outcome)}
        return httpx.Response(204)

    def colleague_verifies(self, payment_id: str) -> None:
        """Let somebody else verify a proof of the queue."""
        found = next(each for each in self.queue if each["payment_id"] == payment_id)
        self.queue.remove(found)
        made = {"status": "verified", "verified_at": at(-0.1), "verified_by": COLLEAGUE}
        self.decided[payment_id] = {**found, **made}


def proof(number: int, **fields: Any) -> dict[str, Any]:
    """Return a waiting proof; a greater number came later."""
    payment_id = f"0190c0de-0000-7000-8000-0000000{number:05}"
    return paid(payment_id, registration_number=f"FR5K-{number:05}", uploaded_at=at(number - 90), **fields)


Api = Callable[[httpx.Request], httpx.Response] | Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
"""Answers requests to the APIs, as `PaymentApi` does."""


@asynccontextmanager
async def console(api: Api, staff: Staff | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Open the console before this API, in English."""
    apis = httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://apis")
    app = app_on(apis, clock=lambda: NOW)
    app.state.staff_sessions = staff or Staff()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Cookie": f"__Host-staff={'k' * 43}", "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(transport=transport, base_url="http://web.test/en", headers=headers) as client:
        yield client
    await apis.aclose()
