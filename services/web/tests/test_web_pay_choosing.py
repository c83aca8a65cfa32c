"""Choosing a way to pay: one charge whatever is pressed, and what went wrong is said at the way."""

import json
from typing import Any

import httpx
import pytest

from .markup import Element, parsed
from .runner_apis import BY_GATEWAY, BY_PROOF, CHARGE, COOKIE, ID, PAGE, RunnerApis, charge, invoice, problem, token

BCA = f"{PAGE}/pay/midtrans_va-bca"


@pytest.fixture
def registration() -> RunnerApis:
    return RunnerApis(offers=[*BY_PROOF, *BY_GATEWAY])


async def choose(site: httpx.AsyncClient, path: str = BCA, **fields: str) -> httpx.Response:
    """Press the button of a way as a browser does without a script."""
    return await site.post(path, data=fields, headers=COOKIE)


def changes(registration: RunnerApis) -> list[tuple[str, Any]]:
    """Return what payment was asked to do, in order: the end of the path, and what was sent."""
    posts = [each for each in registration.requests if each.method == "POST"]
    return [(each.url.path.rpartition("/v1/")[2], json.loads(each.content or "null")) for each in posts]


def trouble_at(page: Element, slug: str) -> str:
    """Return what is said at a way; the page says the same at its top, with a link."""
    [said] = [each.text for each in page.one("li", id=f"way-{slug}").all("p")]
    [summary] = [each for each in page.all("p") if "data-errors" in each.attributes]
    assert summary.one("a").get("href") == f"#way-{slug}"
    assert summary.text in said
    return said


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        ("midtrans_va-bca", [(f"invoices/{ID}/charges", {"method": "midtrans_va", "bank": "bca"})]),
        ("midtrans_qris", [(f"invoices/{ID}/charges", {"method": "midtrans_qris", "bank": None})]),
        ("bank_transfer", [(f"invoices/{ID}/transfer", None)]),
        ("qris", []),
    ],
)
async def test_a_way_is_asked_for_and_its_page_shown(
    site: httpx.AsyncClient, registration: RunnerApis, prefix: str, slug: str, sent: list[tuple[str, Any]]
) -> None:
    answer = await choose(site, f"{prefix}{PAGE}/pay/{slug}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{prefix}{PAGE}/pay/{slug}")
    assert answer.headers["cache-control"] == "no-store"
    assert changes(registration) == sent
    assert all(each.headers["authorization"] == f"Bearer {token()}" for each in registration.sent("/api/payment/"))


async def test_pressed_twice_or_in_two_tabs_there_is_one_charge(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    for _ in range(2):
        assert (await choose(site)).headers["location"] == BCA
    assert [each["bank"] for each in registration.charges] == ["bca"]


async def test_another_way_replaces_the_charge_that_was_seen(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.charges = [charge("bni")]
    answer = await choose(site, replace=CHARGE)
    assert answer.headers["location"] == BCA
    assert [each for each, _ in changes(registration)] == [f"charges/{CHARGE}/cancel", f"invoices/{ID}/charges"]
    assert [(each["bank"], each["status"]) for each in registration.charges] == [
        ("bca", "pending"),
        ("bni", "cancelled"),
    ]


async def test_a_charge_of_another_tab_is_shown_and_replaced_only_when_chosen_again(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    # given a page without a charge, while another tab has made one
    registration.charges = [charge("bni")]
    answer = await choose(site)

    # then nothing is cancelled, and the page names the charge
    assert answer.status_code == 409
    page = parsed(answer.text)
    assert "Cara bayar lain sudah dibuka" in trouble_at(page, "midtrans_va-bca")
    assert "Dipilih" in page.one("li", id="way-midtrans_va-bni").text
    assert registration.charges[0]["status"] == "pending"

    # and the same button now gives it up
    given_up = page.one("li", id="way-midtrans_va-bca").one("input").attributes
    assert (await choose(site, **{given_up["name"]: given_up["value"]})).status_code == 303
    assert registration.charges[0]["bank"] == "bca"


_TROUBLES: list[tuple[str, Any, int, str]] = [
    ("/charges", problem(503, "gateway_unavailable"), 503, "sedang tidak menjawab"),
    ("/charges", problem(503, "unavailable"), 503, "Kata API: unavailable"),
    ("/charges", httpx.ConnectError("refused"), 503, "sedang tidak menjawab"),
    ("/charges", httpx.ReadTimeout("slow"), 503, "sedang tidak menjawab"),
    ("/charges", httpx.Response(502), 503, "sedang tidak menjawab"),
    ("/charges", problem(409, "too_late_to_charge"), 409, "Sisa waktu terlalu singkat"),
    ("/charges", problem(409, "method_not_offered"), 409, "tidak lagi menawarkan"),
    ("/charges", problem(409, "of_a_newer_release"), 409, "Kata API: of_a_newer_release"),
    ("/charges", problem(422, "invalid_fields"), 422, "Kata API: invalid_fields"),
]


@pytest.mark.parametrize(("part", "failure", "status", "says"), _TROUBLES)
async def test_what_went_wrong_is_said_at_the_way_and_the_others_stay(
    site: httpx.AsyncClient, registration: RunnerApis, part: str, failure: Any, status: int, says: str
) -> None:
    registration.refusals[part] = failure
    answer = await choose(site)
    assert answer.status_code == status
    assert answer.text.count("<title>Kesalahan: ") == 1
    page = parsed(answer.text)
    assert says in trouble_at(page, "midtrans_va-bca")
    for other in ("midtrans_qris", "midtrans_va-bni", "bank_transfer"):
        assert page.one("li", id=f"way-{other}").all("button")
    assert page.one("li", id="way-qris").all("a")


async def test_without_an_account_any_more_a_transfer_says_so(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.refusals["/transfer"] = problem(409, "transfer_not_offered")
    answer = await choose(site, f"{PAGE}/pay/bank_transfer")
    assert answer.status_code == 409
    assert "tidak lagi punya rekening" in trouble_at(parsed(answer.text), "bank_transfer")


async def test_a_payment_service_without_unique_amounts_is_paid_the_price(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.refusals["/transfer"] = problem(404, "not_found")
    answer = await choose(site, f"{PAGE}/pay/bank_transfer")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}/pay/bank_transfer")


@pytest.mark.parametrize(
    "code", ["already_paid", "proof_pending", "invoice_expired", "invoice_cancelled", "invoice_not_found"]
)
@pytest.mark.parametrize("slug", ["midtrans_qris", "bank_transfer"])
async def test_when_nothing_is_to_be_paid_any_more_the_status_says_it(
    site: httpx.AsyncClient, registration: RunnerApis, slug: str, code: str
) -> None:
    registration.refusals |= dict.fromkeys(("/charges", "/transfer"), problem(409, code))
    answer = await choose(site, f"/en{PAGE}/pay/{slug}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/en{PAGE}")


@pytest.mark.parametrize("status", ["paid", "settling"])
async def test_a_charge_that_was_paid_a_moment_before_is_not_replaced(
    site: httpx.AsyncClient, registration: RunnerApis, status: str
) -> None:
    registration.refusals["/cancel"] = problem(409, "charge_not_open", charge_status=status)
    answer = await choose(site, replace=CHARGE)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert [each for each, _ in changes(registration)] == [f"charges/{CHARGE}/cancel"]


@pytest.mark.parametrize(
    "over", [problem(409, "charge_not_open", charge_status="expired"), problem(404, "unknown_charge")]
)
async def test_a_charge_that_is_over_needs_no_cancelling(
    site: httpx.AsyncClient, registration: RunnerApis, over: httpx.Response
) -> None:
    registration.refusals["/cancel"] = over
    assert (await choose(site, replace=CHARGE)).headers["location"] == BCA


@pytest.mark.parametrize("failure", [problem(503, "gateway_unavailable"), httpx.ReadTimeout("slow")])
async def test_while_the_gateway_is_down_the_organisers_account_can_still_be_paid(
    site: httpx.AsyncClient, registration: RunnerApis, failure: Any
) -> None:
    registration.charges = [charge("bni")]
    registration.refusals["/cancel"] = failure
    transfer = await choose(site, f"{PAGE}/pay/bank_transfer", replace=CHARGE)
    other = await choose(site, replace=CHARGE)
    assert (transfer.status_code, transfer.headers["location"]) == (303, f"{PAGE}/pay/bank_transfer")
    assert other.status_code == 503
    assert [each["bank"] for each in registration.charges] == ["bni"]


@pytest.mark.parametrize("sent", ["", "none", "0" * 40])
async def test_a_charge_that_cannot_be_read_is_not_cancelled(
    site: httpx.AsyncClient, registration: RunnerApis, sent: str
) -> None:
    assert (await choose(site, replace=sent)).status_code == 303
    assert [each for each, _ in changes(registration)] == [f"invoices/{ID}/charges"]


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_token"), (429, "too_many_requests")])
async def test_refusals_of_the_visitor_have_their_own_pages(
    site: httpx.AsyncClient, registration: RunnerApis, status: int, code: str
) -> None:
    registration.refusals["/charges"] = problem(status, code)
    answer = await choose(site)
    assert answer.status_code == status
    assert "way-midtrans_qris" not in answer.text


async def test_nothing_is_asked_for_a_registration_of_somebody_else(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    assert (await choose(site, "/r/FR5K-00043/pay/midtrans_qris")).status_code == 403
    assert (await site.post(BCA)).status_code == 401
    cross_site = {**COOKIE, "Sec-Fetch-Site": "cross-site"}
    assert (await site.post(BCA, headers=cross_site)).status_code == 403
    assert changes(registration) == []


async def test_without_an_invoice_nothing_is_asked_for(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.invoice = None
    answer = await choose(site)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert changes(registration) == []


async def test_an_invoice_that_is_paid_meanwhile_shows_the_status(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.invoice = invoice("paid")
    registration.refusals["/charges"] = problem(503, "gateway_unavailable")
    answer = await choose(site)
    page = parsed(answer.text)
    assert page.one("h1").text == "Sebentar lagi selesai"
    assert [each for each in page.all("p") if "data-errors" in each.attributes] == []
