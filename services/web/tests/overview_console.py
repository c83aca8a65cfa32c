"""The console's first page on answers that a test chooses, and what it shows."""

import asyncio
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from chassis.auth.principals import Role
from fastapi import FastAPI
from web.console.overview.remembered import LastAnswers
from web.sessions.staff import StaffSession
from web.upstream.identity import Account
from web.visitors import Visitor

from . import own_app
from .conftest import Clock, category, race
from .markup import Element, parsed
from .walk import ANSWERS, answering, browser
from .walk_overview_answers import OVERVIEW_ANSWERS, TIMELINE, json_of
from .walk_staff import CATALOG, SERVICES

ZONE: Final = ZoneInfo("Asia/Makassar")
COOKIE: Final = {"Cookie": f"__Host-staff={'k' * 43}"}
AWAY: Final = httpx.Response(502)
PAGE: Final = "/en/console"
RACE: Final = race(
    "Jakarta Fun Run",
    category(),
    category("10K", left=0, is_active=False),
    id=str(UUID(int=7)),
    is_active=True,
    timezone=ZONE.key,
)
QUEUES: Final = [("GET", f"/api/{name}/v1/queues") for name in SERVICES]


class Staff:
    """The sessions of a console in which everybody has one role."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self.uses: list[bool] = []

    async def forget(self, key: str) -> None:
        """Do nothing."""

    async def find(self, key: str, visitor: Visitor, *, is_used: bool = True) -> StaffSession:
        """Return the session."""
        self.uses.append(is_used)
        return StaffSession(
            UUID(int=1), Account(id=UUID(int=2), name="Sari", email="s@x.example", role=self._role), "t"
        )


class Console:
    """The console on answers that a test changes.

    Attributes:
        of_all_races: other answers to what is asked without a race.
        hours, days: what happened, by when it began; the timeline answers with these buckets.
        finished_before: for each call, how many others had been answered when it was made.
        hanging: the service that takes requests and does not answer; empty if all do.
    """

    def __init__(self, role: Role) -> None:
        self.answers: dict[tuple[str, str], httpx.Response] = {
            **ANSWERS,
            **OVERVIEW_ANSWERS,
            CATALOG: json_of({"items": [RACE]}),
        }
        self.of_all_races: dict[tuple[str, str], httpx.Response] = {}
        self.hours: list[dict[str, Any]] = []
        self.days: list[dict[str, Any]] = []
        self.clock = Clock()
        self.staff = Staff(role)
        self.calls: list[httpx.Request] = []
        self.finished_before: list[int] = []
        self.hanging = ""
        self._finished = 0
        self._last = LastAnswers(self.clock)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as an API."""
        self.calls.append(request)
        self.finished_before.append(self._finished)
        if self.hanging and request.url.path.startswith(f"/api/{self.hanging}/"):
            await asyncio.Event().wait()
        for _ in range(100):  # long enough for all calls that do not wait for this one
            await asyncio.sleep(0)
        self._finished += 1
        answers = {**self.answers, **({} if "event_id" in request.url.params else self.of_all_races)}
        if answers[TIMELINE].status_code == 200:
            items = self.hours if request.url.params.get("interval") == "hour" else self.days
            answers[TIMELINE] = json_of({"items": items})
        return answering(answers)(request)

    def asked(self, **query: str) -> list[httpx.QueryParams]:
        """Return the queries of the calls that have these parameters."""
        found = [each.url.params for each in self.calls]
        return [each for each in found if query.items() <= dict(each).items()]

    async def get(self, address: str = PAGE, **headers: str) -> httpx.Response:
        """Open a page."""
        app = _app()
        state = {"clock": self.clock, "staff_sessions": self.staff, "last_answers": self._last, "console": self}
        for name, value in state.items():
            setattr(app.state, name, value)
        async with browser(app) as client:
            return await client.get(address, headers={**COOKIE, **headers})

    async def page(self, address: str = PAGE) -> Element:
        """Return a page that is there."""
        answer = await self.get(address)
        assert answer.status_code == 200
        return parsed(answer.text)


@cache
def _app() -> FastAPI:
    """Return the application, whose templates are read once for all tests. It calls the console that is in use."""

    async def answer(request: httpx.Request) -> httpx.Response:
        console: Console = app.state.console
        return await console.answer(request)

    app = own_app.app_on(httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://apis"))
    return app


def needs(page: Element) -> dict[str, tuple[str, str]]:
    """Return what needs somebody: number and urgency by address."""
    found = {each.get("href") or "": each for each in page.all("a") if (each.get("class") or "").startswith("need ")}
    return {
        address.removeprefix("/en/console/"): (
            each.one("b").text,
            (each.get("class") or "").split()[1].removeprefix("need-"),
        )
        for address, each in found.items()
    }


def tiles(page: Element) -> dict[str, str]:
    """Return the texts of the tiles by their names."""
    found = {each.one("dt").text: each for each in page.all("div") if (each.get("class") or "").split()[:1] == ["tile"]}
    return {name: each.text.removeprefix(name).strip() for name, each in found.items()}


def local(day: int, hour: int = 0) -> datetime:
    """Return a time of January in the zone of the race. `NOW` is the fourth at 11.00."""
    return datetime(2027, 1, day, hour, tzinfo=ZONE)
