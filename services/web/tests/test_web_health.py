"""The process says that it is ready by itself; an API that is away shows on the pages."""

import httpx
import pytest

from .conftest import Registration


@pytest.mark.parametrize(("path", "said"), [("/", "Kami segera kembali"), ("/en/", "We will be right back")])
async def test_while_registration_is_away_the_process_is_ready_and_a_page_says_so(
    registration: Registration, site: httpx.AsyncClient, path: str, said: str
) -> None:
    # given
    registration.failure = httpx.ConnectError("away")

    # when
    ready, page = await site.get("/health/ready"), await site.get(path)

    # then
    assert (ready.status_code, ready.json()) == (200, {"ready": True})
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert said in page.text
    assert page.headers["X-Correlation-ID"] in page.text
    assert page.headers["Cache-Control"] == "no-store"


async def test_asking_for_readiness_asks_no_api(registration: Registration, site: httpx.AsyncClient) -> None:
    await site.get("/health/ready")
    assert registration.requests == []
