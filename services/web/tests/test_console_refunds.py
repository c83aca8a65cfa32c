"""Refunds: the list, the record of a transfer, the gateway, and the second person. Each step counts once."""

from typing import Any

import httpx
import pytest

from .markup import Element, parsed
from .money_apis import PaymentApi, console
from .runner_apis import problem
from .walk_money_answers import (
    COLLEAGUE,
    ME,
    PAYMENT,
    REFUND,
    answer,
    asked_for,
    at,
    listed,
    refund,
    refunded,
)

LIST = "/console/refunds"
ONE = f"{LIST}/{REFUND}"
KEPT_DUE = "/console/surplus?state=refund_due"
_READ = ("GET", f"{PAYMENT}/refunds/{REFUND}")
_DONE = ("POST", f"{PAYMENT}/refunds/{REFUND}/done")


def _api(**fields: Any) -> PaymentApi:
    return PaymentApi(chosen={_READ: answer(refund(**fields))})


def _refuse(api: PaymentApi, step: str, code: str, **members: Any) -> None:
    api.chosen["POST", f"{PAYMENT}/refunds/{REFUND}/{step}"] = problem(409, code, **members)


def _steps(page: Element) -> set[str]:
    """Return the steps for which a page has a form."""
    forms = [each.get("action") or "" for each in page.all("form") if each.get("method") == "post"]
    return {each.removeprefix(f"/en{ONE}") for each in forms if each.startswith(f"/en{ONE}")}


async def _page(api: PaymentApi, query: str = "") -> Element:
    async with console(api) as browser:
        return parsed((await browser.get(ONE + query)).text)


async def test_the_list_is_filtered_and_leads_to_what_is_due() -> None:
    api = PaymentApi(chosen={("GET", f"{PAYMENT}/refunds"): listed(refund(), refunded(), cursor="c2")})
    async with console(api) as browser:
        page = parsed((await browser.get(f"{LIST}?status=due&q=Budi")).text)
    assert api.asked("/refunds") == [{"q": "Budi", "status": "due"}]
    words = page.one("table").text
    assert "To be paid back" in words
    assert "Another payment had already paid for this registration." in words
    links = [each.get("href") for each in page.all("a")]
    assert {f"/en{ONE}", f"/en{LIST}?q=Budi&status=due&cursor=c2"} <= {*links}


async def test_the_list_leads_to_kept_money_that_has_to_go_back() -> None:
    path = ("GET", f"{PAYMENT}/surplus")
    one = {"received_at": at(-1), "amount": "150123.00"}
    two, none = ({"items": found, "next_cursor": None} for found in ([one, one], []))
    for found, links in ((two, [f"/en{KEPT_DUE}"]), (none, [])):
        api = PaymentApi(chosen={("GET", f"{PAYMENT}/refunds"): listed(), path: answer(found)})
        async with console(api) as browser:
            page = parsed((await browser.get(LIST)).text)
        assert [each.get("href") for each in page.all("a") if "kept money" in each.text] == links
        assert api.asked("/surplus") == [{"state": "refund_due", "limit": "50"}]
        assert ("2 amounts of kept money have to be paid back, too" in page.text) is bool(links)


async def test_the_list_says_what_is_next_with_each() -> None:
    rows = {
        "a part": (asked_for(), "of Rp 150.123"),
        "through the gateway": (refund(gateway_until=at(100)), "Through the payment gateway until 8 Jan 2027"),
        "too late for the gateway": (refund(gateway_until=at(-1)), "By bank transfer: the payment gateway took"),
        "no balance": (refund(gateway_error="no_balance"), "There is not enough money in your account"),
        "mine": (asked_for(state="waits_for_second", by=ME), "another person than you"),
        "of another": (asked_for(state="waits_for_second"), "Approve"),
        "at the gateway": (refund(state="asked", way="gateway"), "At the payment gateway"),
    }
    api = PaymentApi(chosen={("GET", f"{PAYMENT}/refunds"): listed(*(found for found, _ in rows.values()))})
    async with console(api) as browser:
        [_, *shown] = parsed((await browser.get(LIST)).text).one("table").all("tr")
    for (name, (_, words)), row in zip(rows.items(), shown, strict=True):
        assert words in row.text.replace("\N{NO-BREAK SPACE}", " "), name
    assert "Approve" not in shown[4].text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"origin": "event", "registration_ended": "cancelled"}, "the platform, as the registration was cancelled"),
        ({"origin": "event", "registration_ended": "expired"}, "the platform itself"),
        ({"origin": "surplus"}, "the platform itself"),
    ],
)
async def test_a_refund_after_a_cancellation_says_so(fields: dict[str, str], said: str) -> None:
    assert f"Asked for by {said}" in (await _page(_api(**fields))).text


async def test_a_transfer_is_recorded_under_its_reference() -> None:
    api = PaymentApi(chosen={_READ: answer(refund()), _DONE: httpx.Response(204)})
    async with console(api) as browser:
        form = parsed((await browser.get(ONE)).text).one("form", action=f"/en{ONE}")
        assert "Rp 150.123" in form.one("button").text.replace("\N{NO-BREAK SPACE}", " ")
        answered = await browser.post(ONE, data={"reference": " BCA 881 "})
        assert (answered.status_code, answered.headers["location"]) == (303, f"/en{ONE}?done=done")
        api.chosen[_READ] = answer(refunded())
        page = parsed((await browser.get(f"{ONE}?done=done")).text)
    assert api.sent("/done") == [{"reference": "BCA 881"}]
    assert "The refund is recorded." in page.text
    assert not [each for each in page.all("form") if each.get("action") == f"/en{ONE}"]


async def test_a_transfer_that_somebody_else_recorded_is_said_with_what_they_wrote() -> None:
    api = PaymentApi(chosen={_READ: answer(refunded()), _DONE: problem(409, "already_refunded")})
    async with console(api) as browser:
        page = await browser.post(ONE, data={"reference": "mine"})
    assert page.status_code == 409
    words = parsed(page.text).text
    assert "Somebody else recorded this refund a moment ago." in words
    assert "7b1" in words
    assert "mine" not in words


async def test_a_form_that_was_sent_twice_is_recorded_once_and_blames_nobody() -> None:
    mine = refunded(done_at=at(0), done_by=ME, reference="BCA 881")
    api = PaymentApi(chosen={_READ: answer(mine), _DONE: problem(409, "already_refunded")})
    async with console(api) as browser:
        again = await browser.post(ONE, data={"reference": "BCA 881"})
        other = await browser.post(ONE, data={"reference": "BCA 882"})
    assert (again.status_code, again.headers["location"]) == (303, f"/en{ONE}?done=done")
    assert other.status_code == 409


async def test_a_reference_that_cannot_be_is_said_at_its_field() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "reference", "message": "Write it in one line."}])
    api = PaymentApi(chosen={_READ: answer(refund()), _DONE: wrong})
    async with console(api) as browser:
        page = await browser.post(ONE, data={"reference": "x"})
    assert page.status_code == 422
    field = parsed(page.text).one("input", name="reference")
    assert (field.get("value"), field.get("aria-invalid")) == ("x", "true")


async def test_without_an_answer_the_reference_is_kept() -> None:
    api = PaymentApi(chosen={_READ: answer(refund()), _DONE: httpx.Response(502)})
    async with console(api) as browser:
        page = await browser.post(ONE, data={"reference": "BCA 881"})
    assert page.status_code == 503
    shown = parsed(page.text)
    assert shown.one("input", name="reference").get("value") == "BCA 881"
    assert "it may be done or not" in shown.text


async def test_what_need_not_be_paid_back_has_no_page() -> None:
    api = PaymentApi(chosen={_READ: problem(404, "unknown_refund")})
    async with console(api) as browser:
        assert (await browser.get(ONE)).status_code == 404


async def test_a_refund_of_the_release_before_is_the_one_of_its_payment() -> None:
    old = {name: value for name, value in refund().items() if name not in ("refund_id", "state", "payment_amount")}
    api = PaymentApi(
        chosen={("GET", f"{PAYMENT}/refunds"): listed(old, {**old, "done_at": at(-1), "reference": "7b1"})}
    )
    async with console(api) as browser:
        table = parsed((await browser.get(LIST)).text).one("table")
    assert f"/en{LIST}/{old['payment_id']}" in [each.get("href") for each in table.all("a")]
    assert "To be paid back" in table.text
    assert "Paid back" in table.text


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({}, {"", "/evidence"}),
        ({"gateway_until": at(100)}, {"", "/send", "/evidence"}),
        ({"gateway_until": at(-1)}, {"", "/evidence"}),
        ({"origin": "staff", "asked_by": ME}, {"", "/cancel", "/evidence"}),
        ({"state": "waits_for_second", "origin": "staff", "asked_by": ME}, {"/cancel", "/evidence"}),
        ({"state": "waits_for_second", "origin": "staff", "asked_by": COLLEAGUE}, {"/approve", "/cancel", "/evidence"}),
        ({"state": "waits_for_second"}, {"/approve", "/evidence"}),
        ({"approved_by": ME}, {"/evidence"}),
        ({"approved_by": COLLEAGUE}, {"", "/evidence"}),
        ({"origin": "staff", "asked_by": COLLEAGUE, "approved_by": ME}, {"", "/cancel", "/evidence"}),
        ({"state": "asked", "way": "gateway", "gateway_until": at(100)}, {"/evidence"}),
        ({"state": "done", "done_at": at(-1), "done_by": ME, "reference": "7b1"}, {"/evidence"}),
        ({"state": "cancelled", "origin": "staff"}, set()),
    ],
)
async def test_only_the_steps_that_are_left_are_offered(fields: dict[str, Any], steps: set[str]) -> None:
    assert _steps(await _page(_api(**fields))) == steps


@pytest.mark.parametrize(("given_by", "is_offered"), [(ME, False), (COLLEAGUE, True), (None, True)])
async def test_who_entered_the_address_in_usdt_does_not_approve(given_by: str | None, *, is_offered: bool) -> None:
    usdt = {"network": "bsc", "address": f"0x{'5e' * 20}", "given_at": at(-1), "amount": "21.02", "check": None}
    to = {**usdt, "checked_at": None, "given_by": given_by, "given_reason": "7b1" if given_by else None}
    api = _api(state="waits_for_second", payment_method="usdt", usdt_refund=to)
    api.chosen["GET", f"{PAYMENT}/usdt/networks"] = listed()
    page = await _page(api)
    assert ("/approve" in _steps(page)) is is_offered
    assert ("You entered the address to which it goes" in page.text) is not is_offered


async def test_what_the_gateway_does_is_said_before_it_is_asked() -> None:
    page = await _page(_api(gateway_until=at(100)))
    [form] = [each for each in page.all("form") if (each.get("action") or "").endswith("/send")]
    assert "details" in [each.tag for each in form.within()], "it takes two presses"
    assert "It is taken from your balance at the gateway." in page.text
    assert "Possible until 8 Jan 2027, 14:00 WIB, then by bank transfer." in page.text


async def test_a_refund_is_sent_through_the_gateway_once() -> None:
    api = _api(gateway_until=at(100))
    path = f"{PAYMENT}/refunds/{REFUND}/send"
    api.chosen["POST", path] = answer(refund(state="asked", way="gateway"), 202)
    async with console(api) as browser:
        first = await browser.post(f"{ONE}/send")
        api.chosen[_READ] = answer(refund(state="asked", way="gateway"))
        _refuse(api, "send", "refund_not_open", state_now="asked")
        again = await browser.post(f"{ONE}/send")
        page = parsed((await browser.get(again.headers["location"].removeprefix("/en"))).text)
    assert [each.headers["location"] for each in (first, again)] == [f"/en{ONE}?done=send"] * 2
    assert "The gateway is asked to give the money back." in page.text
    assert "nothing is left to do here" in page.text


@pytest.mark.parametrize(
    ("why_not", "words"),
    [
        ("virtual_account", "The gateway gives back nothing that was paid by virtual account. Transfer it yourself."),
        ("window_over", "The time in which the gateway gives it back is over. Transfer it yourself."),
        ("not_by_gateway", "This money did not come through the gateway. Transfer it yourself."),
        ("no_gateway", "No account of the gateway is set up. Transfer it yourself."),
    ],
)
async def test_why_the_gateway_cannot_is_said_in_words(why_not: str, words: str) -> None:
    api = _api()
    _refuse(api, "send", "gateway_refund_not_possible", why_not=why_not)
    async with console(api) as browser:
        page = await browser.post(f"{ONE}/send")
    assert page.status_code == 409
    assert words in parsed(page.text).text
    assert "" in _steps(parsed(page.text)), "the transfer by hand is left"


async def test_a_second_person_approves_and_the_first_one_cannot() -> None:
    api = _api(state="waits_for_second", origin="staff", asked_by=COLLEAGUE)
    api.chosen["POST", f"{PAYMENT}/refunds/{REFUND}/approve"] = httpx.Response(204)
    async with console(api) as browser:
        approved = await browser.post(f"{ONE}/approve")
        api.chosen[_READ] = answer(refund(state="waits_for_second", origin="staff", asked_by=ME))
        _refuse(api, "approve", "same_person", detail="Another member of staff has to do this.")
        own = await browser.post(f"{ONE}/approve")
    assert approved.headers["location"] == f"/en{ONE}?done=approve"
    assert own.status_code == 409
    assert "Another member of staff has to do this." in parsed(own.text).text
    assert "You asked for this refund" in parsed(own.text).text


async def test_an_approval_in_two_tabs_counts_as_one_and_of_two_people_the_second_is_told() -> None:
    api = _api(origin="staff", asked_by=COLLEAGUE, approved_by=ME, approved_at=at(0))
    _refuse(api, "approve", "refund_not_open", state_now="due")
    async with console(api) as browser:
        again = await browser.post(f"{ONE}/approve")
        api.chosen[_READ] = answer(refund(origin="staff", asked_by=ME, approved_by=COLLEAGUE))
        late = await browser.post(f"{ONE}/approve")
    assert again.headers["location"] == f"/en{ONE}?done=approve"
    assert late.status_code == 409
    assert "This refund changed a moment ago" in parsed(late.text).text


@pytest.mark.parametrize("step", ["done", "send"])
async def test_a_step_that_turned_out_to_need_a_second_person_says_that_nothing_happened(step: str) -> None:
    page = await _page(_api(state="waits_for_second"), f"?done={step}")
    assert "yet: a second person approves it first." in page.text
    assert "is recorded." not in page.text


async def test_a_refund_of_staff_is_cancelled_with_a_reason() -> None:
    api = _api(origin="staff", asked_by=ME)
    api.chosen["POST", f"{PAYMENT}/refunds/{REFUND}/cancel"] = httpx.Response(204)
    async with console(api) as browser:
        answered = await browser.post(f"{ONE}/cancel", data={"reason": " Salah orang. "})
        wrong = problem(422, "invalid_fields", errors=[{"field": "reason", "message": "Write why."}])
        api.chosen["POST", f"{PAYMENT}/refunds/{REFUND}/cancel"] = wrong
        page = parsed((await browser.post(f"{ONE}/cancel", data={"reason": ""})).text)
    assert answered.headers["location"] == f"/en{ONE}?done=cancel"
    assert api.sent("/cancel")[0] == {"reason": "Salah orang."}
    [fold] = [each for each in page.all("details") if each.all("textarea")]
    assert "open" in fold.attributes
    assert "Write why." in fold.text


async def test_a_cancel_counts_as_done_only_for_the_person_who_made_it() -> None:
    gone = {"state": "cancelled", "origin": "staff", "cancelled_at": at(0), "cancel_reason": "x"}
    api = _api(**gone, cancelled_by=ME)
    _refuse(api, "cancel", "refund_not_open", state_now="cancelled")
    async with console(api) as browser:
        again = await browser.post(f"{ONE}/cancel", data={"reason": "x"})
        api.chosen[_READ] = answer(refund(**gone, cancelled_by=COLLEAGUE))
        late = await browser.post(f"{ONE}/cancel", data={"reason": "x"})
    assert again.headers["location"] == f"/en{ONE}?done=cancel"
    assert late.status_code == 409
    assert "This refund changed a moment ago" in parsed(late.text).text
