"""Registration's API as far as pages of races need it: races and categories in memory, which it changes and refuses."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from chassis.auth.principals import Role
from web.sessions.staff import StaffSession
from web.upstream.identity import Account
from web.visitors import Visitor

from . import own_app
from .conftest import NOW
from .markup import Element, parsed
from .walk import problem
from .walk_prices import phase
from .walk_races_answers import RACE, staff_category, staff_race

API: Final = "/api/registration/v1"
RACES: Final = f"{API}/events"
CONSOLE: Final = "/en/console/races"
ONE: Final = f"{CONSOLE}/{RACE}"

Refusal = Callable[[httpx.Request], httpx.Response | None]


def nothing_refused(_: httpx.Request) -> None:
    """Refuse nothing."""


@dataclass
class RacesApi:
    """The APIs.

    Attributes:
        changes: requests that are no reading, in their order.
        refuse: answers a request instead; None to let it through.
        after: the same, once the change is made, as when an answer is lost.
        phases: of prices, by category.
        course: the file of every race that has one.
    """

    races: list[dict[str, Any]] = field(default_factory=lambda: [staff_race()])
    changes: list[httpx.Request] = field(default_factory=list)
    refuse: Refusal = nothing_refused
    after: Refusal = nothing_refused
    phases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    course: bytes = b"<gpx/>"
    stats: dict[str, Any] = field(default_factory=lambda: {"items": [], "categories": []})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.changes.append(request)
        answer = self.refuse(request) or self._answer(request)
        return self.after(request) or answer

    def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911  # one for each route
        match request.method, request.url.path.removeprefix(API).strip("/").split("/"):
            case "GET", ["catalog"]:
                return httpx.Response(200, json={"items": self.races})
            case "GET", ["stats"]:
                return httpx.Response(200, json=self.stats)
            case "POST", ["events"]:
                return self._create(sent(request))
            case "PATCH", ["events", race_id]:
                self.race(race_id).update(sent(request))
                return httpx.Response(200, json={})
            case "POST", ["events", race_id, "categories"]:
                return self._create_category(self.race(race_id), sent(request))
            case "PATCH", ["categories", category_id]:
                self.category(category_id).update(sent(request))
                return httpx.Response(200, json={})
            case "PUT" | "DELETE", ["events", _, "banner" | "logo"]:
                return httpx.Response(204)
        return self._answer_more(request)

    def _answer_more(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path.removeprefix(API).strip("/").split("/"):
            case "GET", ["categories", category_id, "price-phases"]:
                return httpx.Response(200, json={"items": self.phases.get(category_id, [])})
            case "POST", ["categories", category_id, "price-phases"]:
                self.phases.setdefault(category_id, []).append({**phase(), "id": str(uuid4()), **sent(request)})
                return httpx.Response(201, json={})
            case "GET", ["catalog", _, "course.gpx"]:
                return httpx.Response(200, content=self.course)
            case "PUT", ["events", race_id, "course"]:
                self.race(race_id)["has_course"] = True
                return httpx.Response(200, json={})
        return problem(404, "not_found")

    def race(self, race_id: str) -> dict[str, Any]:
        """Return a race."""
        return next(each for each in self.races if each["id"] == race_id)

    def category(self, category_id: str) -> dict[str, Any]:
        """Return a category."""
        return next(each for race in self.races for each in race["categories"] if each["id"] == category_id)

    def _create(self, body: Mapping[str, Any]) -> httpx.Response:
        if any(each["slug"] == body["slug"] for each in self.races):
            return problem(409, "slug_taken", detail="Another one has this slug already.")
        self.races.append({**staff_race(body["name"]), "id": str(uuid4()), **body})
        return httpx.Response(201, json={})

    def _create_category(self, race: dict[str, Any], body: Mapping[str, Any]) -> httpx.Response:
        known = [each for race in self.races for each in race["categories"]]
        if any(each["registration_prefix"] == body["registration_prefix"] for each in known):
            return problem(409, "prefix_taken", detail="Another category has this prefix already.")
        defaults = staff_category(price_collective_5=None)
        race["categories"].append({**defaults, "id": str(uuid4()), **body})
        return httpx.Response(201, json={})

    def of(self, method: str, path: str) -> list[httpx.Request]:
        """Return the changes of a kind."""
        return [each for each in self.changes if (each.method, each.url.path) == (method, path)]


def sent(request: httpx.Request) -> dict[str, Any]:
    """Return the JSON of a request."""
    found: dict[str, Any] = json.loads(request.content)
    return found


@dataclass
class StaffOfRole:
    """Sessions of a console in which everybody has one role."""

    role: Role

    async def find(self, key: str, visitor: Visitor, *, is_used: bool = True) -> StaffSession:
        """Return the session of that role."""
        account = Account(id=UUID(int=1), name="Sari", email="sari@lari.example", role=self.role)
        return StaffSession(UUID(int=2), account, "token")


@asynccontextmanager
async def console(api: RacesApi, role: Role = Role.ADMIN) -> AsyncIterator[httpx.AsyncClient]:
    """Open a browser of somebody who is logged in, at `NOW`."""
    apis = httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://apis")
    app = own_app.app_on(apis, clock=lambda: NOW)
    app.state.staff_sessions = StaffOfRole(role)
    headers = {"Cookie": f"__Host-staff={'k' * 43}", "Sec-Fetch-Site": "same-origin"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with apis, httpx.AsyncClient(transport=transport, base_url=own_app.SITE, headers=headers) as browser:
        yield browser


async def opened(browser: httpx.AsyncClient, address: str) -> Element:
    """Return the page at an address."""
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.status_code
    return parsed(answer.text)


def fields(page: Element) -> dict[str, str]:
    """Return what a browser would send of a page's form as it stands."""
    [form] = [each for each in page.all("form") if "data-unsaved" in each.attributes]
    found = {}
    for each in form.all("input", "textarea", "select"):
        name, kind = each.get("name"), each.get("type")
        if not name or (kind == "checkbox" and each.get("checked") is None):
            continue
        chosen = [option for option in each.all("option") if option.get("selected") is not None]
        value = (chosen or each.all("option"))[0].get("value") if each.tag == "select" else each.get("value")
        found[name] = "".join(part.content for part in each.walk()) if each.tag == "textarea" else value or ""
    return found


def error(page: str, name: str) -> str:
    """Return the message at a field."""
    return parsed(page).one("p", id=f"{name}-error").text
