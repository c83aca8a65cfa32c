"""Reports of the gateway in the console: the upload, its result, and every difference."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import LINE
from .walk_gateway_answers import (
    ANSWERS,
    ONE_REPORT,
    ORDER,
    REPORT,
    REPORTS,
    UPLOAD,
    difference,
    nothing_compared,
    report,
)
from .walk_money_answers import ENTRY, NUMBER, answer

PAGE = "/gateway/reports"
ONE = f"{PAGE}/{REPORT}"
FILE = {"files": {"file": ("settlement.csv", b"order_id,fee", "text/csv")}}


def _verdicts(page: Element) -> dict[str, str]:
    banners = [each for each in page.one("main").all("p") if (each.get("class") or "").startswith("banner")]
    return {each.attributes["class"]: each.text for each in banners}


async def test_a_file_is_passed_on_and_leads_to_what_came_of_it() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
        [request] = staff.asked(*UPLOAD)
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert b"order_id,fee" in request.content
    assert sent.headers["Location"] == f"/en/console{ONE}?done=compared"
    tiles = {
        each.one("dt").text: [dd.text for dd in each.all("dd")]
        for each in page.one("dl", class_="tiles tiles-small").all("div")
    }
    assert tiles["Fees booked by this"] == ["Rp 9.450", "Payments: 9"]
    assert tiles["Booked before"][0] == "3"
    assert tiles["Left out"][0] == "1"
    assert _verdicts(page) == {
        "banner banner-ok": "No difference: each payment of the file is one of ours, and its fee is booked. "
        "1 row is left out, as it is no payment."
    }


async def test_the_same_file_again_says_so() -> None:
    async with desk({UPLOAD: answer(report(repeated_file=True), 201)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
        page = await staff.see(sent.headers["Location"].removeprefix("/en/console"))
    assert "This file was uploaded before. It was compared once more." in parsed(page.text).text


@pytest.mark.parametrize(
    ("others", "left_out"),
    [
        (0, ""),
        (1, " 1 row is left out, as it is no payment."),
        (2, " 2 rows are left out, as they are no payments."),
    ],
)
async def test_a_file_without_a_payment_warns_that_nothing_was_compared(others: int, left_out: str) -> None:
    async with desk({ONE_REPORT: answer(nothing_compared(others=others))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
    warning = f"Nothing was compared: the file has no payment.{left_out}"
    assert _verdicts(page) == {"banner banner-warn": warning}


async def test_differences_are_named_with_their_line_and_lead_to_where_they_are_mended() -> None:
    words = {"en": "The payout has this fee already.", "id": "Biayanya sudah ada di pencairan."}
    found = report(
        difference(),
        difference(
            "amount_differs",
            line=9,
            expected="150123.00",
            found="150000.00",
            registration_id=ENTRY,
            registration_number=NUMBER,
        ),
        difference("fee_in_payout", line_id=LINE, words=words),
        differences=203,
    )
    async with desk({ONE_REPORT: answer(found)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
    unknown, other, payout = page.one("ul", class_="work").all("li")
    assert ("Unknown order" in unknown.text, ORDER in unknown.text, "Line of the file 7" in unknown.text) == (True,) * 3
    assert "expected Rp 150.123 · in the file Rp 150.000" in other.text
    assert {each.get("href") for each in other.all("a")} == {f"/en/console/registrations/{ENTRY}"}
    assert "The payout has this fee already." in payout.text
    assert [each.get("href") for each in payout.all("a")] == [f"/en/console/statements/lines/{LINE}"]
    assert "203 differences" in page.text
    assert "Not listed: 200 more like these." in page.text


async def test_a_value_that_is_no_amount_does_not_break_the_page() -> None:
    found = report(difference("fee_differs", expected="-", found=None), difference("not_paid", expected="paid"))
    async with desk({ONE_REPORT: answer(found)}, usual=ANSWERS) as staff:
        shown = await staff.see(ONE)
    assert shown.status_code == 200
    assert " expected " not in parsed(shown.text).one("ul", class_="work").text


@pytest.mark.parametrize(
    ("members", "facts"),
    [
        (
            {"code": "unknown_report_format", "header": ["tanggal", "jumlah"], "missing": ["order_id", "fee"]},
            {"Missing columns": "order_id, fee", "Columns of the file": "tanggal, jumlah"},
        ),
        ({"code": "unreadable_number", "line": 7, "found": "7b1"}, {"Line of the file": "7", "Found there": "7b1"}),
    ],
)
async def test_what_is_wrong_with_a_file_is_said_at_it_and_named(
    members: dict[str, Any], facts: dict[str, str]
) -> None:
    wrong = problem(422, **{"detail": "This is no report.", **members})
    async with desk({UPLOAD: wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert "This is no report." in page.one("p", id="file-error").text
    shown = page.one("dl", class_="proof-facts narrow").all("div")
    assert {each.one("dt").text: each.one("dd").text for each in shown} == facts


async def test_a_lost_answer_says_that_uploading_again_is_safe() -> None:
    async with desk({UPLOAD: httpx.Response(502), REPORTS: httpx.Response(502)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
    assert sent.status_code == 503
    assert "no fee is booked twice" in parsed(sent.text).one("p", id="file-error").text


async def test_without_a_file_nothing_is_asked() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {})
        assert staff.asked(*UPLOAD) == []
    assert sent.status_code == 422
    assert "Choose the file" in parsed(sent.text).one("p", id="file-error").text


async def test_five_megabytes_are_taken_and_more_is_refused() -> None:
    async with desk(usual=ANSWERS) as staff:
        fits = await staff.send(PAGE, {}, files={"file": ("a.csv", b"x" * 5 * 1024 * 1024)})
        huge = await staff.send(PAGE, {}, files={"file": ("a.csv", b"x" * (5 * 1024 * 1024 + 70_000))})
    assert (fits.status_code, huge.status_code) == (303, 413)


async def test_reports_are_listed_with_their_differences() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?cursor=c2")).text)
        [request] = staff.asked(*REPORTS)
    assert request.url.params["cursor"] == "c2"
    rows = page.one("table").all("tr")[1:]
    assert [each.all("td")[-1].text for each in rows] == ["0", "2"]
    assert rows[0].one("a").get("href") == f"/en/console{ONE}"


@pytest.mark.parametrize(("role", "status"), [(Role.FINANCE, 200), (Role.CHECKIN, 403), (Role.VIEWER, 403)])
async def test_finance_gets_in_without_the_gateways_account(role: Role, status: int) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        assert (await staff.see(PAGE)).status_code == status
        assert (await staff.see(ONE)).status_code == status
