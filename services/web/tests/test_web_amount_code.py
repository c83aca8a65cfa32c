"""The QRIS code with the amount inside, beside the organiser's picture on the page of a registration."""

import httpx
import pytest

from .markup import parsed
from .runner_apis import COOKIE, ID, NUMBER, PAGE, RunnerApis, invoice, problem, token

PNG = b"\x89PNG\r\n\x1a\n picture"
CODE = f"{PAGE}/qris.png"
STATIC = "/api/payment/v1/instructions/qris.png"


@pytest.fixture
def registration() -> RunnerApis:
    apis = RunnerApis()
    merchant = {"name": "LARI CONTOH", "city": "BANDUNG", "nmid": "ID1020000000001"}
    apis.instructions |= {"qris_with_amount": True, "qris_limit": "10000000.00", "qris_merchant": merchant}
    apis.failures["/qris.png"] = httpx.Response(200, content=PNG, headers={"Content-Type": "image/png"})
    return apis


async def codes_on(site: httpx.AsyncClient, prefix: str = "") -> list[str]:
    """Return the addresses of the QRIS codes on the page of paying by the organiser's QRIS."""
    answer = await site.get(f"{prefix}{PAGE}/pay/qris", headers=COOKIE)
    assert answer.status_code == 200
    found = (each.get("src") or "" for each in parsed(answer.text).all("img"))
    return [address for address in found if address.endswith("qris.png")]


async def test_the_code_with_the_amount_stands_before_the_picture(site: httpx.AsyncClient) -> None:
    assert await codes_on(site) == [CODE, STATIC]
    assert await codes_on(site, "/en") == [f"/en{CODE}", STATIC]
    page = parsed((await site.get(f"/en{PAGE}/pay/qris", headers=COOKIE)).text)
    assert "The amount is filled in. If your app refuses this code, use the other one." in page.text
    assert "LARI CONTOH" in page.text
    saved = [each.get("download") for each in page.all("a") if each.get("href") == f"/en{CODE}"]
    assert saved == [f"qris-{NUMBER}.png"]


@pytest.mark.parametrize("ways", [{"qris_with_amount": False}, {"qris_limit": "1300041.00"}, {"qris_image": None}])
async def test_it_is_not_offered_without_the_switch_above_the_limit_or_without_qris(
    site: httpx.AsyncClient, registration: RunnerApis, ways: dict[str, object]
) -> None:
    registration.instructions |= ways
    assert CODE not in await codes_on(site)


async def test_a_payment_service_of_the_release_before_offers_the_picture_alone(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    for name in ("qris_with_amount", "qris_limit", "qris_merchant"):
        del registration.instructions[name]
    assert await codes_on(site) == [STATIC]


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_the_picture_is_fetched_with_the_runners_access_and_kept_nowhere(
    site: httpx.AsyncClient, registration: RunnerApis, prefix: str
) -> None:
    answer = await site.get(prefix + CODE, headers=COOKIE)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Cache-Control"] == "no-store"
    [asked] = registration.sent("qris.png")
    assert asked.url.path == f"/api/payment/v1/invoices/{ID}/qris.png"
    assert asked.headers["Authorization"] == f"Bearer {token()}"


@pytest.mark.parametrize(("status", "code"), [(404, "no_amount_code"), (409, "qris_limit"), (409, "already_paid")])
async def test_where_payment_has_none_there_is_a_page_with_that_status(
    site: httpx.AsyncClient, registration: RunnerApis, status: int, code: str
) -> None:
    registration.failures["/qris.png"] = problem(status, code)
    answer = await site.get(CODE, headers=COOKIE)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_without_an_invoice_there_is_none(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.invoice = None
    assert (await site.get(CODE, headers=COOKIE)).status_code == 404
    assert registration.sent("qris.png") == []


async def test_a_browser_without_access_or_with_that_of_another_registration_gets_none(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    assert (await site.get(CODE)).status_code == 401
    registration.invoice = {**invoice(), "registration_number": "FR5K-00043"}
    assert (await site.get(CODE, headers=COOKIE)).status_code == 403
    assert registration.sent("qris.png") == []
