"""The page of the bank statement: what fits is shown, what is ticked is verified, and all of it can be repeated."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from web.console.payments.statement import verifying

from .markup import Element, parsed
from .money_apis import PaymentApi, console, proof
from .walk_money_answers import PAYMENT, answer, at, listed, verified

PAGE = "/console/payments/statement"

FIRST, SECOND, THIRD = proof(1), proof(2, amount="175000.00", notes=None), proof(3, amount="200000.00", notes=None)
STATEMENT = "date;amount;description\n04/01/2027;150.123,00;TRSF FR5K-00001\n04/01/2027;175.000,00;QRIS"


def _bank(*waiting: dict[str, Any]) -> PaymentApi:
    return PaymentApi(chosen={("GET", f"{PAYMENT}/payments"): listed(*waiting)})


def _boxes(page: Element) -> dict[str, bool]:
    found = [each for each in page.all("input") if each.get("type") == "checkbox"]
    return {each.attributes["value"].split()[1]: "checked" in each.attributes for each in found}


def _fields(page: Element, *numbers: str) -> dict[str, Any]:
    form = next(form for form in page.all("form") if form.get("enctype") and "payment" in _names(form))
    values = [each.attributes["value"] for each in form.all("input") if each.get("name") == "payment"]
    ticked = [value for value in values if not numbers or value.split()[1] in numbers]
    return {"text": form.one("input", name="text").attributes["value"], "payment": ticked, "do": "verify"}


def _names(form: Element) -> set[str | None]:
    return {each.get("name") for each in form.all("input")}


@pytest.mark.parametrize("is_file", [True, False])
async def test_sure_ones_are_ticked_and_the_others_say_why_not(is_file: bool) -> None:
    api = _bank(FIRST, SECOND, THIRD)
    async with console(api) as browser:
        files = {"file": ("mutasi.csv", STATEMENT.encode(), "text/csv")} if is_file else {"file": ("", b"")}
        form = {"do": "read", "text": "" if is_file else STATEMENT}
        answered = await browser.post(PAGE, data=form, files=files)
    assert answered.status_code == 200
    page = parsed(answered.text)
    assert _boxes(page) == {"FR5K-00001": True, "FR5K-00002": False}
    assert "Only the amount agrees, and it is a round one." in page.text
    assert "Payments without a line (1)" in page.text
    assert api.sent("/verify") == []


async def test_an_old_encoding_of_a_file_is_read() -> None:
    content = "date;amount;description\n04/01/2027;150.123,00;CAF\xc9 FR5K-00001".encode("cp1252")
    async with console(_bank(FIRST)) as browser:
        page = await browser.post(PAGE, data={"do": "read"}, files={"file": ("a.csv", content)})
    assert "CAFÉ" in page.text


async def test_payments_are_read_to_the_last_page_and_verified_ones_by_the_days_of_the_statement() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        if request.url.params["status"] == "verified":
            return listed(verified(payment_id=THIRD["payment_id"], registration_number="FR5K-00003"))
        return listed(SECOND) if request.url.params.get("cursor") else listed(FIRST, cursor="c2")

    api = PaymentApi(first=pages)
    text = f"{STATEMENT}\n04/01/2027;150.123,00;FR5K-00003"
    async with console(api) as browser:
        page = parsed((await browser.post(PAGE, data={"do": "read", "text": text})).text)
    assert _boxes(page) == {"FR5K-00001": True, "FR5K-00002": False}
    assert "Verified before (1)" in page.text
    [asked] = [each for each in api.asked("/payments") if each["status"] == "verified"]
    assert (asked["from"], asked["to"]) == ("2026-12-31T00:00:00+00:00", "2027-01-19T00:00:00+00:00")


async def test_only_those_ticked_are_verified_with_a_result_for_each() -> None:
    api = _bank(FIRST, SECOND)
    results = [{"payment_id": SECOND["payment_id"], "result": "already_decided", "decision": "rejected"}]
    api.chosen["POST", f"{PAYMENT}/payments/bulk/verify"] = answer({"items": results})
    async with console(api) as browser:
        page = parsed((await browser.post(PAGE, data={"do": "read", "text": STATEMENT})).text)
        done = await browser.post(PAGE, data=_fields(page, "FR5K-00002"))
    assert api.sent("/bulk/verify") == [{"payment_ids": [SECOND["payment_id"]]}]
    words = parsed(done.text).text
    assert "0 of 1 payment is verified." in words
    assert "FR5K-00002 Decided before Refused" in words


async def test_without_an_answer_the_rest_is_sent_again_and_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_AT_ONCE", 1)
    calls: list[str] = []

    def bulk(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/bulk/verify"):
            return None
        calls.append(request.content.decode())
        if len(calls) == 2:
            raise httpx.ReadTimeout("lost", request=request)
        body = [{"payment_id": each, "result": "verified"} for each in (FIRST["payment_id"], SECOND["payment_id"])]
        return answer({"items": body})

    api = _bank(FIRST, SECOND)
    api.first = bulk
    async with console(api) as browser:
        page = parsed((await browser.post(PAGE, data={"do": "read", "text": STATEMENT})).text)
        first = parsed((await browser.post(PAGE, data=_fields(page))).text)
        assert "1 of 2 payments are verified." in first.text
        assert "FR5K-00002 No answer" in first.text
        rest = _fields(first)
        second = parsed((await browser.post(PAGE, data=rest)).text)
    assert "1 of 1 payment is verified." in second.text
    assert [SECOND["payment_id"] in call for call in calls] == [False, True, True]


async def test_what_takes_too_long_is_left_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_SECONDS", -1.0)
    api = _bank(FIRST)
    async with console(api) as browser:
        page = parsed((await browser.post(PAGE, data={"do": "read", "text": STATEMENT})).text)
        done = parsed((await browser.post(PAGE, data=_fields(page, "FR5K-00001"))).text)
    assert "FR5K-00001 Not tried yet" in done.text
    assert _fields(done)["payment"] == [f"{FIRST['payment_id']} FR5K-00001 150123.00"]
    assert api.sent("/bulk/verify") == []


async def test_with_nothing_ticked_the_proposals_stay() -> None:
    async with console(_bank(FIRST, SECOND)) as browser:
        page = parsed((await browser.post(PAGE, data={"do": "read", "text": STATEMENT})).text)
        fields = {**_fields(page), "payment": []}
        answered = await browser.post(PAGE, data=fields)
    assert answered.status_code == 422
    assert "Tick at least one payment." in parsed(answered.text).text
    assert len(_boxes(parsed(answered.text))) == 2


async def test_decisions_that_are_held_are_left_out() -> None:
    made = {"outcome": "rejected", "reason": "x", "by": str(UUID(int=1)), "at": at(0), "until": at(0.01)}
    async with console(_bank({**FIRST, "held": made})) as browser:
        page = parsed((await browser.post(PAGE, data={"do": "read", "text": STATEMENT})).text)
    assert _boxes(page) == {}
    assert "Nothing fits" in page.text


async def test_a_statement_of_a_megabyte_is_taken_and_a_larger_one_refused() -> None:
    line = f"04/01/2027;150.123,00;FR5K-00001 {'x' * 480}\n"
    api = _bank(FIRST)
    async with console(api) as browser:
        fits = await browser.post(PAGE, data={"do": "read"}, files={"file": ("a.csv", (line * 1900).encode())})
        long = await browser.post(PAGE, data={"do": "read"}, files={"file": ("a.csv", (line * 2200).encode())})
        huge = await browser.post(PAGE, data={"do": "read"}, files={"file": ("a.csv", b"x" * 2_000_000)})
    assert [each.status_code for each in (fits, long, huge)] == [200, 422, 413]
    assert "more than 2,000 lines or 1 MB" in parsed(long.text).text
