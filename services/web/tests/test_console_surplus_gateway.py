"""Kept money that goes back through the payment gateway, in the console."""

from typing import Any

import httpx
import pytest

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import KEPT, MONEY, ONE_KEPT
from .walk_gateway_answers import ANSWERS, SEND, asked, given_back
from .walk_money_answers import COLLEAGUE, answer, at
from .walk_staff import OWNER

MONEY_PAGE = f"/surplus/{MONEY}"
PAGE = f"{MONEY_PAGE}/send"


def _words(page: Element) -> str:
    return page.one("main").text


def _buttons(page: Element) -> list[str]:
    return [each.text for each in page.one("main").all("button")]


async def test_money_of_the_gateway_can_be_sent_back_or_transferred_by_hand() -> None:
    async with desk({ONE_KEPT: answer(given_back())}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(MONEY_PAGE)).text)
        sent = await staff.send(PAGE, {})
        [request] = staff.asked(*SEND)
    assert _buttons(page) == ["Send Rp 150.123 back", "Rp 150.123 is paid back"]
    assert page.one("details", class_="sure").one("form").get("action") == f"/en/console{PAGE}"
    assert request.content == b""
    assert sent.headers["Location"] == f"/en/console{MONEY_PAGE}?done=send"


@pytest.mark.parametrize(
    ("found", "is_said"),
    [
        (asked(), True),
        (asked(state="refunded", refunded_at=at(0)), True),
        (given_back(gateway_error="no_balance"), False),
    ],
)
async def test_sending_counts_as_done_unless_the_gateway_refused_at_once(
    found: dict[str, Any], *, is_said: bool
) -> None:
    async with desk({SEND: answer(found, 202), ONE_KEPT: answer(found)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {})
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert ("The gateway is asked to give the money back." in _words(page)) == is_said
    assert ("The gateway did not give it back." in _words(page)) != is_said


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("virtual_account", "paid by virtual account"),
        ("window_over", "The time in which the gateway gives it back is over."),
        ("other_order", "was not made by this platform"),
    ],
)
async def test_why_the_gateway_does_not_is_said_and_the_hand_is_left(why: str, words: str) -> None:
    found = given_back(gateway_until=None, why_not_gateway=why)
    async with desk({ONE_KEPT: answer(found)}, usual=ANSWERS) as staff:
        page, own = parsed((await staff.see(MONEY_PAGE)).text), parsed((await staff.see(PAGE)).text)
    assert words in _words(page)
    assert words in _words(own)
    assert (_buttons(page), _buttons(own)) == (["Rp 150.123 is paid back"], [])


async def test_while_the_gateway_is_asked_nothing_is_left_to_do() -> None:
    async with desk({ONE_KEPT: answer(asked())}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(MONEY_PAGE)).text)
    assert "The gateway was asked" in _words(page)
    assert "At the payment gateway" in page.one("header", class_="console-head").text
    assert _buttons(page) == []


async def test_what_the_gateway_took_on_and_never_confirms_is_recorded_by_hand() -> None:
    async with desk({ONE_KEPT: answer(asked(accepted_at=at(-1)))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(MONEY_PAGE)).text)
    assert _buttons(page) == ["Rp 150.123 is paid back"]
    assert "Only if the gateway never confirms it" in _words(page)


async def test_the_answer_of_the_gateway_is_told_and_it_can_be_tried_again() -> None:
    async with desk({ONE_KEPT: answer(given_back(gateway_error="no_balance"))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(MONEY_PAGE)).text)
    assert "There is not enough money in your account at the gateway." in _words(page)
    assert "Send Rp 150.123 back" in _buttons(page)


async def test_the_facts_say_that_the_gateway_paid_it_back() -> None:
    found = asked(state="refunded", refunded_at=at(-1), refunded_by=None, refund_reference="R-7")
    async with desk({ONE_KEPT: answer(found)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(MONEY_PAGE)).text)
    facts = {each.one("dt").text: each.one("dd").text for each in page.one("dl", class_="proof-facts").all("div")}
    assert "Payment gateway" in facts["Paid back"]
    assert facts["Paid back"].endswith("R-7")
    assert facts["Asked of the gateway"].endswith("you")


async def test_of_money_that_went_back_in_parts_only_the_rest_is_given_back() -> None:
    parts = {"gone_back": "50000.00", "left": "100123.00"}
    async with desk({ONE_KEPT: answer(given_back(**parts))}, usual=ANSWERS) as staff:
        due = parsed((await staff.see(MONEY_PAGE)).text)
    async with desk({ONE_KEPT: answer(given_back(state="open", **parts))}, usual=ANSWERS) as staff:
        still_open = parsed((await staff.see(MONEY_PAGE)).text)
    assert _buttons(due) == ["Send Rp 100.123 back", "Rp 100.123 is paid back"]
    assert "The rest of Rp 100.123 can pay no registration any more" in _words(still_open)
    assert _buttons(still_open) == ["Give it back"]


@pytest.mark.parametrize(("decided_by", "may_send"), [(str(OWNER), False), (COLLEAGUE, True)])
async def test_a_large_amount_is_given_back_by_another_person(decided_by: str, *, may_send: bool) -> None:
    found = given_back(waits_for_second=True, decided_by=decided_by)
    async with desk({ONE_KEPT: answer(found)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(MONEY_PAGE)).text)
    assert "Waits for a second person" in page.one("header", class_="console-head").text
    assert bool(_buttons(page)) == may_send
    assert ("You decided that it goes back." in _words(page)) != may_send


async def test_sent_twice_it_counts_as_done_but_not_when_a_colleague_sent_it() -> None:
    taken = {SEND: problem(409, "no_refund_due", state="asked")}
    async with desk({ONE_KEPT: answer(asked()), **taken}, usual=ANSWERS) as staff:
        again = await staff.send(PAGE, {})
    async with desk({ONE_KEPT: answer(asked(sent_by=COLLEAGUE)), **taken}, usual=ANSWERS) as staff:
        late = await staff.send(PAGE, {})
    assert (again.status_code, late.status_code) == (303, 409)
    assert "It was decided about this money a moment ago." in parsed(late.text).text


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (problem(409, "gateway_refund_not_possible", why_not="no_gateway"), 409, "No account of the gateway"),
        (problem(409, "same_person", detail="Another person has to."), 409, "Another person has to."),
        (httpx.Response(502), 503, "it may be done or not"),
    ],
)
async def test_why_it_was_not_sent_is_said(refusal: httpx.Response, status: int, words: str) -> None:
    async with desk({ONE_KEPT: answer(given_back()), SEND: refusal}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {})
    assert sent.status_code == status
    assert words in parsed(sent.text).one("p", role="alert").text


async def test_the_list_asks_for_what_waits_for_a_second_person_or_for_the_gateway() -> None:
    found = {"items": [asked(), given_back(waits_for_second=True), given_back(gone_back="50000.00")]}
    async with desk({KEPT: answer(found)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see("/surplus?second=awaited&state=asked")).text)
        [request] = staff.asked(*KEPT)
    assert dict(request.url.params) == {"state": "asked", "waits_for_second": "true"}
    pills = [each.text for each in page.one("table").all("span") if (each.get("class") or "").startswith("pill")]
    assert pills == ["At the payment gateway", "Waits for a second person", "To be paid back"]
    assert "left: Rp 100.123" in _words(page)
