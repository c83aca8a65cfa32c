"""The console on answers that a test chooses, with what it asked the APIs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from chassis.auth.principals import Role

from .markup import Element, parsed
from .walk import ANSWERS, answering, app_on, browser
from .walk_registrations_answers import ANSWERS as OF_LISTS
from .walk_staff import StaffAs


@dataclass
class Console:
    """A browser in the console.

    Attributes:
        answers: of the APIs, instead of those of the walk; a list is used up one by one.
        asked: what the APIs were asked.
    """

    answers: dict[tuple[str, str], httpx.Response | list[httpx.Response]] = field(default_factory=dict)
    role: Role = Role.OWNER
    asked: list[httpx.Request] = field(default_factory=list)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        chosen = self.answers.get((request.method, request.url.path))
        found = chosen.pop(0) if isinstance(chosen, list) else chosen
        own = {} if found is None else {(request.method, request.url.path): found}
        return answering({**ANSWERS, **OF_LISTS, **own})(request)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        """Open a browser of a member of staff."""
        app = app_on(self._answer)
        app.state.staff_sessions = StaffAs(self.role)
        async with browser(app) as client:
            client.headers["Cookie"] = f"__Host-staff={'k' * 43}"
            yield client

    async def get(self, path: str, **query: Any) -> Element:
        """Return a page in English."""
        async with self.open() as client:
            return parsed((await client.get(f"/en/console{path}", params=query)).text)

    async def post(self, path: str, form: Any) -> httpx.Response:
        """Send a form."""
        async with self.open() as client:
            return await client.post(f"/en/console{path}", data=form)

    def asked_of(self, path: str, method: str = "GET") -> list[httpx.Request]:
        """Return what an API was asked at a path."""
        return [each for each in self.asked if each.url.path == path and each.method == method]

    def params(self, path: str) -> dict[str, str]:
        """Return the query of the only GET at a path."""
        [request] = self.asked_of(path)
        return dict(request.url.params)

    def body(self, path: str) -> Any:
        """Return what was sent to a path last."""
        return json.loads(self.asked_of(path, "POST")[-1].content)


def links(page: Element, words: str) -> list[str]:
    """Return where the links with these words lead."""
    return [each.attributes["href"] for each in page.all("a") if words in each.text]


def fields(page: Element, name: str) -> list[str]:
    """Return the values of the fields of a name."""
    return [each.attributes["value"] for each in page.all("input") if each.get("name") == name]


def ids(count: int) -> list[str]:
    """Return ids in their order."""
    return [str(UUID(int=(0x0190C0DE << 96) + at)) for at in range(count)]
