"""Taking back what was decided about a line of a statement, in the console."""

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS, LINE, ONE_LINE, decided, deciding, line, undone
from .walk_money_answers import answer, at

LINE_PAGE = f"/statements/lines/{LINE}"
PAGE = f"{LINE_PAGE}/undo"
PAYOUT = decided("payout", payout_channel="qris", payout_fee="1050.00")
IGNORED = decided("ignored", ignore_reason="interest")
FORM = {"undo_reason": " booked twice ", "decided_at": at(-1)}


@pytest.mark.parametrize(("found", "effect"), [(PAYOUT, "moved back in the ledger"), (IGNORED, "nothing is moved")])
async def test_the_lines_page_asks_for_the_reason_in_a_second_step(found: dict[str, object], effect: str) -> None:
    async with desk({ONE_LINE: answer(found)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(LINE_PAGE)).text)
    step = page.one("details", class_="sure")
    assert step.one("summary").text == "Take the decision back"
    assert effect in step.text
    form = step.one("form")
    assert form.get("action") == f"/en/console{PAGE}"
    assert form.one("input", name="decided_at").get("value") == at(-1)
    assert "required" in form.one("textarea", name="undo_reason").attributes


@pytest.mark.parametrize("found", [line(), decided(), decided("kept")])
async def test_a_decision_that_paid_something_is_not_taken_back_here(found: dict[str, object]) -> None:
    async with desk({ONE_LINE: answer(found)}, usual=ANSWERS) as staff:
        shown, asked = parsed((await staff.see(LINE_PAGE)).text), parsed((await staff.see(PAGE)).text)
    assert "Take the decision back" not in shown.text
    assert "There is nothing to take back" in asked.text
    assert not [each for each in asked.all("textarea") if each.get("name") == "undo_reason"]


async def test_the_decision_that_was_seen_is_taken_back_and_the_line_says_so() -> None:
    async with desk({ONE_LINE: answer(PAYOUT)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
        assert staff.body(*deciding("undo")) == {"reason": "booked twice", "decided_at": at(-1)}
    assert sent.headers["Location"] == f"/en/console{LINE_PAGE}?done=undo"
    async with desk({ONE_LINE: answer(line(undone=undone(reason="booked twice")))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{LINE_PAGE}?done=undo")).text)
    assert "The line waits for a decision again." in page.text
    facts = {each.one("dt").text: each.one("dd").text for each in page.one("dl", class_="proof-facts").all("div")}
    assert facts["Taken back"].startswith("Payout · QRIS · Fee Rp 1.050")
    assert facts["Taken back"].endswith("Peserta Budi: booked twice")


async def test_without_a_reason_the_words_of_payment_stand_at_the_field() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "body.reason", "message": "Too short."}])
    async with desk({ONE_LINE: answer(PAYOUT), deciding("undo"): wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"decided_at": at(-1)})
    assert sent.status_code == 422
    assert "Too short." in parsed(sent.text).one("p", id="undo_reason-error").text


async def test_another_decision_since_then_stands_and_can_be_looked_at() -> None:
    newer = {**IGNORED, "decided_at": at(-0.5)}
    taken = problem(409, "line_decided", state="ignored")
    async with desk({ONE_LINE: answer(newer), deciding("undo"): taken}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
    page = parsed(sent.text)
    assert sent.status_code == 409
    assert "It was decided about this line a moment ago." in page.text
    assert page.one("input", name="decided_at").get("value") == at(-0.5)
    assert page.one("textarea", name="undo_reason").text == "booked twice"


async def test_what_has_to_be_done_instead_is_said_in_the_words_of_payment() -> None:
    refused = problem(409, "undo_not_possible", state="matched", detail="Refund the payment instead.")
    async with desk({ONE_LINE: answer(decided()), deciding("undo"): refused}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
    assert sent.status_code == 409
    assert "Refund the payment instead." in parsed(sent.text).one("p", role="alert").text


async def test_a_lost_answer_keeps_the_reason_that_was_typed() -> None:
    async with desk({ONE_LINE: answer(PAYOUT), deciding("undo"): httpx.Response(502)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, FORM)
    assert sent.status_code == 503
    assert parsed(sent.text).one("textarea", name="undo_reason").text == "booked twice"


async def test_only_finance_gets_in() -> None:
    async with desk(role=Role.CHECKIN, usual=ANSWERS) as staff:
        assert (await staff.see(PAGE)).status_code == 403
        assert (await staff.send(PAGE, FORM)).status_code == 403
        assert staff.requests == []
