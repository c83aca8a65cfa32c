"""Refunds: the list, and the record of a transfer, which counts once."""

import httpx

from .markup import parsed
from .money_apis import PaymentApi, console
from .runner_apis import problem
from .walk_money_answers import ME, PAYMENT, PROOF, answer, at, listed, refund, refunded

LIST = "/console/refunds"
ONE = f"{LIST}/{PROOF}"
_READ = ("GET", f"{PAYMENT}/refunds/{PROOF}")
_DONE = ("POST", f"{PAYMENT}/refunds/{PROOF}/done")


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
    mine = refund(done_at=at(0), done_by=ME, reference="BCA 881")
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
    async with console(PaymentApi()) as browser:
        assert (await browser.get(ONE)).status_code == 404
