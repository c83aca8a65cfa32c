"""Bank statements in the console: the import, the list, and accepting many lines at once."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.statements import accepting

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
    decided,
    deciding,
    imported,
    line,
    statement,
    sum_of_two,
    unknown,
)
from .walk_money_answers import ENTRY, ME, NUMBER, PAYMENT, answer

PAGE = "/statements"
ONE = f"{PAGE}/{STATEMENT}"
ACCEPT = deciding("accept")
OTHER_ACCEPT = ("POST", f"{PAYMENT}/statement-lines/{SECOND}/accept")
OTHER_LINE = ("GET", f"{PAYMENT}/statement-lines/{SECOND}")
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
    async with desk({OTHER_ACCEPT: answer({"state": "matched"})}, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"line": [f"{LINE} {ENTRY}", f"{SECOND} {ENTRY}", f"{LINE} {ENTRY}", "x"]})
        assert await _accepted(staff) == [LINE, SECOND]
        assert staff.body(*ACCEPT) == {"registration_id": ENTRY}
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert sent.headers["Location"] == f"/en/console{ONE}?done=accepted&accepted=2"
    assert "2 lines are accepted." in page.text


def _results(html: str) -> dict[str, str]:
    """Return what is said about lines that were not simply accepted, by the end of the address of the line."""
    items = parsed(html).one("section", role="alert").all("li")
    found = {each.one("a").attributes["href"].rpartition("/")[2]: each.text for each in items}
    return {name: text.replace("\N{NO-BREAK SPACE}", " ").replace(" : ", ": ") for name, text in found.items()}


_NOT_ACCEPTED: list[tuple[httpx.Response, dict[str, Any], str]] = [
    (problem(409, "amount_mismatch", detail="The bill is another."), line(id=SECOND), "The bill is another."),
    (problem(422, "x", errors=[{"field": "registration_id", "message": "Not now."}]), line(id=SECOND), "Not now."),
    (
        problem(409, "line_decided", state="ignored"),
        decided("ignored", id=SECOND, ignore_reason="7b1"),
        "it was decided about it before. Ignored",
    ),
    (
        problem(409, "line_decided", state="held"),
        line(id=SECOND),
        "not accepted: it waits with its proof for a second person.",
    ),
    (
        answer({"state": "kept", "payment_id": None}),
        decided("kept", id=SECOND),
        "accepted, and kept as surplus, as its registration is paid otherwise.",
    ),
    (httpx.Response(502), line(id=SECOND), "There was no answer, so it may be done or not."),
]


@pytest.mark.parametrize(("answered", "now", "words"), _NOT_ACCEPTED)
async def test_of_each_line_that_is_not_simply_accepted_the_reason_is_said(
    answered: httpx.Response, now: dict[str, Any], words: str
) -> None:
    async with desk({OTHER_ACCEPT: answered, OTHER_LINE: answer(now)}, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"line": [f"{SECOND} {ENTRY}", f"{LINE} {ENTRY}"]})
        assert await _accepted(staff) == [SECOND, LINE], "the others are accepted nevertheless"
    found = _results(sent.text)
    assert list(found) == [SECOND]
    assert found[SECOND].startswith(f"line 7 · Rp 150.123 · {NUMBER}: {words}")
    accepted = 2 if now["state"] == "kept" else 1
    assert f"{accepted} line{'s are' if accepted > 1 else ' is'} accepted." in parsed(sent.text).text


async def test_only_what_was_not_accepted_is_ticked_for_another_try() -> None:
    listed = _lines(line(), line(id=SECOND), line(id=ENTRY))
    refused = {OTHER_ACCEPT: problem(409, "amount_mismatch"), OTHER_LINE: answer(line(id=SECOND))}
    async with desk({**listed, **refused}, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"line": [f"{SECOND} {ENTRY}", f"{LINE} {ENTRY}"]})
    ticks = _ticks(parsed(sent.text))
    assert ticks == {f"{LINE} {ENTRY}": False, f"{SECOND} {ENTRY}": True, f"{ENTRY} {ENTRY}": False}


async def test_from_a_later_page_what_was_not_accepted_is_shown_there_and_stays_ticked() -> None:
    listed = _lines(line(), line(id=SECOND))
    refused = {OTHER_ACCEPT: problem(409, "amount_mismatch"), OTHER_LINE: answer(line(id=SECOND))}
    async with desk({**listed, **refused}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{ONE}?state=all&cursor=c2")).text)
        [form] = [each for each in page.all("form") if "data-lines" in each.attributes]
        address = form.attributes["action"].removeprefix("/en/console")
        sent = await staff.send(address, {"line": [f"{SECOND} {ENTRY}", f"{LINE} {ENTRY}"]})
        asked = [dict(each.url.params) for each in staff.asked(*LINES)]
    assert asked == [{"cursor": "c2"}, {"cursor": "c2"}]
    assert _ticks(parsed(sent.text)) == {f"{LINE} {ENTRY}": False, f"{SECOND} {ENTRY}": True}


async def test_a_form_that_is_sent_twice_says_twice_that_its_lines_are_accepted() -> None:
    made = decided(id=SECOND, registration_ids=[ENTRY], decided_by=ME)
    refused = {OTHER_ACCEPT: problem(409, "line_decided", state="matched"), OTHER_LINE: answer(made)}
    async with desk(refused, usual=ANSWERS) as staff:
        own = await staff.send(ONE, {"line": f"{SECOND} {ENTRY}"})
        other = await staff.send(ONE, {"line": f"{SECOND} {LINE}"})
    assert own.headers["Location"] == f"/en/console{ONE}?done=accepted&accepted=1"
    assert "it was decided about it before. Matched" in _results(other.text)[SECOND]


async def test_when_time_is_over_the_rest_is_named_and_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "_SECONDS", -1.0)
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"line": f"{LINE} {ENTRY}"})
        assert await _accepted(staff) == []
    assert _results(sent.text)[LINE].endswith("not tried: payments answered too slowly.")
    assert _ticks(parsed(sent.text)) == {f"{LINE} {ENTRY}": True}


async def test_a_line_that_cannot_be_read_is_named_by_its_link() -> None:
    async with desk({OTHER_ACCEPT: problem(404, "unknown_statement_line", detail="Gone.")}, usual=ANSWERS) as staff:
        sent = await staff.send(ONE, {"line": f"{SECOND} {ENTRY}"})
    assert _results(sent.text) == {SECOND: "A line: Gone."}


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
