"""The list of payments and the page of one."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from .conftest import NOW
from .markup import parsed
from .money_apis import PaymentApi, console, proof
from .runner_apis import problem
from .walk_money_answers import (
    ANSWERS,
    COLLEAGUE,
    ME,
    NEXT,
    PAYMENT,
    PROOF,
    REFUND,
    answer,
    at,
    checked,
    held,
    line,
    listed,
    paid,
    refund,
    refunded,
    verified,
)

NAMES = ("GET", "/api/identity/v1/staff/names")
LIST = "/console/payments"
ONE = f"{LIST}/{PROOF}"


def _api(**payment: Any) -> PaymentApi:
    return PaymentApi([], {("GET", f"{PAYMENT}/payments/{PROOF}"): answer(paid(**payment))})


async def test_the_filters_are_those_of_the_api_and_stay_on_every_page() -> None:
    api = PaymentApi()
    async with console(api) as browser:
        page = parsed((await browser.get(f"{LIST}?q=Budi&status=verified&method=qris&cursor=c")).text)
    [asked] = api.asked("/payments")
    assert asked == {"q": "Budi", "status": "verified", "method": "qris", "cursor": "c"}
    chips = [each.get("href") for each in page.all("a") if each.get("class") == "chip"]
    assert chips == [
        f"/en{LIST}?status=verified&method=qris",
        f"/en{LIST}?q=Budi&method=qris",
        f"/en{LIST}?q=Budi&status=verified",
    ]
    assert f"/en{LIST}?q=Budi&status=verified&method=qris&cursor=x" in [each.get("href") for each in page.all("a")]


@pytest.mark.parametrize("of", ["payments", "refunds"])
async def test_payments_and_refunds_are_listed_by_race(of: str) -> None:
    catalog = ("GET", "/api/registration/v1/catalog")
    events = ANSWERS[catalog].json()["items"]
    api = PaymentApi()
    async with console(api) as browser:
        page = parsed((await browser.get(f"/console/{of}?race={events[1]['slug']}")).text)
        all_of_them = parsed((await browser.get(f"/console/{of}")).text)
        unknown = await browser.get(f"/console/{of}?race=no-such-race")
    assert [each.get("event_id") for each in api.asked(f"/{of}")] == [events[1]["id"], None]
    chosen = [
        each.get("value") for each in page.one("select", id="race").all("option") if "selected" in each.attributes
    ]
    assert chosen == [events[1]["slug"]]
    assert [each.get("href") for each in page.all("a") if each.get("class") == "chip"] == [f"/en/console/{of}?"]
    assert len(all_of_them.one("select", id="race").all("option")) == len(events) + 1
    assert unknown.status_code == 404


@pytest.mark.parametrize("of", ["payments", "refunds"])
async def test_while_races_are_away_all_is_listed_and_nothing_under_the_name_of_one(of: str) -> None:
    api = PaymentApi(chosen={("GET", "/api/registration/v1/catalog"): problem(503, "unavailable")})
    async with console(api) as browser:
        assert 'id="race"' not in (await browser.get(f"/console/{of}")).text
        assert len(api.asked(f"/{of}")) == 1
        answered = await browser.get(f"/console/{of}?race=bandung-lari&q=Budi")
    page = parsed(answered.text)
    assert (answered.status_code, len(api.asked(f"/{of}"))) == (200, 1)
    assert "nothing can be shown for one race alone" in page.text
    assert (page.all("table"), "Nothing was found" in page.text) == ([], False)
    form = page.one("form", class_="filters card")
    assert form.one("input", name="race").get("value") == "bandung-lari", "the filter stays for the next attempt"


@pytest.mark.parametrize(("age", "hours"), [("1h", 1), ("6h", 6), ("1d", 24), ("3d", 72)])
async def test_an_age_means_proofs_that_wait_for_longer(age: str, hours: int) -> None:
    api = PaymentApi()
    async with console(api) as browser:
        await browser.get(f"{LIST}?age={age}")
    [asked] = api.asked("/payments")
    assert asked["status"] == "uploaded"
    assert datetime.fromisoformat(asked["to"]) == NOW - timedelta(hours=hours)


async def test_a_decision_that_can_be_undone_is_shown_as_one() -> None:
    api = PaymentApi(chosen={("GET", f"{PAYMENT}/payments"): listed(paid(held=held("rejected")))})
    async with console(api) as browser:
        table = parsed((await browser.get(LIST)).text).one("table")
    assert "Refused" in table.text
    assert "Can still be undone" in table.text


@pytest.mark.parametrize(
    ("verb", "form", "said"),
    [
        ("verify", {}, "is verified"),
        ("refuse", {"own_reason": "Kurang."}, "is refused"),
    ],
)
async def test_a_payment_is_decided_on_its_page(verb: str, form: dict[str, str], said: str) -> None:
    waiting = proof(1)
    api = PaymentApi([waiting])
    async with console(api) as browser:
        answered = await browser.post(f"{LIST}/{waiting['payment_id']}/{verb}", data=form)
        assert answered.status_code == 303
        page = parsed((await browser.get(answered.headers["location"].removeprefix("/en"))).text)
        assert f"FR5K-00001 {said}" in page.text
        assert "takes effect in 9 seconds" in page.text
        undone = await browser.post(f"{LIST}/{waiting['payment_id']}/undo")
        page = parsed((await browser.get(undone.headers["location"].removeprefix("/en"))).text)
    assert "Taken back" in page.text
    assert [each.get("action") for each in page.all("form") if (each.get("action") or "").endswith("/verify")]


async def test_who_was_slower_sees_who_decided() -> None:
    api = PaymentApi([proof(1)])
    payment_id = api.queue[0]["payment_id"]
    api.colleague_verifies(payment_id)
    async with console(api) as browser:
        answered = await browser.post(f"{LIST}/{payment_id}/verify")
        page = parsed((await browser.get(answered.headers["location"].removeprefix("/en"))).text)
    assert "Your decision changed nothing" in page.text
    assert not [each for each in page.all("form") if (each.get("action") or "").endswith("/verify")]


async def test_the_history_tells_what_happened_in_the_order_of_time() -> None:
    api = PaymentApi(
        chosen={
            ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(verified()),
            ("GET", f"{PAYMENT}/refunds"): listed(refund(due_at=at(-0.5), reason="Batal")),
        }
    )
    async with console(api) as browser:
        page = parsed((await browser.get(ONE)).text)
    [history] = [each for each in page.all("ol") if each.get("class") == "history"]
    kinds = [each.one("b").text for each in history.all("li")]
    assert kinds == ["Paid, as the runner says", "Proof sent", "Verified", "Has to be paid back"]
    assert "Peserta Budi" in history.text
    assert f"/en/console/refunds/{REFUND}" in [each.get("href") for each in page.all("a")]


async def test_colleagues_are_named_while_names_answer() -> None:
    chosen = {("GET", f"{PAYMENT}/payments/{PROOF}"): answer(verified())}
    for names, name in (
        (answer({"items": [{"id": COLLEAGUE, "name": "Wayan"}]}), "Wayan"),
        (problem(503, "unavailable"), "another person"),
    ):
        async with console(PaymentApi(chosen={**chosen, NAMES: names})) as browser:
            assert f"Verified · {name}" in parsed((await browser.get(ONE)).text).text


async def test_a_proof_on_another_desk_and_doubts_are_said() -> None:
    same = {"payment_id": NEXT, "registration_number": "FR5K-00007"}
    api = _api(leased_by=COLLEAGUE, leased_until=at(0.01), duplicate_of=same, registration_ended="cancelled")
    async with console(api) as browser:
        words = parsed((await browser.get(ONE)).text).text
    assert "Somebody else reviews this proof right now." in words
    assert "The registration was cancelled." in words
    assert "The same picture was sent for another registration: FR5K-00007" in words


async def test_a_payment_that_does_not_exist_has_no_page() -> None:
    async with console(PaymentApi()) as browser:
        assert (await browser.get(ONE)).status_code == 404


async def test_while_only_payments_answer_the_page_is_there() -> None:
    api = _api()
    api.chosen["GET", "/api/registration/v1/registrations/0190c0de-0000-7000-8000-0000000000b1"] = httpx.Response(502)
    api.chosen["GET", f"{PAYMENT}/invoices/0190c0de-0000-7000-8000-0000000000b1"] = problem(404, "invoice_not_found")
    async with console(api) as browser:
        page = await browser.get(ONE)
    assert page.status_code == 200
    assert "The bill cannot be read right now." in parsed(page.text).text


async def test_a_payment_has_each_of_its_refunds() -> None:
    parts = (refund(amount="50000.00"), refunded(refund_id=NEXT, amount="25000.00"), refund(payment_id=NEXT))
    api = PaymentApi(
        chosen={
            ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(verified()),
            ("GET", f"{PAYMENT}/refunds"): listed(*parts),
        }
    )
    async with console(api) as browser:
        page = parsed((await browser.get(ONE)).text)
    assert [each["payment_id"] for each in api.asked("/refunds")] == [PROOF]
    [section] = [each for each in page.all("section") if each.get("aria-labelledby") == "refunds"]
    links = [each.get("href") for each in section.all("a")]
    assert links == [f"/en/console/refunds/{REFUND}", f"/en/console/refunds/{NEXT}", f"/en{ONE}/refund"]


@pytest.mark.parametrize(
    ("by", "may_verify", "words"), [(ME, False, "You have checked it."), (COLLEAGUE, True, "Budi")]
)
async def test_a_second_person_verifies_what_the_first_one_checked(by: str, may_verify: bool, words: str) -> None:
    api = PaymentApi(chosen={("GET", f"{PAYMENT}/payments/{PROOF}"): answer(checked(by=by))})
    async with console(api) as browser:
        page = parsed((await browser.get(ONE)).text)
    actions = {(each.get("action") or "").rpartition("/")[2] for each in page.all("form")}
    assert ("verify" in actions, "refuse" in actions) == (may_verify, True)
    assert ("undo" in actions) is not may_verify
    [banner] = [each for each in page.all("p") if "data-second" in each.attributes]
    assert words in banner.text
    assert "Waits for a second person" in page.text


async def test_a_high_amount_is_checked_by_one_person_and_waits_for_another() -> None:
    api = _api(needs_second=True)
    api.chosen["POST", f"{PAYMENT}/payments/{PROOF}/verify"] = answer({"waits_for": "second_person"}, 202)
    async with console(api) as browser:
        assert "another person verifies it after you" in parsed((await browser.get(ONE)).text).text
        answered = await browser.post(f"{ONE}/verify")
        api.chosen["GET", f"{PAYMENT}/payments/{PROOF}"] = answer(checked(by=ME))
        page = parsed((await browser.get(answered.headers["location"].removeprefix("/en"))).text)
        api.chosen["POST", f"{PAYMENT}/payments/{PROOF}/verify"] = problem(409, "same_person")
        again = await browser.post(f"{ONE}/verify")
    assert "is checked. It waits for a second person." in page.text
    assert again.headers["location"] == f"/en{ONE}?done=same_person"


async def test_a_line_of_a_statement_is_settled_with_its_proof() -> None:
    api = _api()
    api.chosen["GET", f"{PAYMENT}/payments/{PROOF}/lines"] = answer({"items": [line()]})
    path = f"{PAYMENT}/payments/{PROOF}/lines/{NEXT}/confirm"
    api.chosen["POST", path] = httpx.Response(204)
    async with console(api) as browser:
        form = parsed((await browser.get(ONE)).text).one("form", action=f"/en{ONE}/confirm")
        fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}
        answered = await browser.post(f"{ONE}/confirm", data=fields)
        api.chosen["POST", path] = problem(409, "line_decided", state="matched")
        late = await browser.post(f"{ONE}/confirm", data=fields)
        none = await browser.post(f"{ONE}/confirm")
    assert answered.headers["location"] == f"/en{ONE}?done=verified"
    assert api.sent("/confirm") == [{"undo_seconds": 10}] * 2
    assert [each.headers["location"] for each in (late, none)] == [f"/en{ONE}?done=line_taken"] * 2


async def test_a_payment_says_how_it_was_found_and_what_came_in() -> None:
    charge = {"order_id": "FR5K-00042-7KQ2", "method": "midtrans_va", "bank": "bca"}
    found = {
        "midtrans": (f"charge:{NEXT}", "virtual account of BCA"),
        "statement": (f"line:{NEXT}", "Bank statement"),
    }
    for channel, (source, words) in found.items():
        api = PaymentApi(
            chosen={
                ("GET", f"{PAYMENT}/payments/{PROOF}"): answer(
                    verified(channel=channel, source=source, received="149877.00")
                ),
                ("GET", f"{PAYMENT}/charges/{NEXT}"): answer(charge),
            }
        )
        async with console(api) as browser:
            page = parsed((await browser.get(ONE)).text)
        assert words in page.text
        assert "Rp 149.877" in page.text.replace("\N{NO-BREAK SPACE}", " ")
        assert "Unique amount for the bill of Rp 150.123" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert f"/en/console/statements/lines/{NEXT}" in [each.get("href") for each in page.all("a")]


async def test_the_list_shows_what_came_in_beside_the_bill() -> None:
    api = PaymentApi(chosen={("GET", f"{PAYMENT}/payments"): listed(verified(received="149877.00"), checked())})
    async with console(api) as browser:
        words = parsed((await browser.get(LIST)).text).one("table").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Rp 149.877 for the bill of Rp 150.123" in words
    assert "Waits for a second person" in words


async def test_two_proofs_that_look_alike_are_shown_beside_each_other() -> None:
    async with console(_api(duplicate_of={"payment_id": NEXT, "registration_number": "FR5K-00007"})) as browser:
        page = parsed((await browser.get(ONE)).text)
    [pair] = [each for each in page.all("details") if each.get("class") == "proof-pair"]
    assert [each.get("src") for each in pair.all("img")] == [
        f"/en/console/payments/{each}/picture" for each in (PROOF, NEXT)
    ]
