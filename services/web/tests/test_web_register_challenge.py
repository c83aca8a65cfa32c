"""A site whose organiser asks for a sign of a person: the widget is on the form, and its token reaches the API."""

from collections.abc import AsyncIterator

import httpx
import pytest

from .conftest import Clock, category, race
from .registration_api import RegistrationApi, browser_of, group, problem, runner

ONE = "/races/jakarta-fun-run/register/5k/1"
FIVE = "/races/jakarta-fun-run/register/5k/5"
TOKEN = {"cf-turnstile-response": "0.token"}
WIDGET = "https://challenges.cloudflare.com"


@pytest.fixture
def api() -> RegistrationApi:
    return RegistrationApi(races=[race("Jakarta Fun Run", category("5K"))])


@pytest.fixture
async def browser(api: RegistrationApi, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(api, clock, turnstile_site_key="0x4AAA") as client:
        await client.post(ONE, data=runner())  # which leaves the cookie of the key
        yield client


async def test_pages_with_the_widget_and_no_others_may_load_it(browser: httpx.AsyncClient) -> None:
    form = await browser.get(ONE)
    assert 'data-sitekey="0x4AAA"' in form.text
    assert f"script-src 'self' {WIDGET};" in form.headers["content-security-policy"]
    assert f"frame-src {WIDGET}" in form.headers["content-security-policy"]
    assert WIDGET not in (await browser.get("/privacy")).headers["content-security-policy"]


async def test_a_site_without_the_widget_allows_nothing(api: RegistrationApi, clock: Clock) -> None:
    async with browser_of(api, clock) as browser:
        form = await browser.get(ONE)
    assert WIDGET not in form.headers["content-security-policy"] + form.text


async def test_the_token_is_sent_in_its_header(browser: httpx.AsyncClient, api: RegistrationApi) -> None:
    answer = await browser.post(ONE, data={**runner(), **TOKEN})
    assert answer.status_code == 303
    assert api.posted[-1].headers["Challenge-Token"] == "0.token"
    assert "0.token" not in api.posted[-1].content.decode()


@pytest.mark.parametrize("token", ["", "x\r\nHost: y", "\u00e9"])
async def test_what_fits_no_header_is_not_sent(browser: httpx.AsyncClient, api: RegistrationApi, token: str) -> None:
    await browser.post(ONE, data={**runner(), "cf-turnstile-response": token})
    assert "Challenge-Token" not in api.posted[-1].headers


@pytest.mark.parametrize("code", ["challenge_required", "challenge_failed"])
async def test_a_refused_token_is_said_and_not_kept(
    browser: httpx.AsyncClient, api: RegistrationApi, code: str
) -> None:
    api.next = [problem(403, code)]
    answer = await browser.post(ONE, data={**runner(), **TOKEN})
    assert answer.status_code == 403
    assert "bukan robot" in answer.text
    assert "0.token" not in answer.text
    assert "Peserta Budi A" in answer.text


async def test_the_review_of_a_group_asks_for_a_token_of_its_own(browser: httpx.AsyncClient) -> None:
    answer = await browser.post(FIVE, data={**group(5), **TOKEN})
    assert "data-sitekey" in answer.text
    assert "0.token" not in answer.text


async def test_while_the_api_is_busy_the_same_token_is_kept_for_the_same_attempt(
    browser: httpx.AsyncClient, api: RegistrationApi
) -> None:
    api.next = [problem(503, "too_busy")]
    answer = await browser.post(ONE, data={**runner(), **TOKEN})
    assert answer.status_code == 503
    assert 'name="cf-turnstile-response" value="0.token"' in answer.text
