"""The console as one member of staff uses it, on answers of the APIs that a test chooses."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from chassis.auth.principals import Role

from . import own_app
from .conftest import NOW
from .markup import Element, parsed
from .walk import ANSWERS, Answers, answering, app_on, browser
from .walk_registration_answers import ANSWERS as OF_AREA
from .walk_staff import StaffAs


@dataclass
class OwnConsole:
    """A browser in the console.

    Attributes:
        requests: those that reached the APIs.
    """

    client: httpx.AsyncClient
    requests: list[httpx.Request] = field(default_factory=list)

    async def open(self, path: str, *, status: int = 200) -> Element:
        """Open a page in English."""
        answer = await self.client.get(f"/en{path}")
        assert answer.status_code == status, answer.text
        return parsed(answer.text)

    async def send(self, path: str, *, status: int, **form: str) -> Element:
        """Send a form and return the page that is the answer."""
        answer = await self.client.post(f"/en{path}", data=form)
        assert answer.status_code == status, answer.text
        return parsed(answer.text)

    async def sent_to(self, path: str, /, **form: str) -> str:
        """Send a form that is accepted and return the address of the page that follows."""
        return self._following(await self.client.post(f"/en{path}", data=form))

    async def sent_with(self, picture: bytes, path: str, /, **form: str) -> str:
        """Send a form with a picture that is accepted and return the address of the page that follows."""
        files = {"file": ("proof.png", picture, "image/png")}
        return self._following(await self.client.post(f"/en{path}", data=form, files=files))

    def _following(self, answer: httpx.Response) -> str:
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def bodies(self, method: str, path: str) -> list[Any]:
        """Return what the calls of an API contained."""
        found = [each for each in self.requests if (each.method, each.url.path) == (method, path)]
        return [json.loads(each.content) if each.content else None for each in found]

    def asked(self, path: str) -> list[Mapping[str, str]]:
        """Return the queries of the GETs of an API."""
        found = [each for each in self.requests if (each.method, each.url.path) == ("GET", path)]
        return [dict(each.url.params) for each in found]


@asynccontextmanager
async def own_console(answers: Answers | None = None, *, role: Role = Role.ADMIN) -> AsyncIterator[OwnConsole]:
    """Open the console on these answers, and those of the walk for all else."""
    requests: list[httpx.Request] = []
    answer = answering({**ANSWERS, **OF_AREA, **(answers or {})})

    def recording(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        return answer(request)

    app = app_on(recording)
    app.state.staff_sessions = StaffAs(role)
    async with browser(app) as client:
        client.headers["Cookie"] = f"__Host-staff={'k' * 43}"
        yield OwnConsole(client, requests)


async def asked_one_after_the_other(path: str, answers: Answers) -> list[str]:
    """Open a page and return the paths of the APIs that were asked only after another one had answered."""
    late: list[str] = []
    answer, answered = answering({**ANSWERS, **answers}), 0

    async def noting(request: httpx.Request) -> httpx.Response:
        nonlocal answered
        if answered:
            late.append(request.url.path)
        await asyncio.sleep(0.01)
        answered += 1
        return answer(request)

    apis = httpx.AsyncClient(transport=httpx.MockTransport(noting), base_url="http://apis")
    app = own_app.app_on(apis, clock=lambda: NOW)
    app.state.staff_sessions = StaffAs(Role.ADMIN)
    async with apis, browser(app) as client:
        page = await client.get(f"/en{path}", headers={"Cookie": f"__Host-staff={'k' * 43}"})
    assert page.status_code == 200, page.text
    return late
