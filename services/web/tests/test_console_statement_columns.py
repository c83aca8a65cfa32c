"""The columns of a CSV that is not known: a person chooses them once."""

import json
from typing import Any

import pytest
from chassis.wording import Language
from web.console.statements.columns import Choice, Head, guessed, head_in, head_of

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS, IMPORT, MAPPING, MAPPINGS
from .walk_money_answers import PAYMENT

PAGE = "/statements/mappings"
STORE = ("POST", f"{PAYMENT}/statement-mappings")
HEADER = ["Tgl", "Keterangan", "Jumlah", "D/K", "Saldo", ""]
SAMPLE = [["03/01/2027", "TRSF BUDI", "150.123,00", "K", "2.300.042,00", ""], ["04/01/2027", "QRIS"]]
UNKNOWN = problem(422, "unknown_format", header=HEADER, sample=SAMPLE)
FILE = {"files": {"file": ("mutasi.csv", b"x", "text/csv")}}


async def _form(**changes: str) -> dict[str, str]:
    """Return the form as the page offers it, with a name."""
    async with desk({IMPORT: UNKNOWN}, usual=ANSWERS) as staff:
        page = parsed((await staff.send("/statements", {}, **FILE)).text)
    form = page.one("form", action=f"/en/console{PAGE}")
    chosen = {
        each.attributes["name"]: option.attributes["value"]
        for each in form.all("select")
        for option in each.all("option")
        if "selected" in option.attributes
    }
    return {"head": form.one("input", name="head").attributes["value"], **chosen, "name": "Bank Kota", **changes}


async def test_a_file_that_is_not_known_leads_to_its_columns_with_a_guess() -> None:
    async with desk({IMPORT: UNKNOWN}, usual=ANSWERS) as staff:
        sent = await staff.send("/statements", {}, **FILE)
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert "Nothing was imported yet." in page.text
    assert "TRSF BUDI" in page.one("table").text
    chosen = {name: value for name, value in (await _form()).items() if name.startswith("column_")}
    assert list(chosen.values()) == ["date", "text", "amount", "side", "balance"]


async def test_what_was_chosen_is_stored_and_the_file_is_asked_for_again() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, await _form(decimal_mark=",", column_5="text"))
        assert staff.body(*STORE) == {
            "name": "Bank Kota",
            "header": HEADER,
            "columns": {"date": 0, "text": [1, 5], "amount": 2, "side": 3, "balance": 4},
            "date_order": "dmy",
            "decimal_mark": ",",
        }
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert sent.headers["Location"] == "/en/console/statements?done=columns"
    assert "Choose the file once more" in page.text


async def test_the_account_number_that_was_typed_is_kept_until_the_file_is_chosen_again() -> None:
    async with desk({IMPORT: UNKNOWN}, usual=ANSWERS) as staff:
        shown = parsed((await staff.send("/statements", {"account": "137 001"}, **FILE)).text)
        kept = shown.one("input", name="account").attributes["value"]
        wrong = parsed((await staff.send(PAGE, {**await _form(name=""), "account": kept})).text)
        again = wrong.one("input", name="account").attributes["value"]
        sent = await staff.send(PAGE, {**await _form(), "account": again})
        page = parsed((await staff.see(sent.headers["Location"].removeprefix("/en/console"))).text)
    assert "Choose the file once more" in page.text
    assert page.one("input", name="account").get("value") == "137 001"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ""}, "name", "Give it a name, such as that of the bank."),
        ({"column_0": ""}, "column_0", "Say which column has the date."),
        ({"column_1": ""}, "column_0", "Say which column has the description."),
        ({"column_2": "", "column_3": ""}, "column_0", "Say which column has the amount"),
        ({"column_5": "balance"}, "column_5", "Only descriptions may stand in several columns."),
    ],
)
async def test_what_is_missing_is_said_at_its_column(changes: dict[str, str], field: str, message: str) -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, await _form(**changes))
        assert staff.asked(*STORE) == []
    page = parsed(sent.text)
    assert sent.status_code == 422
    assert message in page.one("p", id=f"{field}-error").text
    assert "TRSF BUDI" in page.one("table").text


async def test_what_payment_finds_wrong_is_said_above_the_form() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "columns.amount", "message": "Choose either column."}])
    async with desk({STORE: wrong}, usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, await _form())
    assert "Choose either column." in parsed(sent.text).text


async def test_without_the_beginning_of_the_file_the_import_is_next() -> None:
    async with desk(usual=ANSWERS) as staff:
        sent = await staff.send(PAGE, {"head": "{}"})
        assert staff.asked(*STORE) == []
    assert sent.headers["Location"] == "/en/console/statements"


async def test_stored_columns_are_listed_and_deleted() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        sent = await staff.send(f"{PAGE}/{MAPPING}/delete", {})
        assert len(staff.asked("DELETE", f"{PAYMENT}/statement-mappings/{MAPPING}")) == 1
        assert len(staff.asked(*MAPPINGS)) == 1
    facts = {each.one("dt").text: each.one("dd").text for each in page.one("dl").all("div")}
    assert facts == {"Date": "TGL", "Description": "URAIAN", "Money in": "KREDIT", "Balance": "SALDO"}
    assert sent.headers["Location"] == f"/en/console{PAGE}?done=deleted"


@pytest.mark.parametrize("members", [{}, {"header": "x"}, {"header": []}, {"header": ["a"] * 101}, {"header": [1, {}]}])
def test_a_refusal_without_a_header_has_no_columns(members: dict[str, Any]) -> None:
    assert head_of(members) is None


def test_the_beginning_of_a_file_survives_the_form_with_long_cells_cut() -> None:
    head = Head(header=("a" * 99, "b"), sample=(("x" * 500, "y"),) * 9)
    again = head_in({"head": head.kept()})
    assert again is not None
    assert again.header == head.header
    assert (len(again.sample), len(again.cells(0)[0])) == (5, 60)
    assert len(json.dumps(again.sample)) < 1000


def test_credits_and_debits_may_have_columns_of_their_own() -> None:
    head = Head(header=("Date", "Description", "Debit", "Credit", "Ref No."))
    choice = Choice(head, {**guessed(head), "name": "x"})
    assert choice.errors(Language.ENGLISH) == []
    assert choice.body()["columns"] == {"date": 0, "text": [1], "debit": 2, "credit": 3, "reference": 4}
