"""The decimal mark is decided from all numbers of a file, never from one."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.statements.errors import MixedDecimalMarks, UnreadableNumber
from payment.statements.model import Place
from payment.statements.numbers import Column, DecimalMark, is_blank, proven_mark

from .statements.rendering import comma, point


def read_all(cells: Sequence[str], usual: DecimalMark) -> list[Decimal]:
    column = Column(usual)
    for number, cell in enumerate(cells, start=1):
        column.see(cell, Place(number))
    return [column.read(cell, Place(number))[0] for number, cell in enumerate(cells, start=1)]


@pytest.mark.parametrize(
    ("digits", "mark"),
    [
        ("1.500.000,00", ","),
        ("1,500,000.00", "."),
        ("1.500.000", ","),
        ("1,500,000", "."),
        ("150000.5", "."),
        (".00", "."),
        ("1500000,", ","),
        ("1500.000", "."),
        ("150.000", None),
        ("150,000", None),
        ("150000", None),
    ],
)
def test_a_number_proves_a_decimal_mark_or_says_nothing(digits: str, mark: str | None) -> None:
    assert proven_mark(digits) == mark


def test_one_number_that_proves_it_decides_for_all_others() -> None:
    assert read_all(["150.000", "1.500.000,00"], DecimalMark.POINT) == [150_000, 1_500_000]
    assert read_all(["150,000", "99.50"], DecimalMark.COMMA) == [150_000, Decimal("99.50")]


def test_the_usual_mark_decides_only_if_no_number_does() -> None:
    assert read_all(["150.000", "75.000"], DecimalMark.COMMA) == [150_000, 75_000]
    # With a decimal point the same cell would have three decimals, which no amount of money has.
    with pytest.raises(UnreadableNumber):
        read_all(["150.000", "75.000"], DecimalMark.POINT)


def test_numbers_that_contradict_each_other_are_refused_with_both_lines() -> None:
    with pytest.raises(MixedDecimalMarks) as refused:
        read_all(["1.000,00", "150.000", "1,000.00"], DecimalMark.POINT)
    assert (refused.value.extra["line"], refused.value.extra["other_line"]) == (3, 1)
    assert "line 3" in refused.value.detail
    assert "baris 3" in refused.value.wording.id


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1), st.sampled_from(["point", "comma"]))
def test_amounts_in_either_style_are_read_exactly(cents: list[int], style: str) -> None:
    amounts = [Decimal(each) / 100 for each in cents]
    cells = [(point if style == "point" else comma)(each) for each in amounts]
    assert read_all(cells, DecimalMark.POINT) == amounts
    assert read_all(cells, DecimalMark.COMMA) == amounts


@pytest.mark.parametrize(
    ("cell", "amount", "is_credit"),
    [
        ("287,490.00 DB", "287490", False),
        ("8,520,000.00 CR", "8520000", True),
        ("Rp 100.000,00", "100000", None),
        ("Rp100.000,00", "100000", None),
        ("Rp. 5.000,00", "5000", None),
        ("IDR 5,000.00", "5000", None),
        ("-1,500.00", "-1500", None),
        ("1,500.00-", "-1500", None),
        ("+1,500.00", "1500", None),
        ("'1500.00", "1500", None),
        ("1,500.00\u00a0CR", "1500", True),
        ("1500.00D", "1500", False),
        ("1500.00 K", "1500", True),
        (".00", "0", None),
    ],
)
def test_a_cell_is_read_with_its_sign_and_side(cell: str, amount: str, is_credit: bool | None) -> None:
    column = Column(DecimalMark.POINT)
    column.see(cell, Place(1))
    assert column.read(cell, Place(1)) == (Decimal(amount), is_credit)


@pytest.mark.parametrize(
    "cell",
    [
        "BUDI",
        "12/08/2026",
        "1.2.3",
        "1,50,000.00",
        "1500.005",
        "--5",
        "-5-",
        "5 000",
        "\u0661\u0665\u0660",
        "1e5",
        "0x10",
        "9" * 20,
    ],
)
def test_what_is_no_amount_is_refused_without_quoting_letters(cell: str) -> None:
    column = Column(DecimalMark.POINT)
    with pytest.raises(UnreadableNumber) as refused:
        column.read(cell, Place(7))
    assert refused.value.extra["line"] == 7
    assert not any(char.isalpha() and char != "x" for char in refused.value.extra["found"])


@pytest.mark.parametrize("cell", ["", " ", "-", "'", "Rp -"])
def test_a_dash_or_nothing_is_no_amount(cell: str) -> None:
    assert is_blank(cell)
