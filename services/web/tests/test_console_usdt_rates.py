"""The rate of USDT in the console: what is used and why not, setting it by hand, and the rates before."""

from typing import Any

import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_console_usdt_answers import (
    ANSWERS,
    RATES,
    SET_RATE,
    WITHDRAW,
    manual_rate,
    rate,
    rates,
    refused_rate,
    source,
    withdrawn_rate,
)
from .walk_money_answers import ME

PAGE = "/usdt/rates"
FORM = {"idr_per_usdt": "16.700,50", "valid_until": "2027-01-04T15:00", "reason": "The sources are away."}


def _section(page: Element, name: str) -> str:
    return page.one("section", aria_labelledby=name).text.replace("\N{NO-BREAK SPACE}", " ")


async def _page(**answers: Any) -> Element:
    async with desk({RATES: rates(*answers.pop("items", ()), **answers)}, role=Role.FINANCE, usual=ANSWERS) as staff:
        return parsed((await staff.see(PAGE)).text)


async def test_the_rate_that_is_used_stands_beside_what_each_source_says() -> None:
    async with desk(role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert "Rp 16.650,5" in _section(page, "now")
    assert "Median of the sources" in _section(page, "now")
    said = _section(page, "sources")
    assert "Indodax Rp 16.655" in said
    assert "CoinGecko Rp 16.646" in said


async def test_a_rate_of_staff_is_shown_with_its_end() -> None:
    page = await _page(items=[manual_rate()], current=manual_rate())
    assert "Set by hand" in _section(page, "now")
    assert "until 4 Jan 2027, 15:00 WIB" in _section(page, "now")


async def test_after_a_jump_the_page_says_what_the_sources_say_and_what_to_do() -> None:
    page = await _page(items=[refused_rate("jump"), rate("indodax", "18010.00")], current=None, reason="jump")
    now = _section(page, "now")
    assert "There is no rate, so USDT is not offered. It moved by more than 5 percent at once." in now
    assert "The sources say Rp 18.000 now." in now
    assert "Indodax Rp 18.010" in _section(page, "sources")


async def test_sources_that_give_no_rate_are_named() -> None:
    troubled = [source(trouble="down"), source("coingecko", "unreadable")]
    page = await _page(current=None, reason="no_answer", sources=troubled)
    assert "No source answers." in _section(page, "now")
    said = _section(page, "sources")
    assert "Indodax cannot be reached since 4 Jan 2027, 09:00 WIB" in said
    assert "CoinGecko answers something that is no rate" in said


async def test_a_rate_is_set_with_a_reason_until_a_time_of_the_console() -> None:
    async with desk(role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
        body = staff.body(*SET_RATE)
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=set"
    assert body == {
        "idr_per_usdt": "16700.50",
        "valid_until": "2027-01-04T15:00:00+07:00",
        "reason": "The sources are away.",
    }


async def test_the_form_offers_an_end_in_six_hours() -> None:
    page = await _page()
    assert page.one("input", name="valid_until").get("value") == "2027-01-04T16:00"
    assert "Time zone: WIB." in page.one("p", id="valid_until-hint").text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"idr_per_usdt": "much"}, "idr_per_usdt"),
        ({"idr_per_usdt": ""}, "idr_per_usdt"),
        ({"valid_until": "tomorrow"}, "valid_until"),
        ({"valid_until": ""}, "valid_until"),
        ({"reason": " "}, "reason"),
    ],
)
async def test_what_cannot_be_read_is_refused_at_its_field(form: dict[str, str], field: str) -> None:
    async with desk(role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {**FORM, **form})
        assert staff.asked(*SET_RATE) == []
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert [each.get("name") for each in page.all("input") if each.get("aria-invalid")] == [field]


async def test_a_rate_that_payment_refuses_is_refused_at_its_field() -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": "idr_per_usdt", "message": "Between 1 and 2."}])
    async with desk({SET_RATE: refused}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.send(PAGE, FORM)).text)
    assert "Between 1 and 2." in page.one("p", id="idr_per_usdt-error").text
    assert page.one("input", name="idr_per_usdt").get("value") == "16.700,50"


async def test_a_rate_that_staff_have_set_is_withdrawn_with_a_reason() -> None:
    by_hand = rates(manual_rate(), current=manual_rate())
    async with desk({RATES: by_hand}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        sent = await staff.send(f"{PAGE}/7/withdraw", {"withdraw_reason": " A typing error. "})
        body = staff.body(*WITHDRAW)
    [form] = [each for each in page.all("form") if each.get("action") == f"/en/console{PAGE}/7/withdraw"]
    assert form.one("input", name="withdraw_reason").get("required") is not None
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/en/console{PAGE}?done=withdrawn")
    assert body == {"reason": "A typing error."}


async def test_a_rate_of_the_sources_cannot_be_withdrawn() -> None:
    page = await _page(items=[rate()])
    assert "Withdraw this rate" not in page.text


async def test_a_withdrawal_without_a_reason_is_refused_at_its_field() -> None:
    by_hand = rates(manual_rate(), current=manual_rate())
    async with desk({RATES: by_hand}, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(f"{PAGE}/7/withdraw", {"withdraw_reason": " "})
        assert staff.asked(*WITHDRAW) == []
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert "Write why you withdraw the rate." in page.one("p", id="withdraw_reason-error").text
    assert page.one("section", aria_labelledby="now").one("details").get("open") is not None
    assert page.one("input", name="valid_until").get("value") == "2027-01-04T16:00", "the other form is as it was"


async def test_a_rate_that_is_not_used_any_more_is_not_withdrawn() -> None:
    refused = problem(409, "rate_not_used", detail="It is not used any more.")
    async with desk({WITHDRAW: refused}, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(f"{PAGE}/7/withdraw", {"withdraw_reason": "A typing error."})
    assert sent.status_code == 409
    assert "It is not used any more." in parsed(sent.text).text


async def test_a_withdrawal_that_is_sent_twice_is_one() -> None:
    mine = rates({**withdrawn_rate(), "withdrawn_by": str(ME)})
    answers = {WITHDRAW: problem(409, "rate_not_used", detail="It is not used any more."), RATES: mine}
    async with desk(answers, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(f"{PAGE}/7/withdraw", {"withdraw_reason": "A typing error."})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/en/console{PAGE}?done=withdrawn")


async def test_the_list_says_who_has_withdrawn_a_rate_and_why() -> None:
    page = await _page(items=[withdrawn_rate()])
    [row] = page.one("tbody").all("tr")
    assert "Withdrawn by Peserta Budi: 7b2" in row.text
    assert "Withdrawn until 4 Jan 2027, 15:00 WIB" in row.text


async def test_the_list_has_rates_that_were_used_or_all_page_by_page() -> None:
    used = rates(manual_rate(), next_cursor="y")
    async with desk({RATES: used}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        await staff.see(f"{PAGE}?all=yes&cursor=y")
        asked = [dict(each.url.params) for each in staff.asked(*RATES)]
    assert sorted(asked, key=str) == sorted(
        [{"limit": "20"}, {"only_chosen": "true"}, {"limit": "20"}, {"cursor": "y"}], key=str
    )
    [row] = page.one("tbody").all("tr")
    assert "Set by hand · Peserta Budi 7b1" in row.text
    assert f"/en/console{PAGE}?cursor=y" in [each.get("href") for each in page.all("a")]


@pytest.mark.parametrize("role", [Role.CHECKIN, Role.VIEWER])
async def test_only_finance_gets_in(role: Role) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        assert (await staff.see(PAGE)).status_code == 403
        assert (await staff.send(PAGE, FORM)).status_code == 403
        assert (await staff.send(f"{PAGE}/7/withdraw", {"withdraw_reason": "x"})).status_code == 403
        assert staff.requests == []
