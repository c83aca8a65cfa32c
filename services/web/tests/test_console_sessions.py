"""Sessions of staff: opened, renewed by one request among many, ended everywhere, and never lost on the way."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.secrets import new_key
from sqlalchemy import func, select, text
from testkit.clocks import StoppedClock
from testkit.plugin import FreshDatabase
from web.sessions.tables import WebSession

from .console_stand import PASSWORD, ConsoleStand, log_in, minutes, open_stand
from .markup import parsed
from .own_app import app_on

PAGE = "/en/console/password"
pytestmark = pytest.mark.integration


@pytest.fixture
async def stand(fresh_database: FreshDatabase) -> AsyncIterator[ConsoleStand]:
    async with open_stand(fresh_database, StoppedClock()) as stand:
        yield stand


def _words(html: str) -> str:
    return parsed(html).text


async def _is_in(browser: httpx.AsyncClient, **headers: str) -> bool:
    return (await browser.get(PAGE, headers=headers)).status_code == 200


async def _other_session(browser: httpx.AsyncClient) -> str:
    """Return the address that ends the only other session."""
    page = (await browser.get("/en/console/sessions")).text
    [action] = [part.partition('"')[0] for part in page.split('action="')[1:] if "/end" in part[:120]]
    return action


async def test_logging_in_leads_to_the_page_that_was_asked_for(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        # given who is not logged in and asks for a page
        asked = await browser.get(f"{PAGE}?done=changed")
        assert asked.status_code == 303
        login = await browser.get(asked.headers["location"])

        # when the form that is shown is sent
        assert 'name="to" value="/console/password?done=changed"' in login.text
        answer = await log_in(browser, email, to="/console/password?done=changed")

        # then the page follows
        assert answer.headers["location"] == f"{PAGE}?done=changed"
        assert await _is_in(browser)


async def test_the_cookie_is_out_of_reach_and_its_key_is_not_stored(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        cookie = (await log_in(browser, email)).headers["set-cookie"]
        key = browser.cookies["__Host-staff"]
    assert cookie.startswith("__Host-staff=")
    assert {each.strip() for each in cookie.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}
    async with stand.sessions.read() as session:
        stored = await session.scalar(select(func.row_to_json(text("web_sessions"))).select_from(WebSession))
    assert key not in str(stored)
    assert "eyJ" not in str(stored), "no token stands in clear"


@pytest.mark.parametrize(("password", "status"), [("wrong", 401), ("", 422)])
async def test_a_wrong_password_is_said_in_words_and_the_address_is_kept(
    password: str, status: int, stand: ConsoleStand
) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        answer = await log_in(browser, email, password=password)
        assert answer.status_code == status
        assert "E-mail address and password do not match" in _words(answer.text)
        assert f'value="{email}"' in answer.text
        assert "set-cookie" not in answer.headers
        assert not await _is_in(browser)


async def test_after_too_many_attempts_the_wait_is_said(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        for _ in range(6):
            answer = await log_in(browser, email, password="wrong")
        assert answer.status_code == 429
        assert "Too many attempts" in _words(answer.text)


@pytest.mark.parametrize(
    "target",
    [
        *("https://attacker.example", "//attacker.example", "/console\\@x", "/r/X", "/consolex"),
        *("/console/../r/X", "/console/%2e%2E/r/X", "/console/..;/r/X", "/console/x;y", "/console/."),
    ],
)
async def test_a_login_leads_nowhere_else(target: str, stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        assert (await log_in(browser, email, to=target)).headers["location"] == "/en/console"


async def test_thirty_requests_after_the_token_ran_out_renew_it_once(stand: ConsoleStand) -> None:
    email = await stand.hire()
    processes = [stand.process() for _ in range(3)]
    async with stand.browser(processes[0]) as browser:
        await log_in(browser, email)
        cookies = dict(browser.cookies)
    stand.clock.advance(minutes(6))

    async def asks(number: int) -> bool:
        async with stand.browser(processes[number % 3]) as browser:
            browser.cookies.update(cookies)
            return await _is_in(browser)

    assert await asyncio.gather(*(asks(number) for number in range(30))) == [True] * 30
    assert stand.way.refreshes == 1


async def test_identity_ends_a_session_whose_refresh_token_comes_twice(stand: ConsoleStand) -> None:
    """The control of the test before: without one renewal for all, a session would not survive."""
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        async with stand.sessions.work() as work:
            [row] = (await work.session.scalars(select(WebSession))).all()
            before = row.sealed, row.access_until
        stand.clock.advance(minutes(6))
        assert await _is_in(browser)
        async with stand.sessions.work() as work:
            [row] = (await work.session.scalars(select(WebSession))).all()
            row.sealed, row.access_until = before

        assert not await _is_in(browser)


async def test_while_identity_is_away_the_old_token_serves_until_it_expires(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        stand.way.is_cut = True
        stand.clock.advance(minutes(4.5))
        assert await _is_in(browser), "renewed a minute early, so that an outage is not felt at once"

        stand.clock.advance(minutes(1))
        assert (await browser.get(PAGE)).status_code == 503

        stand.way.is_cut = False
        assert await _is_in(browser), "and nothing was lost"


async def test_a_process_that_died_while_it_renewed_holds_up_the_others_for_seconds_only(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        stand.clock.advance(minutes(6))
        async with stand.sessions.work() as work:
            [row] = (await work.session.scalars(select(WebSession))).all()
            row.renewed_until = stand.clock() + minutes(0.2)
        asking = asyncio.create_task(browser.get(PAGE))
        await asyncio.sleep(0.2)
        assert not asking.done()

        stand.clock.advance(minutes(0.3))

        assert (await asking).status_code == 200


async def test_an_idle_session_ends_and_pages_that_refresh_themselves_do_not_keep_it(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        for _ in range(3):
            stand.clock.advance(minutes(100))
            assert await _is_in(browser)
        stand.clock.advance(minutes(200))
        assert await _is_in(browser, **{"X-Refresh": "1"})
        stand.clock.advance(minutes(50))
        assert not await _is_in(browser)


async def test_a_session_ends_after_a_day_however_often_it_is_used(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        for _ in range(23):
            stand.clock.advance(minutes(60))
            assert await _is_in(browser)
        stand.clock.advance(minutes(61))
        assert not await _is_in(browser)


async def test_logging_out_ends_the_session_at_identity_as_well(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser, stand.browser() as other:
        await log_in(browser, email)
        await log_in(other, email)
        kept = dict(browser.cookies)
        answer = await browser.post("/en/console/logout")
        assert answer.headers["location"] == "/en/console/login?out=1"
        browser.cookies.update(kept)
        assert not await _is_in(browser), "the key is of no use any more"

        sessions = _words((await other.get("/en/console/sessions")).text)
        assert sessions.count("Sari's laptop") == 1, sessions


async def test_a_session_is_ended_from_another_browser(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as stolen, stand.browser() as own:
        await log_in(stolen, email)
        await log_in(own, email)
        action = await _other_session(own)

        assert (await own.post(action)).headers["location"] == "/en/console/sessions?done=ended"
        assert (await own.post(action)).status_code == 303, "ending it again changes nothing"

        stand.clock.advance(minutes(6))
        assert not await _is_in(stolen)
        assert await _is_in(own)


async def test_a_new_password_ends_all_other_sessions_and_is_the_only_one_that_logs_in(stand: ConsoleStand) -> None:
    email, new = await stand.hire(), "becak hijau di depan pasar"
    async with stand.browser() as other, stand.browser() as own:
        await log_in(other, email)
        await log_in(own, email)

        # when it is changed, first with a wrong present one
        wrong = await own.post(PAGE, data={"current_password": "x", "new_password": new})
        changed = await own.post(PAGE, data={"current_password": PASSWORD, "new_password": new})

        # then the wrong one is said at its field, and nothing that was typed is shown
        assert (wrong.status_code, new in wrong.text) == (422, False)
        assert parsed(wrong.text).one("p", id="current_password-error")
        assert changed.headers["location"] == f"{PAGE}?done=changed"

        # and this session goes on, no other one
        stand.clock.advance(minutes(6))
        assert await _is_in(own)
        assert not await _is_in(other)
        assert (await log_in(other, email)).status_code == 401
        assert (await log_in(other, email, password=new)).status_code == 303


async def test_a_session_that_identity_ended_a_moment_ago_asks_for_a_login_and_keeps_what_was_typed(
    stand: ConsoleStand,
) -> None:
    email = await stand.hire()
    async with stand.browser() as stolen, stand.browser() as own:
        await log_in(stolen, email)
        await log_in(own, email)
        action = await _other_session(own)
        await own.post(action)

        typed = {"name": "Budi", "email": "budi@example.com", "role": "viewer", "password": "satu dua tiga empat"}
        asked = await stolen.post("/en/console/staff/new", data=typed)

        assert asked.status_code == 401
        assert "what you typed is still there" in _words(asked.text)
        assert 'name="kept-name" value="Budi"' in asked.text
        assert not await _is_in(stolen)


async def test_who_is_logged_out_while_typing_finds_it_again_after_the_login(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        stand.clock.advance(minutes(60 * 25))
        typed = {"name": 'Sari "Ibu" & Co', "role": "viewer", "password": PASSWORD}

        asked = await browser.post("/en/console/staff/new", data=typed)

        assert asked.status_code == 401
        assert "what you typed is still there" in _words(asked.text)
        assert PASSWORD not in asked.text
        assert 'name="kept-dropped" value="1"' in asked.text
        again = await log_in(
            browser, email, to="/console/staff/new", **{"kept-name": typed["name"], "kept-role": "viewer"}
        )
        assert 'name="name" value="Sari &#34;Ibu&#34; &amp; Co"' in again.text
        assert 'action="/en/console/staff/new"' in again.text
        lost = await log_in(browser, email, to="/console/staff/new", **{"kept-name": "Sari", "kept-dropped": "1"})
        assert 'href="/en/console/staff/new"' in lost.text
        assert 'action="/en/console/staff/new"' not in lost.text, "without the password it would do less than was asked"


async def test_a_file_or_a_very_long_text_is_not_kept_over_a_login_and_that_is_said(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        stand.clock.advance(minutes(60 * 25))
        path = "/en/console/statements"

        text = await browser.post(path, data={"text": "1,2,3\n" * 20_000, "race": "x"})
        file = await browser.post(path, data={"race": "x"}, files={"file": ("a.csv", b"1,2", "text/csv")})

        assert (text.status_code, file.status_code) == (401, 401)
        assert len(text.text) < 20_000
        assert 'name="kept-race" value="x"' in file.text
        for asked in (text, file):
            assert 'name="kept-dropped" value="1"' in asked.text
        again = await log_in(browser, email, to="/console/statements", **{"kept-dropped": "1"})
        assert "Not all of it is kept" in _words(again.text)
        assert 'href="/en/console/statements"' in again.text


async def test_a_preview_whose_session_has_ended_leaves_its_page_as_it_is(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        stand.clock.advance(minutes(60 * 25))
        headers = {"HX-Request": "true", "HX-Current-URL": "/en/console/payment-settings"}

        preview = await browser.post("/en/console/payment-settings/preview", data={"bank": "BCA"}, headers=headers)
        refresh = await browser.get("/en/console", headers=headers)

        assert (preview.status_code, preview.headers["HX-Reswap"]) == (401, "none")
        assert "HX-Redirect" not in preview.headers
        assert refresh.headers["HX-Redirect"] == "/en/console/payment-settings"


async def test_a_key_that_is_not_configured_any_more_asks_for_a_login(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        cookies = dict(browser.cookies)
    async with stand.browser(stand.process(secret_keys=new_key())) as browser:
        browser.cookies.update(cookies)
        assert not await _is_in(browser)


async def test_without_the_database_the_console_says_so_and_pages_for_runners_do_not_need_it() -> None:

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"items": []}))
    ) as apis:
        transport = httpx.ASGITransport(app_on(apis), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://lari.example") as browser:
            browser.cookies.set("__Host-staff", "k" * 43)
            assert (await browser.get(PAGE)).status_code == 503
            assert (await browser.get("/en/privacy")).status_code == 200


async def test_ended_sessions_are_forgotten_with_the_next_login(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        for _ in range(3):
            await log_in(browser, email)
            stand.clock.advance(minutes(60 * 25))
        await log_in(browser, email)
    async with stand.sessions.read() as session:
        assert await session.scalar(select(func.count()).select_from(WebSession)) == 1
