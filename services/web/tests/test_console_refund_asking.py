"""Asking for a refund of a payment or a part of it, and the picture of its transfer."""

import re
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import parsed
from .money_apis import PaymentApi, Staff, console
from .runner_apis import problem
from .walk_money_answers import PAYMENT, PROOF, REFUND, answer, asked_for, listed, paid, refund, refunded, verified

NEW = f"/console/payments/{PROOF}/refund"
ONE = f"/console/refunds/{REFUND}"
_EVIDENCE = f"{PAYMENT}/refunds/{REFUND}/evidence"


def _api(*refunds: dict[str, Any], **payment: Any) -> PaymentApi:
    return PaymentApi(
        chosen={
            ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(verified(**payment)),
            ("GET", f"{PAYMENT}/refunds"): listed(*refunds),
            ("GET", f"{PAYMENT}/refunds/{REFUND}"): answer(refund()),
            ("POST", f"{PAYMENT}/refunds"): answer(asked_for(), 201),
            ("POST", _EVIDENCE): httpx.Response(204),
        }
    )


async def _amount(api: PaymentApi) -> str | None:
    async with console(api) as browser:
        return parsed((await browser.get(NEW)).text).one("input", name="amount").get("value")


async def test_what_is_left_is_proposed() -> None:
    assert await _amount(_api()) == "150123"
    assert await _amount(_api(asked_for(), refund(state="cancelled"))) == "100123"
    assert await _amount(_api(refunded(amount="50000.00"), received="149877.00")) == "99877"


async def test_a_payment_leads_to_the_form_while_something_is_left_of_it() -> None:
    path = f"/console/payments/{PROOF}"
    for api, is_offered in ((_api(), True), (_api(asked_for()), True), (_api(refund()), False)):
        async with console(api) as browser:
            page = parsed((await browser.get(path)).text)
            assert (f"/en{NEW}" in [each.get("href") for each in page.all("a")]) == is_offered
    waiting = PaymentApi(chosen={("GET", f"{PAYMENT}/payments/{PROOF}"): answer(paid())})
    async with console(waiting) as browser:
        assert NEW not in (await browser.get(path)).text


@pytest.mark.parametrize(
    ("typed", "sent"), [("50000", "50000"), ("Rp 50.000", "50000"), (" 1.050,00 ", "1050.00"), ("99,50", "99.50")]
)
async def test_the_amount_is_sent_as_the_api_reads_it(typed: str, sent: str) -> None:
    api = _api()
    async with console(api) as browser:
        await browser.post(NEW, data={"amount": typed, "reason": " Ukuran habis. ", "refund": REFUND})
    wanted = {"refund_id": REFUND, "payment_id": PROOF, "amount": sent, "reason": "Ukuran habis."}
    assert api.sent("/refunds") == [wanted]


async def test_a_form_that_is_sent_twice_asks_for_the_same_refund() -> None:
    api = _api()
    async with console(api) as browser:
        form = parsed((await browser.get(NEW)).text).one("form", action=f"/en{NEW}")
        data = {"amount": "5000", "reason": "x", "refund": form.one("input", name="refund").get("value") or ""}
        answers = [await browser.post(NEW, data=data) for _ in range(2)]
    first, second = (each["refund_id"] for each in api.sent("/refunds"))
    assert first == second == data["refund"]
    assert {each.headers["location"] for each in answers} == {f"/en/console/refunds/{first}?done=made"}


async def test_more_than_is_left_is_said_at_the_amount_with_what_is_left() -> None:
    api = _api(asked_for())
    api.chosen["POST", f"{PAYMENT}/refunds"] = problem(409, "refund_exceeds_payment", refundable="100123.00")
    async with console(api) as browser:
        answered = await browser.post(NEW, data={"amount": "150.123", "reason": "Batal", "refund": REFUND})
    page = parsed(answered.text)
    assert answered.status_code == 409
    field = page.one("input", name="amount")
    assert (field.get("value"), field.get("aria-invalid")) == ("150.123", "true")
    assert "Not more than Rp 100.123 is left" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert page.one("textarea", name="reason").text == "Batal"
    assert page.one("input", name="refund").get("value") == REFUND


@pytest.mark.parametrize("typed", ["", "all", "50.00.0", "-5000"])
async def test_an_amount_that_is_none_is_not_sent(typed: str) -> None:
    api = _api()
    async with console(api) as browser:
        answered = await browser.post(NEW, data={"amount": typed, "reason": "x"})
    assert answered.status_code == 422
    assert "Write the amount in rupiah" in parsed(answered.text).text
    assert api.sent("/refunds") == []


async def test_without_an_answer_the_form_asks_for_the_same_refund_again() -> None:
    api = _api()
    api.chosen["POST", f"{PAYMENT}/refunds"] = httpx.Response(502)
    async with console(api) as browser:
        page = await browser.post(NEW, data={"amount": "5000", "reason": "x", "refund": REFUND})
    assert page.status_code == 503
    assert parsed(page.text).one("input", name="refund").get("value") == REFUND


async def test_a_picture_of_the_transfer_is_stored_and_shown_by_nothing_that_could_run_it() -> None:
    api = _api()
    async with console(api) as browser:
        files = {"file": ("x.png", b"\x89PNG a picture", "image/png")}
        stored = await browser.post(f"{ONE}/evidence", files=files)
        api.chosen["GET", _EVIDENCE] = httpx.Response(200, content=b"png", headers={"Content-Type": "image/png"})
        shown = await browser.get(f"{ONE}/evidence")
    [sent] = [each for each in api.requests if (each.method, each.url.path) == ("POST", _EVIDENCE)]
    assert b"\x89PNG a picture" in sent.content
    assert re.match("multipart/form-data", sent.headers["content-type"])
    assert stored.headers["location"] == f"/en{ONE}?done=evidence"
    assert (shown.content, shown.headers["content-type"]) == (b"png", "image/png")
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("answered", "status", "words"),
    [
        (None, 422, "Choose the picture"),
        (problem(422, "unsupported_image"), 422, "cannot be read as a picture"),
        (problem(413, "payload_too_large"), 413, "larger than 2 MB"),
        (httpx.Response(502), 503, "it may be done or not"),
    ],
)
async def test_a_picture_that_is_not_stored_is_said(answered: httpx.Response | None, status: int, words: str) -> None:
    api = _api()
    files = None if answered is None else {"file": ("x.png", b"x", "image/png")}
    if answered is not None:
        api.chosen["POST", _EVIDENCE] = answered
    async with console(api) as browser:
        page = await browser.post(f"{ONE}/evidence", files=files, data={"a": "b"})
    assert page.status_code == status
    assert words in parsed(page.text).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CHECKIN])
async def test_only_those_who_handle_money_ask_for_refunds(role: Role) -> None:
    api = _api()
    async with console(api, Staff(role)) as browser:
        assert (await browser.get(NEW)).status_code == 403
        assert (await browser.get(f"{ONE}/evidence")).status_code == 403
        for path in (NEW, ONE, *(f"{ONE}/{step}" for step in ("send", "approve", "cancel", "evidence"))):
            assert (await browser.post(path)).status_code == 403
    assert api.requests == []
