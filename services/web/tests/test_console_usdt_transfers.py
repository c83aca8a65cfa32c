"""Transfers of USDT in the console: the list, one of them, and letting it pay another registration."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_accounts_answers import LOOK_UP, MONEY, ONE_KEPT, OTHER_NUMBER, SECOND
from .walk_accounts_answers import kept as kept_money
from .walk_console_usdt_answers import ANSWERS, ASSIGN, HASH, ONE_TRANSFER, TRANSFER, TRANSFERS, kept, listed, transfer
from .walk_money_answers import ANSWERS as OF_MONEY
from .walk_money_answers import COLLEAGUE, NUMBER, PAYMENT, PROOF, REFUND, answer, at, refund, verified

PAGE = "/usdt/transfers"
ONE = f"{PAGE}/{TRANSFER}"


def _links(page: Element) -> list[str]:
    return [each.attributes["href"] for each in page.all("a")]


async def _one(found: dict[str, Any], query: str = "") -> Element:
    async with desk({ONE_TRANSFER: answer(found)}, role=Role.FINANCE, usual=ANSWERS) as staff:
        return parsed((await staff.see(f"{ONE}{query}")).text)


async def test_the_list_shows_amount_state_registration_and_a_link_to_the_explorer() -> None:
    async with desk({TRANSFERS: listed(transfer())}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    [row] = page.one("tbody").all("tr")
    for words in ("21.03 USDT", "Final", "It paid", NUMBER, "BNB Smart Chain"):
        assert words in row.text
    assert f"https://bscscan.com/tx/{HASH}" in _links(row)


async def test_filters_and_the_page_are_passed_on_and_unknown_words_are_not() -> None:
    async with desk({TRANSFERS: listed(transfer(), next_cursor="y")}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?state=confirmed&settled=kept&cursor=x")).text)
        await staff.see(f"{PAGE}?state=7b1&settled=7b1")
        asked = [dict(each.url.params) for each in staff.asked(*TRANSFERS)]
    assert asked == [{"state": "confirmed", "settled": "kept", "cursor": "x"}, {}]
    assert f"/en/console{PAGE}?state=confirmed&settled=kept&cursor=y" in _links(page)


async def test_confirmations_are_counted_until_a_transfer_is_final() -> None:
    waiting = transfer(state="pending", settled=None, confirmations=3)
    async with desk({TRANSFERS: listed(waiting)}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert "Confirmations: 3" in page.text


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (transfer(), "It paid the registration whose address this is."),
        (kept(), "It is kept, as its registration was paid or had ended"),
        (transfer(settled="ignored"), "It is worth so little that nothing is decided about it."),
        (transfer(settled=None), "It is not enough for its registration yet."),
        (transfer(state="pending", settled=None), "It counts once it is final"),
        (transfer(state="failed", settled=None, confirmations=None), "Its block was replaced"),
        (transfer(kind="other_token", settled=None), "This is another token than USDT"),
        (transfer(kind="refund", settled=None), "This is USDT that went back to a runner."),
    ],
)
async def test_the_page_says_what_became_of_a_transfer(found: dict[str, Any], words: str) -> None:
    assert words in (await _one(found)).text


@pytest.mark.parametrize(
    ("found", "may_be"),
    [
        (kept(), True),
        (transfer(settled=None), True),
        (transfer(), False),
        (transfer(state="pending", settled=None), False),
        (transfer(kind="other_token", settled=None), False),
    ],
)
async def test_a_final_transfer_that_paid_nothing_can_be_assigned(found: dict[str, Any], may_be: bool) -> None:
    page = await _one(found)
    assert ("Let it pay another registration" in page.text) == may_be


async def test_the_registration_is_looked_for_and_the_only_one_is_chosen() -> None:
    page = await _one(kept(), "?q=Sari")
    choice = page.one("input", name="registration")
    assert (choice.get("value"), "checked" in choice.attributes) == (SECOND, True)
    assert f"{OTHER_NUMBER} Sari Dewi" in page.text
    [form] = [each for each in page.all("form") if each.get("action") == f"/en/console{ONE}?q=Sari"]
    assert form.get("method") == "post"


async def test_nothing_is_looked_up_without_words() -> None:
    async with desk({ONE_TRANSFER: answer(kept())}, role=Role.FINANCE, usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
        assert staff.asked(*LOOK_UP) == []
    assert "Look for it below first." in page.text


@pytest.mark.parametrize(
    ("outcome", "done"),
    [
        (answer({"payment_id": PROOF}), "assigned"),
        (httpx.Response(202, json={"waits_for": "second_person"}), "checked"),
    ],
)
async def test_a_transfer_is_assigned_or_waits_for_a_second_person(outcome: httpx.Response, done: str) -> None:
    async with desk({ASSIGN: outcome}, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"registration": SECOND})
        assert staff.body(*ASSIGN) == {"registration_id": SECOND}
    assert sent.headers["Location"] == f"/en/console{ONE}?done={done}"


async def test_without_a_choice_nothing_is_asked() -> None:
    async with desk({ONE_TRANSFER: answer(kept())}, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(f"{ONE}?q=Sari", {})
        assert staff.asked(*ASSIGN) == []
    assert sent.status_code == 422
    assert "Choose a registration." in parsed(sent.text).one("p", id="registration-error").text


@pytest.mark.parametrize("code", ["amount_mismatch", "already_paid", "invoice_not_found"])
async def test_a_registration_that_does_not_fit_is_refused_at_the_choice(code: str) -> None:
    refused = problem(409, code, detail="Another amount is due.")
    answers = {ASSIGN: refused, ONE_TRANSFER: answer(kept())}
    async with desk(answers, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(f"{ONE}?q=Sari", {"registration": SECOND})
    page = parsed(sent.text)
    assert sent.status_code == 409
    assert "Another amount is due." in page.one("p", id="registration-error").text
    assert "checked" in page.one("input", name="registration").attributes


async def test_what_was_decided_a_moment_ago_stands() -> None:
    async with desk({ASSIGN: problem(409, "transfer_decided")}, role=Role.FINANCE, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"registration": SECOND})
    page = parsed(sent.text)
    assert sent.status_code == 409
    assert "yours changed nothing" in page.text
    assert "It paid the registration whose address this is." in page.text


async def test_kept_money_and_a_payment_lead_to_their_transfer() -> None:
    money = kept_money(channel="usdt", payment_method="usdt", reference=TRANSFER)
    paid = verified(channel="usdt", payment_method="usdt", source=f"usdt:{TRANSFER}:over")
    answers = {ONE_KEPT: answer(money), ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(paid)}
    async with desk(answers, role=Role.FINANCE, usual={**OF_ACCOUNTS, **OF_MONEY}) as staff:
        for path in (f"/surplus/{MONEY}", f"/payments/{PROOF}"):
            assert f"/en/console{ONE}" in _links(parsed((await staff.see(path)).text)), path


async def test_usdt_goes_back_to_an_address_of_the_runner_and_not_to_its_sender() -> None:
    due = {"state": "refund_due", "decided_at": at(-1), "decided_by": COLLEAGUE}
    money = kept_money(channel="usdt", payment_method="usdt", reference=TRANSFER, **due)
    of_payment = answer(refund(payment_method="usdt"))
    answers = {ONE_KEPT: answer(money), ("GET", f"{PAYMENT}/refunds/{REFUND}"): of_payment}
    async with desk(answers, role=Role.FINANCE, usual={**OF_ACCOUNTS, **OF_MONEY}) as staff:
        for path in (f"/surplus/{MONEY}", f"/refunds/{REFUND}"):
            page = parsed((await staff.see(path)).text)
            assert "to an address that the runner names and never to the one it came from" in page.text, path
            assert "to the account from which it came" not in page.text, path


@pytest.mark.parametrize("role", [Role.CHECKIN, Role.VIEWER])
async def test_only_finance_gets_in(role: Role) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        for path in (PAGE, ONE):
            assert (await staff.see(path)).status_code == 403
        assert (await staff.send(ONE, {})).status_code == 403
        assert staff.requests == []
