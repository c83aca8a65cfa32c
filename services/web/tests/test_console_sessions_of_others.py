"""Sessions of staff and of others: who logs in again, ends one, or has none, reaches nothing that is not theirs."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from chassis.auth.principals import Role
from sqlalchemy import select
from testkit.clocks import StoppedClock
from testkit.plugin import FreshDatabase
from web.sessions.tables import WebSession

from .console_stand import ConsoleStand, log_in, open_stand

PAGE = "/en/console/password"
pytestmark = pytest.mark.integration


@pytest.fixture
async def stand(fresh_database: FreshDatabase) -> AsyncIterator[ConsoleStand]:
    async with open_stand(fresh_database, StoppedClock()) as stand:
        yield stand


async def _is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get(PAGE)).status_code == 200


async def test_logging_in_as_another_ends_the_session_that_the_browser_had(stand: ConsoleStand) -> None:
    email, other = await stand.hire(), await stand.hire(Role.VIEWER)
    async with stand.browser() as browser, stand.browser() as copied:
        await log_in(browser, email)
        copied.cookies.update(dict(browser.cookies))

        assert (await log_in(browser, other, password="wrong")).status_code == 401
        assert await _is_in(copied)
        await log_in(browser, other)

        assert await _is_in(browser)
        assert not await _is_in(copied)
        async with stand.browser() as later:
            await log_in(later, email)
            assert "/end" not in (await later.get("/en/console/sessions")).text, "it has ended at identity, too"


async def test_a_session_of_another_or_of_none_cannot_be_ended(stand: ConsoleStand) -> None:
    email, other = await stand.hire(), await stand.hire(Role.VIEWER)
    async with stand.browser() as own, stand.browser() as theirs:
        await log_in(own, email)
        await log_in(theirs, other)
        async with stand.sessions.read() as session:
            ids = (await session.scalars(select(WebSession.session_id).order_by(WebSession.created_at))).all()
        for session_id in (ids[-1], uuid4()):
            answer = await own.post(f"/en/console/sessions/{session_id}/end")
            assert answer.status_code == 404
        assert await _is_in(theirs)


@pytest.mark.parametrize(
    ("shown", "target"),
    [
        ("https://lari.example/en/console/payments?q=a%20b#x", "/en/console/payments?q=a%20b"),
        ("/console/review", "/console/review"),
        ("https://attacker.example/", "/console"),
        ("//attacker.example/console", "/console"),
        ("javascript:alert(1)", "/console"),
        ("https://lari.example/en/console/../r/X", "/en/console"),
        ("http://[", "/en/console/login"),
        ("", "/en/console/login"),
    ],
)
async def test_a_script_without_a_session_is_led_to_a_page_of_the_console_only(
    shown: str, target: str, stand: ConsoleStand
) -> None:
    async with stand.browser() as browser:
        answer = await browser.get("/en/console", headers={"HX-Request": "true", "HX-Current-URL": shown})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, target)
