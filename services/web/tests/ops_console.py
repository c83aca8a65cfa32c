"""The console before APIs whose answers a test chooses, for staff of any role."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any
from uuid import UUID

import httpx
from chassis.auth.principals import Role
from fastapi import FastAPI
from web.sessions.staff import StaffSession
from web.upstream.identity import Account
from web.visitors import Visitor

from . import own_app
from .conftest import NOW
from .markup import Element, parsed
from .walk import ANSWERS, answering
from .walk_ops_answers import ANSWERS as OF_AREA
from .walk_staff import OWNER, StaffAs

REFRESH = {"X-Refresh": "1", "HX-Request": "true"}
Key = tuple[str, str]


_apis: ContextVar["Apis"] = ContextVar("_apis")
_role: ContextVar[Role] = ContextVar("_role")


class _SessionsOfRoles(StaffAs):
    async def find(self, key: str, visitor: Visitor, *, is_used: bool = True) -> StaffSession:
        account = Account(id=OWNER, name="Budi Santoso", email="owner@lari.example", role=_role.get())
        return StaffSession(UUID(int=1), account, "token-of-staff")


def _answer(request: httpx.Request) -> httpx.Response:
    return _apis.get()(request)


@cache
def _app() -> FastAPI:
    """Return the application, built once for all tests, before the APIs of the browser that makes a request."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(_answer), base_url="http://apis")
    app = own_app.app_on(client, clock=lambda: NOW)
    app.state.staff_sessions = _SessionsOfRoles()
    return app


def codes(page: Element) -> dict[str, str]:
    """Return what a page says about the codes in its files, by code."""
    found = page.one("details", class_="card codes").one("dl").all("div")
    return {each.one("dt").text: each.one("dd").text for each in found}


class Apis:
    """The APIs: those of the walk, with answers that a test changes, and what they were asked."""

    def __init__(self, answers: Mapping[Key, httpx.Response] | None = None) -> None:
        self.answers: dict[Key, httpx.Response] = {**ANSWERS, **OF_AREA, **(answers or {})}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return answering(self.answers)(request)

    def asked(self, method: str, path: str) -> list[httpx.Request]:
        """Return the requests of this method for this path."""
        return [each for each in self.requests if (each.method, each.url.path) == (method, path)]

    def query(self, path: str) -> dict[str, Any]:
        """Return the query of the only GET for this path."""
        [request] = self.asked("GET", path)
        return dict(request.url.params)

    def browser(self, role: Role = Role.OWNER) -> httpx.AsyncClient:
        """Open a browser of a member of staff."""

        async def before_these(scope: Any, receive: Any, send: Any) -> None:
            _apis.set(self)
            _role.set(role)
            await _app()(scope, receive, send)

        transport = httpx.ASGITransport(before_these, raise_app_exceptions=False)
        headers = {"Cookie": f"__Host-staff={'k' * 43}"}
        return httpx.AsyncClient(transport=transport, base_url="http://web.test", headers=headers)


async def page(browser: httpx.AsyncClient, path: str, *, status: int = 200, **headers: str) -> Element:
    """Return a page of the console in English."""
    answer = await browser.get(f"/en/console{path}", headers=headers)
    assert answer.status_code == status, answer.text
    return parsed(answer.text)


async def post(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form of the console in English."""
    return await browser.post(f"/en/console{path}", data=fields)
