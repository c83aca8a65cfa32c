"""Registration's API as the form needs it: it takes registrations once per key and person, or fails as told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from .conftest import Clock, Registration
from .own_app import SITE, app_on

STATUS_PATH = "/r/FR5K-00001/code-of-the-link"


def problem(status: int, code: str, **members: Any) -> httpx.Response:
    """Return a problem document in Indonesian."""
    headers = {"Retry-After": "3"} if status in (429, 503) else {}
    body = {"code": code, "detail": f"Ditolak: {code}.", "errors": [], **members}
    return httpx.Response(status, json=body, headers=headers)


@dataclass
class RegistrationApi:
    """What the form talks to.

    Attributes:
        races: answered to `GET /events` and to GET of each.
        next: answers or errors of the next requests to register, in order; then they are accepted.
        lost: how many answers get lost after the registration is stored.
        posted: requests to register or to join, in order.
        registered: path and key of what is stored, with the body.
    """

    races: list[dict[str, Any]] = field(default_factory=list)
    next: list[httpx.Response | Exception] = field(default_factory=list)
    lost: int = 0
    is_down: bool = False
    posted: list[httpx.Request] = field(default_factory=list)
    registered: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("refused")
        if request.method == "GET":
            return Registration(self.races)(request)
        if not request.url.path.endswith(("/registrations", "/waitlist")):
            return problem(404, "not_found")
        self.posted.append(request)
        if self.next:
            answer = self.next.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self._take(request)

    @property
    def body(self) -> dict[str, Any]:
        """Return the last form that arrived."""
        found: dict[str, Any] = json.loads(self.posted[-1].content)
        return found

    @property
    def keys(self) -> list[str]:
        """Return the idempotency keys in order of arrival."""
        return [each.headers["Idempotency-Key"] for each in self.posted]

    def _take(self, request: httpx.Request) -> httpx.Response:
        name = (request.url.path, request.headers["Idempotency-Key"])
        first = self.registered.get(name)
        if first is None and self._people(request.content) & self._registered_people():
            return problem(409, "already_registered", participants=[0])
        if first not in (None, request.content):
            return problem(422, "idempotency_key_reused")
        self.registered[name] = request.content
        if self.lost:
            self.lost -= 1
            raise httpx.ReadTimeout("lost")
        return httpx.Response(201, json={"status_url": f"https://lari.example{STATUS_PATH}"})

    def _registered_people(self) -> set[str]:
        return set().union(*(self._people(each) for each in self.registered.values()))

    @staticmethod
    def _people(content: bytes) -> set[str]:
        return {each["full_name"] for each in json.loads(content)["participants"]}


def runner(number: int = 1, **changes: str) -> dict[str, str]:
    """Return what a runner types into the form."""
    typed = {
        "full_name": f"Peserta Budi {'ABCDEFGHIJ'[number - 1]}",
        "whatsapp": "0812 3456 7890",
        "email": f"budi{number}@example.com",
        "gender": "male",
        "date_of_birth-day": "31",
        "date_of_birth-month": "Januari",
        "date_of_birth-year": "1990",
        "jersey_size": "l",
        "identity_number": "",
        "emergency_contact_name": "Siti",
        "emergency_contact_phone": "0812 9876 5432",
        **changes,
    }
    return {f"p{number}-{name}": value for name, value in typed.items()}


def group(size: int) -> dict[str, str]:
    """Return what a group types, with runner 2 as the contact person."""
    return {"pic": "2", **{name: value for number in range(1, size + 1) for name, value in runner(number).items()}}


@asynccontextmanager
async def browser_of(api: RegistrationApi, clock: Clock, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Open a browser without scripts on the pages, which talk to the API."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://registration") as upstream:
        app = app_on(upstream, clock=clock, **settings)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            yield client


class Page(HTMLParser):
    """What a person finds on a page: its words, links, fields and their values.

    Attributes:
        fields: value by name, of all fields that would be sent.
        buttons: name and value of the buttons of the form, and the address that a button sends to.
        opened: ids of the sections that are open.
    """

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.title = ""
        self.words: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str | None, str | None]] = []
        self.opened: list[str] = []
        self.tags: list[dict[str, str | None]] = []
        self._inside = ""
        self.feed(answer.text)

    @property
    def text(self) -> str:
        """Return the words with single spaces."""
        return " ".join(self.words)

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        self.words += data.split()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._inside = tag
        self.tags.append({"": tag, **found})
        if found.get("id"):
            self.ids.add(found["id"] or "")
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag == "button":
            self.buttons.append((found.get("value"), found.get("formaction")))
        if tag == "details" and "open" in found:
            self.opened.append(found.get("id") or "")
        if (
            tag == "input"
            and found.get("name")
            and (found.get("type") not in ("radio", "checkbox") or "checked" in found)
        ):
            self.fields[found["name"] or ""] = found.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
