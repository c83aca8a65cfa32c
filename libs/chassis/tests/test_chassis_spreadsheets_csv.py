"""CSV: no text that somebody typed is a formula, whatever separates cells where the file is opened."""

import csv
import io
import re
import string
import sys
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from chassis.spreadsheets import delimited
from chassis.spreadsheets.delimited import csv_lines, csv_stream, guarded
from hypothesis import example, given
from hypothesis import strategies as st

_FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)")
_HIDING = (
    "",
    " ",
    "\u00a0",
    "\u200b",
    "\u200e",
    "\u2066",
    "\ufeff",
    "\u00ad",
    "\u2800",
    "\u3164",
    "'",
    "\x01",
    "\ufffd",
    "\ufffc",
    "\U0001d159",
)
_SEPARATORS = ',;|"\t\r\n'

_pieces = st.sampled_from([*_FORMULAS, *_HIDING, *_SEPARATORS, "Budi", "1", "="])
_typed = st.lists(_pieces, max_size=8).map("".join) | st.text(max_size=20)
_codes = st.text(string.ascii_letters + string.digits + "_.-@+= ", max_size=30).filter(lambda code: code[:1].isalnum())


def _is_hidden(char: str) -> bool:
    fillers = '\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc\ufffd\U0001d159"'
    return (
        char in fillers or char.isspace() or unicodedata.category(char) in ("Cc", "Cf") or "\ufe00" <= char <= "\ufe0f"
    )


def _is_formula(cell: str) -> bool:
    """Whether a reader that skips what cannot be seen finds the start of a formula."""
    seen = next((char for char in cell if not _is_hidden(char)), "")
    return bool(seen) and unicodedata.normalize("NFKC", seen)[0] in "=+-@\u2212"


def _formulas_in(rows: list[list[str]], guard: Callable[[Any], Any]) -> list[str]:
    """Cells that are formulas in a file of these rows, split at every separator there may be."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([[guard(cell) for cell in row] for row in rows])
    pieces = [re.split(f"[{separator}\r\n]", buffer.getvalue()) for separator in _SEPARATORS]
    return [cell for found in pieces for cell in found if _is_formula(cell)]


@given(st.lists(st.lists(_typed, min_size=1, max_size=3), min_size=1, max_size=3))
@example([["Budi;=1+1"]])
@example([["a|=1", 'a"=1', 'a""=1', '"=1', "a;\U0001d159=1", 'a|"=1']])
@example([["\u200e;\u2066=1+1", '";=1']])
def test_no_text_is_a_formula_whatever_separates_cells(rows: list[list[str]]) -> None:
    assert _formulas_in(rows, guarded) == []


@pytest.mark.parametrize("hiding", _HIDING)
@pytest.mark.parametrize("formula", _FORMULAS)
def test_without_the_guard_they_are_formulas(formula: str, hiding: str) -> None:
    if hiding != "'":
        assert _formulas_in([[f"{hiding}{formula}"]], str)
        assert _formulas_in([[f"Budi;{hiding}{formula}"]], str)
    assert guarded(f"{hiding}{formula}") == f"'{hiding}{formula}"
    for separator in _SEPARATORS:
        assert guarded(f"Budi{separator}{hiding}{formula}") == f"Budi{separator}'{hiding}{formula}"


@pytest.mark.parametrize(
    "text", ["\t" * 200_000, "; " * 100_000, '"' * 200_000, "\u200b" * 200_000, ";" + " " * 200_000]
)
def test_a_long_text_is_looked_through_once(text: str) -> None:
    began = time.process_time()
    guarded(text)
    assert time.process_time() - began < 1  # looked through from each of its separators, it takes minutes


@pytest.mark.parametrize("start", "\t\r\n")
def test_no_cell_begins_with_a_separator(start: str) -> None:
    assert guarded(f"{start}Budi") == f"'{start}Budi"


def test_every_character_that_cannot_be_seen_is_known() -> None:
    unseen = re.compile(f"[{delimited._UNSEEN}]")
    hidden = (char for char in map(chr, range(sys.maxunicode + 1)) if _is_hidden(char) and char not in _SEPARATORS)
    assert [hex(ord(char)) for char in hidden if not unseen.fullmatch(char)] == []


def test_every_form_of_a_formula_s_first_character_is_known() -> None:
    known = re.compile(f"[{delimited._FORMULA}]")
    forms = (
        char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.normalize("NFKC", char) in tuple("=+-@")
    )
    assert [hex(ord(char)) for char in forms if not known.fullmatch(char)] == []


@given(_codes)
@example("6281298765432")
@example("3174091502900017")
@example("budi+lari=5@example.com")
@example("T10K-000017")
@example("payment_verified")
def test_what_was_validated_is_left_alone(code: str) -> None:
    assert guarded(code) == code


@pytest.mark.parametrize(
    "value", [-5, Decimal("-150000.00"), date(1990, 1, 31), datetime(2026, 1, 31, tzinfo=UTC), True, 0]
)
def test_numbers_and_dates_are_left_alone(value: Any) -> None:
    assert guarded(value) is value


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=10), min_size=2, max_size=2), min_size=1))
def test_a_file_says_what_it_was_given(rows: list[list[str]]) -> None:
    found = list(csv.reader(io.StringIO(csv_lines(rows).decode(), newline="")))
    assert found == [[guarded(cell) for cell in row] for row in rows]


async def test_the_header_comes_first_with_a_mark_for_utf_8() -> None:
    async def batches() -> Any:
        yield [["Ren\u00e9", None]]

    pieces = [piece async for piece in csv_stream(["name", "bib"], batches())]
    assert pieces == [b"\xef\xbb\xbfname,bib\r\n", "Ren\u00e9,\r\n".encode()]
