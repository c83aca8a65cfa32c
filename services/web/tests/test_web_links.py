"""The link of a registration: it opens the pages of this registration in this browser, and nothing else."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import httpx
import pytest

from .conftest import NOW, Clock, Registration

ID = "0190c0de-0000-7000-8000-000000000001"
NUMBER = "FR5K-2027-00001"
LINK = f"/r/{NUMBER}/k3Jd-_s8"


def token(*, until: timedelta = timedelta(hours=24), subject: str = ID) -> str:
    """Return a token as registration signs them; its signature is for the APIs to check."""
    claims = {"sub": subject, "exp": int((NOW + until).timestamp())}
    return f"head.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def opened(*, until: timedelta = timedelta(hours=24)) -> httpx.Response:
    return httpx.Response(200, json={"registration_id": ID, "runner_token": token(until=until), "expires_in": 86400})


def problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "Tautan ini tidak dikenal.", "errors": []})


async def test_a_link_is_exchanged_for_access_and_leaves_the_address(
    registration: Registration, site: httpx.AsyncClient
) -> None:
    # given a link of a message
    registration.failure = opened()

    # when it is opened
    answer = await site.get(LINK)

    # then the browser goes on to an address without the secret, with a cookie out of reach of scripts
    assert (answer.status_code, answer.headers["location"]) == (303, f"/r/{NUMBER}")
    assert answer.headers["cache-control"] == "no-store"
    cookies = answer.headers.get_list("set-cookie")
    assert {each.split("Path=")[1].split(";")[0] for each in cookies} == {f"/r/{NUMBER}", f"/en/r/{NUMBER}"}
    assert all("HttpOnly" in each and "Secure" in each and "samesite=lax" in each.lower() for each in cookies)
    sent: Any = json.loads(registration.requests[-1].content)
    assert sent == {"registration_number": NUMBER, "access_code": "k3Jd-_s8"}


async def test_a_link_in_english_stays_in_english(registration: Registration, site: httpx.AsyncClient) -> None:
    registration.failure = opened()
    answer = await site.get(f"/en{LINK}")
    assert answer.headers["location"] == f"/en/r/{NUMBER}"


async def test_an_unknown_link_is_a_page(registration: Registration, site: httpx.AsyncClient) -> None:
    registration.failure = problem(404, "unknown_link")
    answer = await site.get(LINK)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["", "code", "code~", "code~a.b.c", "code~a.e30.c", f"code~a.{'=' * 9}.c"])
async def test_without_a_readable_cookie_nothing_is_asked(
    cookie: str, registration: Registration, site: httpx.AsyncClient
) -> None:
    answer = await site.get(f"/r/{NUMBER}", headers={"Cookie": f"runner={cookie}"} if cookie else {})
    assert answer.status_code == 401
    assert registration.requests == []


def _claiming(**claims: Any) -> str:
    """Return a token with these claims."""
    return f"head.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


_DEEP = urlsafe_b64encode(b"[" * 3000).decode()


@pytest.mark.parametrize(
    "written",
    [
        _claiming(sub=1, exp=1_900_000_000),
        _claiming(sub=ID, exp=-62_135_596_800),
        _claiming(sub=ID, exp=1e18),
        _claiming(sub=ID, exp="NaN"),
        f"head.{_DEEP}.signature",
        f"{token()}\xe9",
        f"{token()}\\012X-Forwarded-For: 10.0.0.1",
    ],
    ids=["number", "first year", "late", "nan", "deep", "letter", "line feed"],
)
async def test_whatever_somebody_writes_as_a_token_is_no_access(
    written: str, registration: Registration, site: httpx.AsyncClient
) -> None:
    cookie = f'runner="code~{written}"'  # in quotes, octal escapes are read
    answer = await site.get(f"/r/{NUMBER}", headers=[(b"Cookie", cookie.encode("latin-1"))])
    assert answer.status_code == 401
    assert registration.requests == []


async def test_a_token_that_ends_is_renewed_with_the_code(
    registration: Registration, site: httpx.AsyncClient, clock: Clock
) -> None:
    # given a browser that opened the link yesterday
    old = token()
    clock.advance(timedelta(hours=24))
    registration.failure = problem(404, "unknown_link")

    # when staff have replaced the link meanwhile, the page says so
    answer = await site.get(f"/r/{NUMBER}", headers={"Cookie": f"runner=code~{old}"})
    assert answer.status_code == 404
    assert json.loads(registration.requests[0].content)["access_code"] == "code"


async def test_calls_are_made_for_the_visitor(registration: Registration, site: httpx.AsyncClient) -> None:
    registration.failure = opened()
    await site.get(LINK, headers={"X-Forwarded-For": "203.0.113.9", "X-Correlation-ID": "0190c0de-1"})
    sent = registration.requests[-1].headers
    assert sent["x-forwarded-for"] == "127.0.0.1"  # of the socket: nothing that a visitor writes is trusted
    assert sent["accept-language"] == "id"
    assert sent["x-correlation-id"]
