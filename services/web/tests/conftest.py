"""The pages, on answers of registration's API that a test chooses."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import httpx
import pytest

from .own_app import app_on

NOW = datetime(2027, 1, 4, 3, 0, tzinfo=UTC)


def category(name: str = "5K", *, left: int = 162, quota: int = 500, **fields: Any) -> dict[str, Any]:
    """Return a category as registration's API shows it."""
    return {
        "id": str(uuid5(NAMESPACE_DNS, name)),
        "name": name,
        "slug": name.lower(),
        "description": None,
        "distance": None,
        "price_individual": "150000.00",
        "price_collective_5": "140000.00",
        "price_collective_10": None,
        "quota": quota,
        "places_left": left,
        "is_active": True,
        "registration_open_at": None,
        "registration_close_at": None,
        "field_of_a_newer_release": 1,
        **fields,
    }


def race(name: str = "Jakarta Fun Run", *categories: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a race as registration's API shows it."""
    return {
        "name": name,
        "slug": name.lower().replace(" ", "-"),
        "description": None,
        "event_date": "2027-08-17",
        "location": "Senayan, Jakarta",
        "timezone": "Asia/Jakarta",
        "categories": list(categories or (category(),)),
        **fields,
    }


def picture(kind: str = "banner", *widths: int, version: str = "abc123", share: bool = True) -> dict[str, Any]:
    """Return a picture of a race as registration's API shows it."""
    path = f"/api/registration/v1/events/jakarta-fun-run/{kind}"
    files = [
        {"address": f"{path}/{width}.webp?v={version}", "width": width, "height": width * 5 // 8}
        for width in widths or (320, 768, 1280)
    ]
    shared = {"address": f"{path}/share.jpg?v={version}", "width": 1200, "height": 750} if share else None
    return {"version": version, "files": files, "share": shared}


@dataclass
class Registration:
    """Registration's API: the races that it answers with, or how it fails."""

    races: list[dict[str, Any]] = field(default_factory=list)
    failure: Exception | httpx.Response | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.failure, Exception):
            raise self.failure
        if self.failure is not None:
            return self.failure
        slug = request.url.path.removeprefix("/api/registration/v1/events").strip("/")
        return self._one(slug) if slug else self._list(request.url.params)

    def _one(self, slug: str) -> httpx.Response:
        found = [each for each in self.races if each["slug"] == slug]
        problem = {"code": "unknown_event", "detail": "There is no such event.", "status": 404}
        return httpx.Response(200, json=found[0]) if found else httpx.Response(404, json=problem)

    def _list(self, asked: httpx.QueryParams) -> httpx.Response:
        """Answer with a page of the races whose name or place has all words; the cursor is a number."""
        words = asked.get("q", "").lower().split()
        found = [
            each for each in self.races if all(word in f"{each['name']} {each['location']}".lower() for word in words)
        ]
        first, most = int(asked.get("cursor", 0)), int(asked.get("limit", len(found) or 1))
        texts = ("description", "rules", "pickup_info") if asked.get("fields") == "summary" else ()
        items = [{name: value for name, value in each.items() if name not in texts} for each in found]
        more = str(first + most) if len(items) > first + most else None
        return httpx.Response(200, json={"items": items[first : first + most], "next_cursor": more})


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@pytest.fixture
def registration() -> Registration:
    return Registration()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def site(registration: Registration, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(registration), base_url="http://registration") as api:
        app = app_on(api, clock=clock)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://web.test") as client:
            yield client
