"""Pages of the console ask at the same time for answers that do not depend on each other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Final

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.views.tables import SavedView

from . import own_app
from .conftest import NOW, category
from .walk import ANSWERS, Answers, answering, browser, problem
from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_accounts_answers import LINE, MONEY, ONE_KEPT, ONE_LINE, kept
from .walk_console_usdt_answers import ANSWERS as OF_USDT
from .walk_console_usdt_answers import OFFERS
from .walk_money_answers import ANSWERS as OF_MONEY
from .walk_money_answers import COLLEAGUE, answer, at, on_the_desk
from .walk_ops_answers import ANSWERS as OF_OPS
from .walk_prices import ANSWERS as OF_PRICES
from .walk_races_answers import RACE
from .walk_registration_answers import ANSWERS as OF_ONE
from .walk_registrations_answers import ANSWERS as OF_REGISTRATIONS
from .walk_registrations_answers import ViewsOfTheOwner
from .walk_staff import SERVICES, StaffAs

VIEWS: Final = "views"
NAMES: Final = "/api/identity/v1/staff/names"
CATALOG: Final = "/api/registration/v1/catalog"
FILES: Final = tuple(f"/api/{name}/v1/audit.csv" for name in SERVICES)
PHASES: Final = tuple(f"/api/registration/v1/categories/{category(name)['id']}/price-phases" for name in ("5K", "10K"))
DESK: Final = ("POST", "/api/payment/v1/review/next")
SECOND: Final = on_the_desk(needs_second=True, checked_by=COLLEAGUE, checked_at=at(-1))
CSV: Final = httpx.Response(200, content=b"at,actor,action\r\n", headers={"Content-Type": "text/csv"})
REFUNDS: Final = tuple(f"/api/payment/v1/{name}" for name in ("refunds", "surplus"))
NO_ADDRESS: Final = {"network": None, "address": None, "amount": "21.02", "check": None, "checked_at": None}
BACK: Final = kept(state="refund_due", source=f"line:{LINE}", usdt_refund=NO_ADDRESS)
BACK_IN_USDT: Final = {**OF_ACCOUNTS, **OF_USDT, ONE_KEPT: answer(BACK)}


class Meeting:
    """Holds the answers to some requests back until all of these are made.

    Attributes:
        paths: of the requests.
    """

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        self._barrier = asyncio.Barrier(len(paths))

    async def wait(self, path: str) -> None:
        """Wait for the other requests, if this is one of them.

        Raises:
            TimeoutError: one of them waits for the answer to this one.
        """
        if path in self.paths:
            async with asyncio.timeout(5):
                await self._barrier.wait()


class Views(ViewsOfTheOwner):
    """Saved views whose answer waits for a meeting."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting

    async def of(self, staff_id: object, page: str) -> list[SavedView]:
        """Return no views."""
        await self._meeting.wait(VIEWS)
        return []


async def _get(
    path: str, answer: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]], views: ViewsOfTheOwner
) -> httpx.Response:
    apis = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://apis")
    app = own_app.app_on(apis, clock=lambda: NOW)
    app.state.staff_sessions, app.state.saved_views = StaffAs(Role.OWNER), views
    async with apis, browser(app) as client:
        return await client.get(f"/en{path}", headers={"Cookie": f"__Host-staff={'k' * 43}"})


@pytest.mark.parametrize(
    ("path", "answers", "paths"),
    [
        ("/console/audit", {}, (NAMES, "/api/payment/v1/audit")),
        ("/console/audit/file", {("GET", each): CSV for each in FILES}, FILES),
        ("/console/review", {DESK: SECOND}, (NAMES, CATALOG)),
        ("/console/participants", {}, (VIEWS, CATALOG)),
        ("/console/registrations", {}, (VIEWS, CATALOG)),
        (f"/console/races/{RACE}/prices", OF_PRICES, PHASES),
        ("/console/refunds", {}, REFUNDS),
        (f"/console/surplus/{MONEY}", BACK_IN_USDT, (ONE_LINE[1], OFFERS[1])),
    ],
)
async def test_independent_answers_are_asked_for_at_once(path: str, answers: Answers, paths: tuple[str, ...]) -> None:
    meeting, chosen = (
        Meeting(paths),
        answering({**ANSWERS, **OF_ONE, **OF_REGISTRATIONS, **OF_MONEY, **OF_OPS, **answers}),
    )

    async def meeting_first(request: httpx.Request) -> httpx.Response:
        await meeting.wait(request.url.path)
        return chosen(request)

    answer = await _get(path, meeting_first, Views(meeting))
    assert answer.status_code == 200, answer.text


class Piece(httpx.AsyncByteStream):
    """A file of one line, which notes in `closed` that it was closed."""

    def __init__(self, path: str, closed: list[str]) -> None:
        self._path, self._closed = path, closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the line."""
        yield CSV.content

    async def aclose(self) -> None:
        """Note it."""
        self._closed.append(self._path)


async def test_of_files_that_fail_the_first_is_said_and_all_others_are_closed() -> None:
    closed: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == FILES[1]:
            await asyncio.sleep(0.01)
            return problem(422, "invalid_fields")
        if path == FILES[2]:
            return httpx.Response(502)
        await asyncio.sleep(0.02)
        return httpx.Response(200, stream=Piece(path, closed))

    found = await _get("/console/audit/file", answer, ViewsOfTheOwner())
    assert found.status_code == 303, "as the filters of payment are wrong, not as notification is away"
    assert sorted(closed) == sorted({*FILES} - {FILES[1], FILES[2]})
