"""Money that no invoice took, in the console: the list, and the decisions about one item."""

from typing import Any

import httpx
import pytest

from .markup import Element, parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import (
    ANSWERS,
    KEPT,
    LINE,
    LOOK_UP,
    MONEY,
    OF_AMOUNT,
    ONE_KEPT,
    OTHER_NUMBER,
    SECOND,
    kept,
    line,
    ownerless,
    settling,
)
from .walk_money_answers import COLLEAGUE, ENTRY, NUMBER, PAYMENT, PROOF, answer, at
from .walk_staff import OWNER

LIST = "/surplus"
PAGE = f"{LIST}/{MONEY}"
ASSIGN = {"do": "assign", "registration": ENTRY, "assign_reason": " the payer called "}


def _choices(page: Element) -> dict[str, bool]:
    radios = [each for each in page.all("input") if each.get("name") == "registration"]
    return {each.attributes["value"]: "checked" in each.attributes for each in radios}


async def test_the_list_is_filtered_and_leads_to_each_item() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{LIST}?kind=unknown&state=open")).text)
        await staff.see(f"{LIST}?kind=x&cursor=c2")
        asked = [dict(each.url.params) for each in staff.asked(*KEPT)]
    assert asked == [{"kind": "unknown", "state": "open"}, {"cursor": "c2"}]
    links = [each.get("href") for each in page.all("a")]
    assert {f"/en/console{PAGE}", f"/en/console/registrations/{ENTRY}"} <= {*links}
    assert f"/en/console{LIST}?kind=unknown&state=open&cursor=x" in links


async def test_surplus_is_assigned_to_the_registration_that_it_names() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        sent = await staff.send(PAGE, ASSIGN)
        assert staff.body(*settling("assign")) == {"registration_id": ENTRY, "reason": "the payer called"}
    assert _choices(page) == {ENTRY: True}
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=assign"


@pytest.mark.parametrize(("status", "is_chosen"), [("paid", False), ("open", True), ("expired", True)])
async def test_choices_have_amount_and_state_and_a_paid_one_is_not_preselected(status: str, is_chosen: bool) -> None:
    bills = {
        ("GET", f"{PAYMENT}/invoices/{ENTRY}"): answer({"amount": "150000.00", "status": status}),
        ("GET", f"{PAYMENT}/invoices/{SECOND}"): answer(
            {"amount": "150000.00", "payable_amount": "150321.00", "status": "expired"}
        ),
    }
    async with desk(bills, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?q=x")).text)
    assert _choices(page) == {ENTRY: is_chosen, SECOND: not is_chosen}
    labels = [each.text for each in page.all("label") if each.get("class") == "check"]
    assert "Rp 150.000" in labels[0]
    assert "Rp 150.321 Expired" in labels[1]


async def test_assigned_money_names_the_registration_that_it_paid() -> None:
    paid = {"registration_id": SECOND, "registration_number": OTHER_NUMBER}
    found = {
        ONE_KEPT: answer(kept(state="assigned", payment_id=PROOF, decided_at=at(-1), decided_by=COLLEAGUE)),
        ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(paid),
    }
    async with desk(found, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?done=assign")).text)
    assert f"It paid registration {OTHER_NUMBER}." in page.text
    assert f"/en/console/registrations/{SECOND}" in {each.get("href") for each in page.all("a")}


async def test_money_of_a_statement_shows_its_line() -> None:
    async with desk({ONE_KEPT: answer(ownerless(source=f"line:{LINE}"))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
    assert line()["text"] in page.text
    assert f"/en/console/statements/lines/{LINE}" in {each.get("href") for each in page.all("a")}


async def test_the_owner_of_unknown_money_is_found_by_its_amount() -> None:
    async with desk({ONE_KEPT: answer(ownerless())}, usual=ANSWERS) as staff:
        before = parsed((await staff.see(PAGE)).text)
        search = [each.get("href") for each in before.all("a") if each.text == "Search by this amount"]
        assert search == [f"/en/console{PAGE}?q=150123"]
        page = parsed((await staff.see(f"{PAGE}?q=150123")).text)
        [asked] = staff.asked(*OF_AMOUNT)
    assert _choices(before) == {}
    assert asked.url.params["amount"] == "150123"
    assert _choices(page) == {SECOND: True}
    assert OTHER_NUMBER in page.text
    assert page.one("form", action=f"/en/console{PAGE}?q=150123").get("method") == "post"


async def test_money_in_usdt_names_the_registration_of_its_address_and_pays_a_bill_of_about_its_amount() -> None:
    of_registration = {"registration_id": ENTRY, "registration_number": NUMBER}
    for fields, said in (({}, "Owner unknown"), (of_registration, "Does not fit its registration")):
        found = answer(ownerless(**{**fields, "channel": "usdt", "payment_method": "usdt"}))
        async with desk({ONE_KEPT: found}, usual=ANSWERS) as staff:
            page = parsed((await staff.see(PAGE)).text)
        assert said in {each.text for each in page.all("p")}
        assert "about this amount" in page.text
    async with desk({ONE_KEPT: answer(ownerless())}, usual=ANSWERS) as staff:
        assert "just this amount" in (await staff.see(PAGE)).text


async def test_over_the_limit_it_waits_for_a_second_person() -> None:
    waits = {"checked_by": COLLEAGUE, "checked_at": at(-1), "proposed_registration_id": SECOND}
    found = ownerless(**waits, proposed_registration_number=OTHER_NUMBER)
    async with desk({ONE_KEPT: answer(found)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?done=assign")).text)
    assert "Stored: waits for a second person." in page.text
    assert f"Assigned to {OTHER_NUMBER} by: Peserta Budi." in page.text
    assert _choices(page) == {SECOND: True}
    [button] = [each for each in page.all("button") if each.get("value") == "assign"]
    assert (button.text, button.get("disabled")) == ("Confirm as the second person", None)


async def test_the_same_person_cannot_confirm_and_reads_why() -> None:
    found = ownerless(checked_by=str(OWNER), checked_at=at(-1), proposed_registration_id=SECOND)
    refused = problem(409, "same_person", detail="Another person has to confirm this.")
    async with desk({ONE_KEPT: answer(found), settling("assign"): refused}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        sent = await staff.send(PAGE, {**ASSIGN, "registration": SECOND})
    [button] = [each for each in page.all("button") if each.get("value") == "assign"]
    assert "disabled" in button.attributes
    assert "That has to be another person than you." in page.text
    assert (sent.status_code, "Another person has to confirm this." in parsed(sent.text).text) == (409, True)


async def test_it_goes_back_and_the_transfer_is_recorded() -> None:
    async with desk({ONE_KEPT: answer(kept(state="refund_due"))}, usual=ANSWERS) as staff:
        decided = await staff.send(PAGE, {"do": "refund", "refund_reason": "paid twice"})
        recorded = await staff.send(PAGE, {"do": "refunded", "reference": "BCA 881"})
        assert staff.body(*settling("refund")) == {"reason": "paid twice"}
        assert staff.body(*settling("refunded")) == {"reference": "BCA 881"}
        page = parsed((await staff.see(PAGE)).text)
    places = [each.headers["Location"] for each in (decided, recorded)]
    assert places == [f"/en/console{PAGE}?done=refund", f"/en/console{PAGE}?done=refunded"]
    assert [each.get("value") for each in page.all("button") if each.get("name") == "do"] == ["refunded"]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"do": "assign", "assign_reason": "x"}, "registration"),
        ({"do": "assign", "registration": ENTRY}, "assign_reason"),
        ({"do": "refund"}, "refund_reason"),
    ],
)
async def test_what_is_missing_is_said_at_its_field(form: dict[str, str], field: str) -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, form)
        assert [each for each in staff.requests if each.method == "POST"] == []
    assert sent.status_code == 422
    assert parsed(sent.text).one("p", id=f"{field}-error")


async def test_what_payment_finds_wrong_stands_at_the_field_of_the_form() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "reason", "message": "Too long."}])
    async with desk({settling("refund"): wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "refund", "refund_reason": "x" * 1001})
    assert "Too long." in parsed(sent.text).one("p", id="refund_reason-error").text


async def test_when_another_person_was_faster_what_stands_is_shown() -> None:
    taken = {settling("assign"): problem(409, "money_decided"), ONE_KEPT: answer(kept(state="refund_due"))}
    async with desk(taken, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, ASSIGN)
    page = parsed(sent.text)
    assert sent.status_code == 409
    assert "It was decided about this money a moment ago." in page.text
    assert "To be paid back" in page.one("header", class_="console-head").text


async def test_while_registrations_are_away_the_money_is_shown() -> None:
    async with desk({LOOK_UP: httpx.Response(502)}, usual=ANSWERS) as staff:
        page = await staff.see(f"{PAGE}?q=x")
    assert page.status_code == 200
    assert NUMBER in page.text


async def test_after_a_refusal_the_registration_that_was_chosen_stays_chosen() -> None:
    async with desk(usual=ANSWERS) as staff:
        other = await staff.send(f"{PAGE}?q=x", {"do": "assign", "registration": SECOND})
        none = await staff.send(f"{PAGE}?q=x", {"do": "assign"})
    assert _choices(parsed(other.text)) == {ENTRY: False, SECOND: True}
    assert _choices(parsed(none.text)) == {ENTRY: True, SECOND: False}


async def test_money_assigned_in_one_tab_is_not_said_to_pay_the_registration_of_another() -> None:
    assigned = kept(state="assigned", decided_at=at(0), decided_by=str(OWNER), reason="the payer called")
    decided = {settling("assign"): problem(409, "money_decided", state="assigned"), ONE_KEPT: answer(assigned)}
    async with desk(usual=ANSWERS) as staff:
        first = await staff.send(PAGE, ASSIGN)
    async with desk(decided, usual=ANSWERS) as staff:
        second = await staff.send(PAGE, {**ASSIGN, "registration": SECOND})
    assert (first.status_code, second.status_code) == (303, 409)
    assert "What was decided stands; yours changed nothing." in parsed(second.text).text


_GIVE_BACK = {"do": "refund", "refund_reason": "paid twice"}
_REFUNDED = {"refunded_at": at(0), "refunded_by": str(OWNER), "refund_reference": "BCA 881"}


@pytest.mark.parametrize(
    ("form", "stands", "is_done"),
    [
        (_GIVE_BACK, {"state": "refund_due", "reason": "paid twice"}, True),
        ({"do": "refunded", "reference": "BCA 881"}, {"state": "refunded", **_REFUNDED}, True),
        ({"do": "refunded", "reference": "BCA 882"}, {"state": "refunded", **_REFUNDED}, False),
        (_GIVE_BACK, {"state": "assigned", "reason": "paid twice"}, False),
        (_GIVE_BACK, {"state": "refund_due", "reason": "paid twice", "decided_by": COLLEAGUE}, False),
        (_GIVE_BACK, {"state": "open", "decided_at": None, "decided_by": None}, False),
    ],
)
async def test_a_decision_that_was_sent_twice_counts_as_one_of_the_same_person(
    form: dict[str, str], stands: dict[str, Any], is_done: bool
) -> None:
    found = kept(**{"decided_at": at(0), "decided_by": str(OWNER), **stands})
    code = "no_refund_due" if form["do"] == "refunded" else "money_decided"
    async with desk({settling(form["do"]): problem(409, code), ONE_KEPT: answer(found)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, form)
    assert sent.status_code == (303 if is_done else 409)
    assert sent.headers.get("Location") == (f"/en/console{PAGE}?done={form['do']}" if is_done else None)
