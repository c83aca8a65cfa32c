"""One line of a statement in the console: every decision about it."""

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
    ONE_LINE,
    OTHER_NUMBER,
    REFUND,
    SECOND,
    STATEMENT,
    decided,
    deciding,
    kept,
    outgoing,
    payout,
    sum_of_two,
    unknown,
)
from .walk_money_answers import COLLEAGUE, ENTRY, PAYMENT, PROOF, answer
from .walk_staff import OWNER

REFUNDS = ("GET", f"{PAYMENT}/refunds")
PAGE = f"/statements/lines/{LINE}"


def _boxes(page: Element, name: str = "registration") -> dict[str, bool]:
    boxes = [each for each in page.all("input") if each.get("name") == name]
    return {each.attributes["value"]: "checked" in each.attributes for each in boxes}


async def test_a_sure_line_is_accepted_for_its_registration() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        sent = await staff.send(PAGE, {"do": "accept", "registration": ENTRY})
        assert staff.body(*deciding("accept")) == {"registration_id": ENTRY}
    assert _boxes(page) == {ENTRY: True}
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=accept"


async def test_the_sum_of_several_is_accepted_with_one_click() -> None:
    async with desk({ONE_LINE: answer(sum_of_two())}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        await staff.send(PAGE, {"do": "accept", "registration": [*_boxes(page)]})
        assert staff.body(*deciding("accept")) == {"registration_ids": [ENTRY, SECOND]}
    assert _boxes(page) == {ENTRY: True, SECOND: True}


async def test_more_than_four_or_none_is_refused_before_payment_is_asked() -> None:
    five = [f"0190c0de-0000-7000-8000-00000000010{number}" for number in range(5)]
    async with desk(usual=ANSWERS) as staff:
        for chosen in ([], five, ["x"]):
            sent = await staff.send(PAGE, {"do": "accept", "registration": chosen})
            assert sent.status_code == 422
            assert "or up to four whose sum it is" in parsed(sent.text).text
        assert staff.asked(*deciding("accept")) == []


async def test_another_registration_is_found_by_number_or_amount_and_chosen() -> None:
    async with desk({ONE_LINE: answer(unknown())}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?q=150.123")).text)
        [asked] = staff.asked(*OF_AMOUNT)
        [looked_up] = staff.asked(*LOOK_UP)
    assert (asked.url.params["amount"], looked_up.url.params["q"]) == ("150123", "150.123")
    assert _boxes(page) == {SECOND: True}
    assert OTHER_NUMBER in page.one("form", id="accept").text


async def test_while_registrations_are_away_the_line_is_shown() -> None:
    async with desk({LOOK_UP: httpx.Response(502)}, usual=ANSWERS) as staff:
        assert (await staff.see(f"{PAGE}?q=7")).status_code == 200


async def test_a_line_is_kept_or_ignored_with_a_reason() -> None:
    async with desk(usual=ANSWERS) as staff:
        held = await staff.send(PAGE, {"do": "keep"})
        ignored = await staff.send(PAGE, {"do": "ignore", "reason": " interest "})
        assert staff.body(*deciding("ignore")) == {"reason": "interest"}
    places = [each.headers["Location"] for each in (held, ignored)]
    assert places == [f"/en/console{PAGE}?done=keep", f"/en/console{PAGE}?done=ignore"]


async def test_a_payout_is_offered_with_its_fee_and_booked() -> None:
    async with desk({ONE_LINE: answer(payout())}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        await staff.send(PAGE, {"do": "payout", "channel": "qris", "fee": "Rp 1.050"})
        assert staff.body(*deciding("payout")) == {"channel": "qris", "fee": "1050.00"}
    assert _boxes(page, "channel") == {"qris": True, "midtrans": False}
    assert page.one("input", name="fee").get("value") == "1050"
    assert "150.000 before the fee" in page.text


async def test_a_payout_without_a_channel_or_fee_is_refused_at_its_field() -> None:
    async with desk({ONE_LINE: answer(payout())}, usual=ANSWERS) as staff:
        no_channel = await staff.send(PAGE, {"do": "payout", "fee": "0"})
        no_fee = await staff.send(PAGE, {"do": "payout", "channel": "midtrans", "fee": "a lot"})
        assert staff.asked(*deciding("payout")) == []
    assert parsed(no_channel.text).one("p", id="channel-error")
    assert parsed(no_fee.text).one("input", name="fee").get("value") == "a lot"


async def test_money_that_left_is_noted_as_a_transfer_back_over_its_amount() -> None:
    refund = {"refund_id": REFUND, "registration_number": "A", "payer_name": "B", "amount": "150123.00"}
    found = [{**refund, "reference": None}, {**refund, "refund_id": PROOF, "amount": "1.00", "reference": None}]
    rest = kept(state="refunded", amount="150200.00", gone_back="77.00")
    given_back = {"items": [rest, kept(state="refunded", id=PROOF, amount="7.00")]}
    answers = {ONE_LINE: answer(outgoing()), REFUNDS: answer({"items": found}), KEPT: answer(given_back)}
    async with desk(answers, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        await staff.send(PAGE, {"do": "refund", "refund": f"money_id {MONEY}"})
        assert staff.body(*deciding("refund")) == {"money_id": MONEY}
        [asked], [surplus] = staff.asked(*REFUNDS), staff.asked(*KEPT)
    assert _boxes(page, "refund") == {f"refund_id {REFUND}": False, f"money_id {MONEY}": False}
    assert (asked.url.params["status"], surplus.url.params["state"]) == ("done", "refunded")
    assert "Accept" not in [each.text for each in page.all("button")]


async def test_the_refund_that_the_import_found_is_chosen() -> None:
    line = outgoing(reason="refund", facts={"amount": "-150123.00", "refund_id": REFUND, "number": "FR5K-7"})
    async with desk({ONE_LINE: answer(line)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        wrong = await staff.send(PAGE, {"do": "refund", "refund": "x"})
        assert staff.asked(*deciding("refund")) == []
        [asked, _] = staff.asked(*REFUNDS)
    assert _boxes(page, "refund")[f"refund_id {REFUND}"]
    assert asked.url.params["q"] == "FR5K-7"
    assert wrong.status_code == 422


async def test_when_another_person_was_faster_the_page_shows_what_stands() -> None:
    taken = {deciding("accept"): problem(409, "line_decided", state="matched"), ONE_LINE: answer(decided())}
    async with desk(taken, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "accept", "registration": ENTRY})
    page = parsed(sent.text)
    assert sent.status_code == 409
    assert "It was decided about this line a moment ago." in page.text
    assert f"/en/console/payments/{PROOF}" in [each.get("href") for each in page.all("a")]


async def test_an_amount_that_does_not_agree_is_said_in_the_words_of_payment() -> None:
    wrong = problem(409, "amount_mismatch", detail="The amount must be 150123.00.")
    async with desk({deciding("accept"): wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "accept", "registration": ENTRY})
    assert "The amount must be 150123.00." in parsed(sent.text).text


async def test_why_a_refund_is_not_the_transfer_is_said_in_the_words_of_payment() -> None:
    wrong = problem(409, "refund_not_done", detail="It is not recorded as sent.")
    async with desk({ONE_LINE: answer(outgoing()), deciding("refund"): wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "refund", "refund": f"refund_id {REFUND}"})
    page = parsed(sent.text).text
    assert ("It is not recorded as sent." in page, "It was decided about this line" in page) == (True, False)


async def test_a_lost_answer_is_said_and_the_line_stays() -> None:
    async with desk({deciding("keep"): httpx.Response(502)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "keep"})
    assert sent.status_code == 503
    assert "it may be done or not" in parsed(sent.text).text


async def test_a_decided_line_leads_on_to_the_others() -> None:
    async with desk({ONE_LINE: answer(decided("kept"))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?done=keep")).text)
    found = [each.get("href") for each in page.one("main").all("a")]
    assert {f"/en/console/statements/{STATEMENT}", "/en/console/surplus"} <= {*found}
    assert not [each for each in page.all("button") if each.get("name") == "do"]


async def test_after_a_refusal_just_what_was_chosen_is_ticked() -> None:
    wrong = {deciding("accept"): problem(409, "amount_mismatch", detail="The amount must be 300246.00.")}
    async with desk({ONE_LINE: answer(sum_of_two()), **wrong}, usual=ANSWERS) as staff:
        one = await staff.send(PAGE, {"do": "accept", "registration": SECOND})
        none = await staff.send(PAGE, {"do": "accept"})
        other = await staff.send(PAGE, {"do": "keep"})
        ignored = await staff.send(PAGE, {"do": "ignore"})
    assert other.status_code == 303
    assert _boxes(parsed(one.text)) == {ENTRY: False, SECOND: True}
    assert _boxes(parsed(none.text)) == {ENTRY: False, SECOND: False}
    assert _boxes(parsed(ignored.text)) == {ENTRY: True, SECOND: True}
    async with desk({ONE_LINE: answer(unknown())}, usual=ANSWERS) as staff:
        found = await staff.send(f"{PAGE}?q=7", {"do": "accept"})
    assert _boxes(parsed(found.text)) == {SECOND: False}


async def test_after_a_refusal_the_refund_that_was_chosen_stays_chosen() -> None:
    line = outgoing(reason="refund", facts={"amount": "-150123.00", "refund_id": REFUND, "number": "FR5K-7"})
    given_back = {KEPT: answer({"items": [kept(state="refunded")]}), deciding("refund"): httpx.Response(502)}
    async with desk({ONE_LINE: answer(line), **given_back}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"do": "refund", "refund": f"money_id {MONEY}"})
    assert _boxes(parsed(sent.text), "refund") == {f"refund_id {REFUND}": False, f"money_id {MONEY}": True}


@pytest.mark.parametrize(
    ("form", "stands", "is_done"),
    [
        ({"do": "accept", "registration": ENTRY}, {"state": "matched", "registration_ids": [ENTRY]}, True),
        ({"do": "accept", "registration": ENTRY}, {"state": "matched"}, False),
        ({"do": "accept", "registration": ENTRY}, {"state": "matched", "registration_ids": [SECOND]}, False),
        ({"do": "keep"}, {"state": "kept"}, True),
        ({"do": "ignore", "reason": "interest"}, {"state": "ignored", "ignore_reason": "interest"}, True),
        ({"do": "payout", "channel": "qris", "fee": "0"}, {"payout_channel": "qris", "payout_fee": "0.00"}, True),
        ({"do": "ignore", "reason": "interest"}, {"state": "ignored", "ignore_reason": "own transfer"}, False),
        ({"do": "payout", "channel": "qris", "fee": "7"}, {"payout_channel": "qris", "payout_fee": "0.00"}, False),
        ({"do": "accept", "registration": ENTRY}, {"state": "kept"}, False),
        ({"do": "keep"}, {"state": "kept", "decided_by": COLLEAGUE}, False),
    ],
)
async def test_a_decision_that_was_sent_twice_counts_as_one_of_the_same_person(
    form: dict[str, str], stands: dict[str, Any], is_done: bool
) -> None:
    found = decided(**{"state": "payout", "decided_by": str(OWNER), **stands})
    taken = {deciding(form["do"]): problem(409, "line_decided", state=found["state"]), ONE_LINE: answer(found)}
    async with desk(taken, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, form)
    assert sent.status_code == (303 if is_done else 409)
    assert sent.headers.get("Location") == (f"/en/console{PAGE}?done={form['do']}" if is_done else None)
