"""Pages of the console while a service takes requests and does not answer: they stand without its part, and soon."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.errors import Unavailable
from chassis.wording import Language
from web.console import apis
from web.console.apis import StaffApi
from web.upstream.client import Answer, ApiClient
from web.visitors import Visitor

from .markup import parsed
from .money_apis import PaymentApi, proof
from .money_apis import console as desk_console
from .overview_console import Console, local, needs, tiles
from .walk_money_answers import REGISTRATION
from .walk_overview_answers import bucket

_BRIEF = 1.5


@pytest.fixture(autouse=True)
def _shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apis, "BRIEF_SECONDS", _BRIEF)


@contextmanager
def _one_wait() -> Iterator[None]:
    """Fail if the block takes as long as two brief waits, one after the other."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    yield
    assert clock() - begun < 2 * _BRIEF


async def test_the_first_page_waits_once_for_all_parts_of_a_service_that_hangs() -> None:
    # given what was read before
    console = Console(Role.OWNER)
    console.hours = console.days = [bucket(local(3), 1, 1), bucket(local(4), 1, 1)]
    before = await console.page()
    # when registration hangs, whose catalog is asked before all else about the race
    console.hanging = "registration"
    console.clock.advance(timedelta(minutes=12))
    with _one_wait():
        after = await console.page()
    # then the last values are shown with their time, and the other services' fresh ones
    assert [each.split()[0] for each in tiles(after).values()] == [each.split()[0] for each in tiles(before).values()]
    assert needs(after).keys() == needs(before).keys()
    assert {each.text for each in after.all("span") if each.get("class") == "as-of"} == {"As of 11:00"}


@pytest.mark.parametrize("service", ["registration", "payment"])
async def test_the_first_page_stands_though_a_service_never_answered(service: str) -> None:
    console = Console(Role.OWNER)
    console.hanging = service
    with _one_wait():
        page = await console.page()
    assert needs(page)


async def test_a_part_that_refreshes_is_given_up_as_soon() -> None:
    console = Console(Role.OWNER)
    console.hanging = "registration"
    with _one_wait():
        assert (await console.get("/en/console/tiles")).status_code == 503


async def test_the_desk_shows_the_proof_without_its_registration_and_the_races() -> None:
    # given registrations that hang
    api = PaymentApi([proof(1)])

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith(REGISTRATION):
            await asyncio.Event().wait()
        return api(request)

    # when the desk is opened, then both parts are waited for at the same time
    async with desk_console(answer) as browser:
        with _one_wait():
            page = await browser.get("/console/review")
    assert page.status_code == 200
    assert "FR5K-00001" in parsed(page.text).text


async def test_what_a_page_is_about_and_what_is_changed_have_the_usual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # given an API that is slower than a page waits for what it can do without
    monkeypatch.setattr(apis, "BRIEF_SECONDS", 0.05)

    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.2)
        return httpx.Response(200, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(slow), base_url="http://api", timeout=5) as http:
        api = StaffApi(ApiClient(http, "/api"), "token", Visitor(None, Language.ENGLISH))
        # then only that is given up
        assert await api.get(Answer, "/page") is not None
        assert await api.change("POST", "/page") is None
        with pytest.raises(Unavailable):
            await api.briefly.get(Answer, "/part")
