"""A member of staff at pages of the console, before APIs that note what they are asked."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from chassis.auth.principals import Role

from .walk import ANSWERS, Answers, answering, app_on, browser
from .walk_messages_answers import ANSWERS as OF_AREA
from .walk_staff import StaffAs


class Desk:
    """A browser of a member of staff, and the requests that the APIs got."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.requests: list[httpx.Request] = []

    async def see(self, address: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return await self._client.get(f"/en/console{address}", headers=headers)

    async def send(self, address: str, form: Mapping[str, Any], **options: Any) -> httpx.Response:
        """Send a form."""
        return await self._client.post(f"/en/console{address}", data=form, **options)

    def asked(self, method: str, path: str) -> list[httpx.Request]:
        """Return the requests to a path of an API."""
        return [each for each in self.requests if (each.method, each.url.path) == (method, path)]

    def body(self, method: str, path: str) -> Any:
        """Return what the only request to a path brought."""
        [request] = self.asked(method, path)
        return json.loads(request.content)


@asynccontextmanager
async def desk(
    answers: Answers | None = None, *, role: Role = Role.ADMIN, usual: Answers = OF_AREA
) -> AsyncIterator[Desk]:
    """Open a browser before APIs that answer as in the walk through all pages, but for `answers`.

    Args:
        usual: answers of the area that the test is about.
    """
    found = answering({**ANSWERS, **usual, **(answers or {})})
    noted: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        noted.append(request)
        return found(request)

    app = app_on(answer)
    app.state.staff_sessions = StaffAs(role)
    async with browser(app) as client:
        client.headers["Cookie"] = f"__Host-staff={'k' * 43}"
        at_desk = Desk(client)
        at_desk.requests = noted
        yield at_desk
