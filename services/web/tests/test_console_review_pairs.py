"""The desk with the lines of a statement, and with a second person for high amounts."""

from typing import Any

import pytest

from .markup import Element, parsed
from .money_apis import SCRIPT, PaymentApi, console, proof
from .runner_apis import problem
from .walk_money_answers import COLLEAGUE, ME, NEXT, OTHER, PAYMENT, answer, at, flag, line, on_the_desk

DESK = "/console/review"
FIRST, SECOND = (proof(number) for number in (1, 2))
_NEXT = ("POST", f"{PAYMENT}/review/next")
_CONFIRM = f"{DESK}/{FIRST['payment_id']}/confirm"
_VERIFY = f"{DESK}/{FIRST['payment_id']}/verify"
_CHECKED = {"needs_second": True, "checked_by": ME, "checked_at": at(0)}
SECOND_PERSON = {"waits_for": "second_person"}


def _number(page: Element) -> str:
    return page.one("article").one("h2").text


def _said(page: Element) -> Element:
    [region] = [each for each in page.all("div") if "data-said" in each.attributes]
    return region


def _confirmations(page: Element) -> list[Element]:
    return [each for each in page.all("form") if each.get("data-decision") == "confirm"]


@pytest.fixture
def api() -> PaymentApi:
    return PaymentApi([FIRST, SECOND])


def _lines(api: PaymentApi, *lines: dict[str, Any], **fields: Any) -> None:
    api.chosen[_NEXT] = on_the_desk(lines=lines, **{**FIRST, **fields})


async def test_a_line_stands_beside_its_proof_with_what_speaks_for_it(api: PaymentApi) -> None:
    _lines(api, line(), line(OTHER, why=["same_amount"]))
    async with console(api) as browser:
        page = parsed((await browser.get(DESK)).text)
    [section] = [each for each in page.all("section") if each.get("class") == "proof-lines stack"]
    assert "TRSF BUDI SANTOSO" in section.text
    assert "number and amount agree; amount and name of the payer agree" in section.text
    assert "only the amount agrees" in section.text
    sent = [each.one("input", name="line").get("value") for each in _confirmations(page)]
    assert sent == [NEXT, OTHER]
    assert f"/en/console/statements/lines/{NEXT}" in [each.get("href") for each in section.all("a")]


@pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["script", "none"])
async def test_proof_and_line_are_settled_by_one_button_and_the_next_proof_follows(
    headers: dict[str, str], api: PaymentApi
) -> None:
    async with console(api) as browser:
        answered = await browser.post(_CONFIRM, data={"line": NEXT}, headers=headers)
        if not headers:
            answered = await browser.get(answered.headers["location"].removeprefix("/en"))
    page = parsed(answered.text)
    assert _said(page).text == "FR5K-00001 is verified Undo (9)"
    assert _number(page) == "FR5K-00002"
    assert api.sent("/confirm") == [{"undo_seconds": 10}]
    assert [each.url.path for each in api.requests if each.url.path.endswith("/confirm")] == [
        f"{PAYMENT}/payments/{FIRST['payment_id']}/lines/{NEXT}/confirm"
    ]


@pytest.mark.parametrize("code", ["line_decided", "amount_mismatch", "not_a_transfer", "unknown_statement_line"])
async def test_a_line_that_another_took_changes_nothing_and_the_proof_stays(code: str, api: PaymentApi) -> None:
    path = f"{PAYMENT}/payments/{FIRST['payment_id']}/lines/{NEXT}/confirm"
    api.chosen["POST", path] = problem(404 if code.startswith("unknown") else 409, code)
    async with console(api) as browser:
        page = parsed((await browser.post(_CONFIRM, data={"line": NEXT, "skips": "1"}, headers=SCRIPT)).text)
        without = parsed((await browser.post(_CONFIRM, headers=SCRIPT)).text)
    assert "Nothing was changed: that line" in _said(page).text
    assert (_number(page), _number(without)) == ("FR5K-00001", "FR5K-00001")
    assert len(api.sent("/confirm")) == 1


async def test_a_proof_that_another_decided_first_is_said_with_the_decision(api: PaymentApi) -> None:
    api.colleague_verifies(FIRST["payment_id"])
    async with console(api) as browser:
        page = parsed((await browser.post(_CONFIRM, data={"line": NEXT}, headers=SCRIPT)).text)
    assert "FR5K-00001: Verified, another person" in _said(page).text
    assert _number(page) == "FR5K-00002"


@pytest.mark.parametrize("action", [_VERIFY, _CONFIRM])
@pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["script", "none"])
async def test_a_high_amount_waits_for_a_second_person_and_the_next_proof_follows(
    action: str, headers: dict[str, str], api: PaymentApi
) -> None:
    # given
    payments = f"{PAYMENT}/payments/{FIRST['payment_id']}"
    for path in (f"{payments}/verify", f"{payments}/lines/{NEXT}/confirm"):
        api.chosen["POST", path] = answer(SECOND_PERSON, 202)
    api.queue.pop(0)
    api.decided[FIRST["payment_id"]] = {**FIRST, **_CHECKED}
    async with console(api) as browser:
        # when
        answered = await browser.post(action, data={"line": NEXT}, headers=headers)
        if not headers:
            answered = await browser.get(answered.headers["location"].removeprefix("/en"))
    # then it can be taken back as long as the other has not decided, and looked at
    page = parsed(answered.text)
    said = _said(page)
    assert "FR5K-00001 is checked. It waits for a second person." in said.text
    assert said.one("form").get("data-undo") == "", "without a limit of time"
    assert f"/en/console/payments/{FIRST['payment_id']}" in [each.get("href") for each in said.all("a")]
    assert _number(page) == "FR5K-00002"


async def test_the_first_person_cannot_be_the_second(api: PaymentApi) -> None:
    api.chosen["POST", f"{PAYMENT}/payments/{FIRST['payment_id']}/verify"] = problem(409, "same_person")
    api.queue.pop(0)
    api.decided[FIRST["payment_id"]] = {**FIRST, **_CHECKED}
    async with console(api) as browser:
        page = parsed((await browser.post(_VERIFY, headers=SCRIPT)).text)
    assert "was checked by you: another person has to verify it." in _said(page).text
    assert not _said(page).all("form")
    assert _number(page) == "FR5K-00002"


async def test_the_second_person_sees_who_was_the_first_and_when(api: PaymentApi) -> None:
    _lines(api, **{**_CHECKED, "checked_by": COLLEAGUE, "checked_at": at(-1)})
    async with console(api) as browser:
        page = parsed((await browser.get(DESK)).text)
        api.chosen["GET", "/api/identity/v1/staff/names"] = problem(503, "unavailable")
        away = parsed((await browser.get(DESK)).text)
    assert "Checked first by Peserta Budi, 4 Jan 2027, 09:00 WIB." in page.text
    assert "Checked first by another person" in away.text


async def test_names_are_asked_only_for_a_second_person(api: PaymentApi) -> None:
    async with console(api) as browser:
        await browser.get(DESK)
    assert api.asked("/names") == []


async def test_a_unique_amount_is_what_the_picture_has_to_show(api: PaymentApi) -> None:
    _lines(api, received="149877.00")
    async with console(api) as browser:
        page = parsed((await browser.get(DESK)).text)
    words = page.one("article").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Rp 149.877" in words
    assert "Unique amount for the bill of Rp 150.123" in words
    assert "last three digits 877" in words


async def test_pictures_that_look_alike_are_compared(api: PaymentApi) -> None:
    other = {"payment_id": OTHER, "registration_number": "FR5K-00099", "status": "verified", "uploaded_at": at(-9)}
    api.chosen[_NEXT] = on_the_desk(flag("looks_like", other=other), flag("same_reference", other=other), **FIRST)
    async with console(api) as browser:
        page = parsed((await browser.get(DESK)).text)
    assert "receipts of one bank often do" in page.text
    [pair] = [each for each in page.all("details") if each.get("class") == "proof-pair"]
    assert [each.get("loading") for each in pair.all("img")] == ["lazy", "lazy"]
    assert [each.text for each in pair.all("figcaption")] == ["FR5K-00001", "FR5K-00099"]
