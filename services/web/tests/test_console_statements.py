"""Bank statements in the console: the import, the list, and accepting many lines at once."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import Desk, desk
from .runner_apis import problem
from .walk_accounts_answers import (
    ANSWERS,
    IMPORT,
    LINE,
    LINES,
    ONE_STATEMENT,
    OTHER_NUMBER,
    SECOND,
    STATEMENT,
    STATEMENTS,
    deciding,
    imported,
    line,
    statement,
    sum_of_two,
    unknown,
)
from .walk_money_answers import ENTRY, NUMBER, PAYMENT, answer

PAGE = "/statements"
ONE = f"{PAGE}/{STATEMENT}"
ACCEPT = deciding("accept")
FILE = {"files": {"file": ("mutasi.csv", b"Tanggal;Jumlah", "text/csv")}}


def _lines(*found: dict[str, Any], cursor: str | None = None) -> dict[tuple[str, str], httpx.Response]:
    return {LINES: answer({"items": list(found), "next_cursor": cursor})}


def _ticks(page: Element) -> dict[str, bool]:
    boxes = [each for each in page.all("input") if each.get("type") == "checkbox"]
    return {each.attributes["value"]: "checked" in each.attributes for each in boxes}


async def test_a_file_is_passed_on_and_leads_to_its_lines_with_the_figures() -> None:
    async with desk({IMPORT: answer(imported(accepted=4, repeated=2), 201)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"account": "137 001"}, **FILE)
        [request] = staff.asked(*IMPORT)
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(f"/en/console{ONE}?done=imported")
    assert b"Tanggal;Jumlah" in request.content
    assert b"137 001" in request.content
    figures = page.one("section", role="status").text
    for shown in ("accepted at once: 4", "sure: 6", "to be looked at: 2", "of unknown owners: 1", "added before: 2"):
        assert shown in figures


async def test_without_an_account_none_is_asked_for() -> None:
    async with desk(usual=ANSWERS) as staff:
        await staff.send(PAGE, {"account": " "}, **FILE)
        [request] = staff.asked(*IMPORT)
    assert b'name="account"' not in request.content


async def test_a_file_that_was_imported_before_says_so() -> None:
    async with desk({IMPORT: answer(imported(repeated_file=True), 201)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
        page = await staff.see(sent.headers["Location"].removeprefix("/en/console"))
    assert "This file was imported before; nothing was added." in parsed(page.text).text


async def test_what_is_wrong_with_a_file_is_said_with_its_line_and_what_stands_there() -> None:
    wrong = problem(
        422,
        "statement_does_not_add_up",
        detail="In line 17 of the file: a line is missing.",
        line=17,
        expected="150123.00",
        found="150000.00",
    )
    async with desk({IMPORT: wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert "In line 17 of the file: a line is missing." in page.one("p", id="file-error").text
    facts = {
        each.one("dt").text: each.one("dd").text for each in page.one("dl", class_="proof-facts narrow").all("div")
    }
    assert facts == {"Line of the file": "17", "Expected there": "150123.00", "Found there": "150000.00"}


async def test_a_lost_answer_says_that_importing_again_is_safe() -> None:
    async with desk({IMPORT: httpx.Response(502), STATEMENTS: httpx.Response(502)}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {}, **FILE)
    assert sent.status_code == 503
    assert "no line is added twice" in parsed(sent.text).text


async def test_five_megabytes_are_taken_and_more_is_refused() -> None:
    async with desk(usual=ANSWERS) as staff:
        fits = await staff.send(PAGE, {}, files={"file": ("a.csv", b"x" * 5 * 1024 * 1024)})
        huge = await staff.send(PAGE, {}, files={"file": ("a.csv", b"x" * (5 * 1024 * 1024 + 70_000))})
    assert (fits.status_code, huge.status_code) == (303, 413)


async def test_the_former_address_leads_here() -> None:
    async with desk(usual=ANSWERS) as staff:
        answered = await staff.see("/payments/statement")
    assert (answered.status_code, answered.headers["Location"]) == (303, f"/en/console{PAGE}")


async def test_lines_that_wait_are_listed_first_and_other_states_on_demand() -> None:
    async with desk(_lines(line(), cursor="c2"), usual=ANSWERS) as staff:
        first = parsed((await staff.see(ONE)).text)
        await staff.see(f"{ONE}?state=kept&cursor=c2")
        await staff.see(f"{ONE}?state=all")
        await staff.see(f"{ONE}?state=nothing")
        asked = [dict(each.url.params) for each in staff.asked(*LINES)]
    assert asked == [{"state": "open"}, {"state": "kept", "cursor": "c2"}, {}, {"state": "open"}]
    assert f"/en/console{ONE}?cursor=c2" in [each.get("href") for each in first.all("a")]


async def test_only_sure_lines_are_ticked_and_each_says_why() -> None:
    near = line("near_number", "propose", id=SECOND)
    async with desk(_lines(line(), near, unknown(id=ENTRY)), usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
    assert _ticks(page) == {f"{LINE} {ENTRY}": True}
    words = page.one("table").text
    assert f"The text names {NUMBER}, and the amount is the one on the bill." in words
    assert f"the text has nearly the number {NUMBER}" in words
    assert "No number and no amount of a registration agree." in words
    assert [each.get("value") for each in page.all("button") if each.get("name") == "one"] == [
        f"{LINE} {ENTRY}",
        f"{SECOND} {ENTRY}",
    ]


async def _accepted(staff: Desk) -> list[str]:
    return [each.url.path.split("/")[-2] for each in staff.requests if each.url.path.endswith("/accept")]


async def test_those_ticked_are_accepted_one_by_one_and_counted() -> None:
    other = ("POST", f"{PAYMENT}/statement-lines/{SECOND}/accept")
    async with desk({other: problem(409, "line_decided", state="matched")}, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"line": [f"{LINE} {ENTRY}", f"{SECOND} {ENTRY}", f"{LINE} {ENTRY}", "x"]})
        assert await _accepted(staff) == [LINE, SECOND]
        assert staff.body(*ACCEPT) == {"registration_id": ENTRY}
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert sent.headers["Location"] == f"/en/console{ONE}?done=accepted&accepted=1&left=1"
    assert "1 line is accepted. Not accepted: 1." in page.text


async def test_the_button_of_a_line_accepts_it_alone() -> None:
    async with desk(usual=ANSWERS) as staff:
        await staff.send(ONE, {"line": f"{SECOND} {ENTRY}", "one": f"{LINE} {ENTRY}"})
        assert await _accepted(staff) == [LINE]


async def test_a_sum_is_accepted_for_all_of_its_registrations() -> None:
    async with desk(_lines(sum_of_two()), usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
        [button] = [each for each in page.all("button") if each.get("name") == "one"]
        await staff.send(ONE, {"one": button.attributes["value"]})
        assert staff.body(*ACCEPT) == {"registration_ids": [ENTRY, SECOND]}
    assert {NUMBER, OTHER_NUMBER} <= {each.text for each in page.all("b")}


async def test_without_a_tick_nothing_is_accepted() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {})
        assert await _accepted(staff) == []
    assert sent.status_code == 422
    page = parsed(sent.text)
    assert "Tick at least one line." in page.text
    assert _ticks(page) == {f"{LINE} {ENTRY}": False}


async def test_when_all_is_decided_the_reconciliation_is_next() -> None:
    async with desk({**_lines(), ONE_STATEMENT: answer(statement(open=0))}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(ONE)).text)
    assert "Every line is decided" in page.text
    assert "/en/console/reconciliation" in [each.get("href") for each in page.one("main").all("a")]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CHECKIN])
async def test_only_those_who_handle_money_get_in(role: Role) -> None:
    pages = (PAGE, ONE, f"{PAGE}/lines/{LINE}", f"{PAGE}/mappings", "/surplus", "/reconciliation", "/ledger")
    async with desk(role=role, usual=ANSWERS) as staff:
        for path in pages:
            assert (await staff.see(path)).status_code == 403
            if path not in {"/ledger", "/surplus"}:
                assert (await staff.send(path, {})).status_code == 403
        assert staff.requests == []
