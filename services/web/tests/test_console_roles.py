"""Roles in the console: every page admits whom it says, and asks no API for what its reader may not have there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from chassis.auth.access import Allow, api_routes, stated_access
from chassis.auth.principals import Role
from chassis.service import service_of
from fastapi import FastAPI
from starlette.routing import compile_path
from testkit.contract import environment
from web.console.menu import menu_of

from .markup import Element, parsed
from .walk import ANSWERS, Example, Walker, answering, app_on, browser
from .walk_examples import EXAMPLES
from .walk_staff import SERVICES

CONSOLE: Sequence[Example] = [
    each for path, examples in EXAMPLES.items() if path.startswith("/console") for each in examples
]
_OPEN_TO_ALL = re.compile(r"/console/log(in|out)")


@dataclass(frozen=True)
class Gate:
    """A route and the roles that it admits; None if anybody may call it."""

    method: str
    path: re.Pattern[str]
    access: Allow | None

    def admits(self, role: Role) -> bool:
        """Return whether a role may call it."""
        return self.access is None or role is Role.OWNER or role in self.access.roles


def gates_of(app: FastAPI) -> Sequence[Gate]:
    """Return the routes of an application in the order in which they are matched."""
    return [
        Gate(method, compile_path(each.path or "")[0], access if isinstance(access, Allow) else None)
        for each in api_routes(app)
        for access in [stated_access(each)]
        for method in each.methods or ()
    ]


def gate_of(gates: Iterable[Gate], method: str, path: str) -> Gate:
    """Return the route that answers a request."""
    found = next((each for each in gates if each.method == method and each.path.fullmatch(path)), None)
    assert found is not None, f"no route for {method} {path}"
    return found


@cache
def _api(name: str) -> Sequence[Gate]:
    service = service_of(name)
    images = Path(gettempdir()) / "startline-console-images"
    given = environment(service, "postgresql://nobody@127.0.0.1:1/nothing", images)
    settings = service.settings(**{key.lower(): value for key, value in given.items()})
    database = service.open_database(settings.database_url)
    return gates_of(service.build_app(settings, database, httpx.AsyncClient()))


@cache
def _pages() -> Sequence[Gate]:
    return gates_of(app_on(answering(ANSWERS)))


def _address(example: Example) -> tuple[str, str]:
    return "GET" if example.form is None else "POST", example.address.partition("?")[0]


_walker = cache(Walker)


async def _answer(example: Example, role: Role) -> tuple[httpx.Response, Sequence[tuple[str, str]]]:
    walker = _walker(role)
    async with browser(walker.app_for(example)) as client:
        answer = await example.request(client)
    return answer, walker.asked


def _offered(page: Element, own: str) -> Iterable[tuple[str, str]]:
    """Yield the methods and addresses of links, pictures, forms and parts that refresh themselves.

    The other language of an answer to a form is left out: that address may be one for forms alone.
    """
    for each in (each for each in page.walk() if "hreflang" not in each.attributes):
        yield from (("GET", each.attributes[name]) for name in ("href", "src", "hx-get") if name in each.attributes)
        if "hx-post" in each.attributes:
            yield "POST", each.attributes["hx-post"]
        if each.tag == "form" and each.get("method") != "dialog":
            yield (each.get("method") or "get").upper(), each.get("action") or own
        if "formaction" in each.attributes:
            around = (other for other in each.within() if other.tag == "form")
            form = page.one("form", id=each.attributes["form"]) if "form" in each.attributes else next(around)
            method = each.get("formmethod") or form.get("method") or "get"
            yield method.upper(), each.attributes["formaction"]


def _closed_ways(page: Element, own: str, role: Role) -> Sequence[str]:
    """Return what a page offers although the role may not have it."""
    inside = {(method, urlsplit(target).path) for method, target in _offered(page, own) if "/console" in target}
    return sorted(
        f"{method} {path}" for method, path in inside if not gate_of(_pages(), method, path or own).admits(role)
    )


def _by_turns() -> Iterable[Any]:
    """Yield every page for every role. Usual runs open a page as one of them, the next page as the next."""
    for number, example in enumerate(CONSOLE):
        for place, role in enumerate(Role):
            is_usual = place == number % len(Role)
            yield pytest.param(
                example, role, id=f"{example}-{role}", marks=() if is_usual else (pytest.mark.slow, pytest.mark.soak)
            )


@pytest.mark.parametrize(("example", "role"), [*_by_turns()])
async def test_a_page_admits_whom_it_says_and_asks_for_and_offers_what_they_may_have(
    example: Example, role: Role
) -> None:
    method, path = _address(example)
    if _OPEN_TO_ALL.match(path):
        return
    page = gate_of(_pages(), method, path)

    answer, asked = await _answer(example, role)

    if not page.admits(role):
        assert answer.status_code == 403
        assert not asked, "nothing is asked for who may not open the page"
        return
    assert answer.status_code == example.status, answer.text[:2000]
    for asked_method, asked_path in asked:
        gate = gate_of(_api(asked_path.split("/")[2]), asked_method, asked_path)
        assert gate.admits(role), f"{role} may not {asked_method} {asked_path}"
    if answer.status_code != 303:
        assert _closed_ways(parsed(answer.text), path, role) == []


def test_a_button_that_the_role_may_not_press_would_be_found() -> None:
    """The control."""
    page = parsed(
        "<a href='/console/staff'>x</a><img src='/console/refunds/1/evidence'><div hx-get='/console/tiles'></div>"
        "<form method=post action='/console/logout'><button formaction='/console/queues/payment'></button></form>"
    )
    assert _closed_ways(page, "/console", Role.VIEWER) == [
        "GET /console/refunds/1/evidence",
        "GET /console/staff",
        "POST /console/queues/payment",
    ]
    assert _closed_ways(page, "/console", Role.OWNER) == []


@pytest.mark.parametrize("role", Role)
def test_the_menu_holds_pages_that_the_role_may_open(role: Role) -> None:
    for _, entries in menu_of(role):
        for entry in entries:
            assert gate_of(_pages(), "GET", entry.path).admits(role), entry.path


def test_every_page_of_the_console_says_whom_it_admits() -> None:
    unsaid = [each.path.pattern for each in _pages() if "/console" in each.path.pattern and each.access is None]
    assert unsaid
    assert all(re.search(r"/console/log(in|out)", each) for each in unsaid)


def test_a_call_that_the_role_may_not_make_would_be_found() -> None:
    """The control: the gates of the APIs differ by role."""
    staff = gate_of(_api("identity"), "GET", "/api/identity/v1/staff")
    assert [role for role in Role if staff.admits(role)] == [Role.OWNER]
    assert set(SERVICES) == {"registration", "payment", "notification", "checkin", "identity"}
