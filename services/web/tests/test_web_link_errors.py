"""Each way in which a link can fail has a page of its own, with the right status and the way out."""

from datetime import timedelta

import httpx
import pytest

from .conftest import Clock
from .runner_apis import CODE, COOKIE, ID, NUMBER, PAGE, RunnerApis, problem, registered


@pytest.fixture
def registration() -> RunnerApis:
    return RunnerApis()


def is_private(answer: httpx.Response) -> bool:
    headers = answer.headers
    return (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")


@pytest.mark.parametrize(
    ("prefix", "says"), [("", "Tautan ini tidak berlaku lagi"), ("/en", "This link is no longer valid")]
)
async def test_an_unknown_or_replaced_link_leads_to_a_new_one(
    site: httpx.AsyncClient, registration: RunnerApis, prefix: str, says: str
) -> None:
    registration.failures["/access"] = problem(404, "unknown_link")
    answer = await site.get(f"{prefix}{PAGE}/{CODE}")
    assert answer.status_code == 404
    assert says in answer.text
    assert f'href="{prefix}/recover"' in answer.text
    assert is_private(answer)


async def test_a_link_that_was_replaced_meanwhile_says_so_when_its_access_ends(
    site: httpx.AsyncClient, registration: RunnerApis, clock: Clock
) -> None:
    clock.advance(timedelta(hours=25))
    registration.failures["/access"] = problem(404, "unknown_link")
    answer = await site.get(PAGE, headers=COOKIE)
    assert (answer.status_code, "Tautan ini tidak berlaku lagi" in answer.text) == (404, True)


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/stream"])
async def test_without_a_cookie_the_link_has_to_be_opened_again(site: httpx.AsyncClient, path: str) -> None:
    answer = await site.get(path)
    assert answer.status_code == 401
    assert "Buka lagi tautan Anda" in answer.text
    assert is_private(answer)


async def test_a_token_that_the_api_does_not_accept_is_the_same_page(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.failures["/registrations/"] = problem(401, "invalid_token")
    answer = await site.get(PAGE, headers=COOKIE)
    assert (answer.status_code, "Buka lagi tautan Anda" in answer.text) == (401, True)


async def test_the_cookie_of_another_registration_shows_nothing_of_either(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.registration = registered(registration_number="FR5K-00001")
    answer = await site.get(PAGE, headers=COOKIE)
    assert answer.status_code == 403
    assert "Ini pendaftaran lain" in answer.text
    assert "FR5K-00001" not in answer.text


async def test_the_address_of_a_place_in_line_stays_right_when_it_has_become_a_registration(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    answer = await site.get(f"/r/{ID}", headers=COOKIE)
    assert answer.status_code == 200
    assert NUMBER in answer.text


async def test_too_many_tries_say_when_to_come_back(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.failures["/access"] = problem(429, "too_many_requests", headers={"Retry-After": "17"})
    answer = await site.get(f"{PAGE}/{CODE}")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")
    assert "Mohon tunggu 17 detik." in answer.text


async def test_while_registration_is_down_the_page_can_be_tried_again(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.failures["/registrations/"] = httpx.ConnectError("refused")
    answer = await site.get(PAGE, headers=COOKIE)
    assert answer.status_code == 503
    assert f'href="{PAGE}"' in answer.text
