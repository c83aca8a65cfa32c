"""The reconciliation in the console: a day, its differences with what to do, and the days before."""

from typing import Any

import httpx
import pytest

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS, LINE, MONEY, RECONCILED, REFUND, RUNS, channel, item, reconciled
from .walk_money_answers import ENTRY, PAYMENT, PROOF

PAGE = "/reconciliation"
RUN = ("POST", f"{PAYMENT}/reconciliation")


def _links(page: Element) -> list[str]:
    return [each.attributes["href"] for each in page.one("main").all("a")]


def _pills(part: Element) -> list[tuple[str, str]]:
    pills = [each for each in part.all("span") if (each.get("class") or "").startswith("pill")]
    return [(each.text.replace("\N{NO-BREAK SPACE}", " "), each.attributes["class"]) for each in pills]


async def test_without_differences_it_is_green() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        [asked] = staff.asked(*RECONCILED)
    assert dict(asked.url.params) == {}
    [said] = [each for each in page.all("p") if each.get("role") == "status"]
    assert said.text == "No difference: all accounts agree."
    assert "banner-ok" in (said.get("class") or "")


async def test_each_difference_says_who_does_what_and_leads_there() -> None:
    found = reconciled(
        channel("bank", item(), difference="-150123.00"),
        channel("surplus", item(registration_id=None, registration_number=None, amount=None)),
        differences=2,
    )
    async with desk({RECONCILED: found}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?date=2027-01-04")).text)
    assert "2 items to look at" in page.text
    assert "\N{MINUS SIGN}Rp 150.123" in page.all("table")[0].text
    assert "Import the statement of this day." in page.text
    assert "Finance · 4 days old" in page.text
    assert {f"/en/console/registrations/{ENTRY}", "/en/console/surplus?kind=surplus"} <= {*_links(page)}


async def test_an_item_without_an_amount_is_to_be_looked_at_and_is_no_difference_in_money() -> None:
    # given events that wait: the accounts agree
    found = reconciled(channel("runners", item(kind="events_stuck", amount=None)), channel("bank"), differences=1)
    # when
    async with desk({RECONCILED: found}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    # then
    [said] = [each for each in page.all("p") if each.get("role") == "status"]
    assert (said.text, said.get("class")) == ("1 item to look at", "banner banner-bad")
    runners, bank = page.all("table")[0].one("tbody").all("tr")
    assert _pills(runners) == [("Rp 0", "pill pill-ok"), ("1", "pill pill-bad")]
    assert _pills(bank) == [("Rp 0", "pill pill-ok"), ("0", "pill pill-ok")]


async def test_days_that_are_stored_say_how_much_was_to_be_looked_at() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    stored = page.one("section", aria_labelledby="runs")
    assert [each.text for each in stored.all("th")[:2]] == ["Day", "Items to look at"]
    assert _pills(stored) == [("2", "pill pill-bad"), ("0", "pill pill-ok")]


@pytest.mark.parametrize(
    ("about", "place"),
    [
        ({"line_id": LINE}, f"statements/lines/{LINE}"),
        ({"money_id": MONEY}, f"surplus/{MONEY}"),
        ({"refund_id": REFUND}, f"refunds/{REFUND}"),
        ({"payment_id": PROOF}, f"payments/{PROOF}"),
        ({}, "statements"),
    ],
)
async def test_an_item_leads_to_what_it_is_about(about: dict[str, Any], place: str) -> None:
    found = reconciled(channel("bank", item(registration_id=None, **about)), differences=1)
    async with desk({RECONCILED: found}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert f"/en/console/{place}" in _links(page)


async def test_days_lead_to_those_beside_them_and_stored_ones_are_listed() -> None:
    async with desk(usual=ANSWERS) as staff:
        today = parsed((await staff.see(PAGE)).text)
        before = parsed((await staff.see(f"{PAGE}?date=2027-01-03")).text)
        asked = [dict(each.url.params) for each in staff.asked(*RECONCILED)]
        [runs, _] = staff.asked(*RUNS)
    assert asked == [{}, {"date": "2027-01-03"}]
    assert runs.url.params["limit"] == "31"
    here = f"/en/console{PAGE}"
    assert {f"{here}?date=2027-01-03", f"{here}?date=2027-01-02"} <= {*_links(today)}
    assert f"{here}?date=2027-01-05" not in _links(today)
    assert {f"{here}?date=2027-01-02", f"{here}?date=2027-01-04"} <= {*_links(before)}


async def test_a_day_without_one_says_so_and_a_day_that_is_none_is_refused() -> None:
    missing = {RECONCILED: problem(404, "no_reconciliation")}
    async with desk(missing, usual=ANSWERS) as staff:
        none = await staff.see(f"{PAGE}?date=2026-01-01")
        wrong = await staff.see(f"{PAGE}?date=x")
    assert (none.status_code, wrong.status_code) == (200, 422)
    assert "No reconciliation of this day" in none.text
    assert "Write a day such as 2027-08-17." in wrong.text


async def test_it_runs_now_and_says_so() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {})
        assert len(staff.asked(*RUN)) == 1
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=ran"


async def test_without_an_answer_the_page_stays() -> None:
    async with desk({RUN: httpx.Response(502)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {})
    assert sent.status_code == 503
    assert "it may be done or not" in sent.text
