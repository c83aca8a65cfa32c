"""Amounts, days and tables of bank statements are read as banks write them."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web.console.payments.statement.amounts import bank_amount
from web.console.payments.statement.days import bank_day
from web.console.payments.statement.reading import MAX_BYTES, MAX_LINES, Problem, StatementProblem, statement_in

DAY = date(2027, 1, 3)

AMOUNTS = st.integers(min_value=1, max_value=10**11).map(lambda cents: Decimal(cents) / 100)


def _grouped(amount: Decimal, thousands: str, decimals: str) -> str:
    return f"{amount:,.2f}".replace(",", "|").replace(".", decimals).replace("|", thousands)


# --- amounts


@given(
    AMOUNTS,
    st.sampled_from([(".", ","), (",", "."), ("", "."), ("", ","), (" ", ","), ("'", ".")]),
    st.sampled_from(["{}", "Rp {}", "Rp{}", "Rp. {}", "IDR {}", "+{}", "{} CR", "{}CR", " {} ", "{} K"]),
)
def test_an_amount_is_read_as_every_bank_writes_it(amount: Decimal, signs: tuple[str, str], around: str) -> None:
    found = bank_amount(around.format(_grouped(amount, *signs)))
    assert found is not None
    assert (found.value, found.is_debit) == (amount, False)


@given(AMOUNTS, st.sampled_from(["-{}", "- {}", "{}-", "({})", "{} DB", "{}DB", "Rp -{}", "{} D", "{} DR"]))
def test_money_that_left_is_told_from_money_that_came(amount: Decimal, around: str) -> None:
    found = bank_amount(around.format(_grouped(amount, ".", ",")))
    assert found is not None
    assert (found.value, found.is_debit) == (amount, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("150.123,00", "150123"), ("150,123.00", "150123"), ("150.123", "150123"), ("150,123", "150123"), ("1,5", "1.5")],
)
def test_a_separator_before_three_digits_stands_for_thousands(text: str, value: str) -> None:
    found = bank_amount(text)
    assert found is not None
    assert found.value == Decimal(value)


@pytest.mark.parametrize("text", ["", "QRIS", "1.2345", "0.123", "1.23.456", "1,234,56", "12 34", "1e5", "٣", "9" * 40])
def test_what_could_be_read_in_two_ways_or_none_is_no_amount(text: str) -> None:
    assert bank_amount(text) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_amounts_and_days(text: str) -> None:
    bank_amount(text)
    bank_day(text)


# --- days


@given(
    st.dates(min_value=date(2020, 1, 1), max_value=date(2069, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y", "%d %b %Y", "%d-%B-%Y"]),
    st.sampled_from(["", " 10:14:21", "T10:14:21+07:00"]),
)
def test_a_day_is_read_as_every_bank_writes_it(day: date, form: str, behind: str) -> None:
    assert bank_day(day.strftime(form) + behind) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3 Mei 2027", date(2027, 5, 3)),
        ("17 Agustus 27", date(2027, 8, 17)),
        ("31-Des-2027", date(2027, 12, 31)),
        ("12/31/2027", date(2027, 12, 31)),
        ("31/02/2027", None),
        ("PEND", None),
        ("", None),
    ],
)
def test_days_have_indonesian_names_and_may_be_missing(text: str, day: date | None) -> None:
    assert bank_day(text) == day


# --- statements


def _written(rows: Sequence[Sequence[str]], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue()


LINES = st.lists(
    st.tuples(
        st.dates(min_value=date(2020, 1, 1), max_value=date(2069, 12, 31)),
        AMOUNTS,
        st.text("ABCdef 019-/;,.\t\"'", max_size=30),
    ),
    min_size=1,
    max_size=20,
)


@given(LINES, st.sampled_from(",;\t"), st.booleans(), st.sampled_from([(".", ","), (",", ".")]))
def test_a_statement_says_what_was_written_into_it(
    lines: list[tuple[date, Decimal, str]], separator: str, has_head: bool, signs: tuple[str, str]
) -> None:
    rows = [(day.isoformat(), _grouped(amount, *signs), text) for day, amount, text in lines]
    head = [("Tanggal", "Jumlah", "Keterangan")] if has_head else [("2027-01-01", "x", "")]
    found = statement_in(_written([*head, *rows], separator))
    assert [(line.day, line.amount.value) for line in found.lines] == [(day, amount) for day, amount, _ in lines]
    assert [line.description for line in found.lines] == [" ".join(text.split()) for _, _, text in lines]
    assert [line.number for line in found.unreadable] == ([] if has_head else [1])


@given(LINES)
def test_amounts_with_commas_of_their_own_need_no_quotes(lines: list[tuple[date, Decimal, str]]) -> None:
    for signs in ((".", ","), (",", ".")):
        text = "\n".join(f"{day},{_grouped(amount, *signs)},TRSF BUDI" for day, amount, _ in lines)
        found = statement_in(text)
        assert [line.amount.value for line in found.lines] == [amount for _, amount, _ in lines]
        assert {line.description for line in found.lines} == {"TRSF BUDI"}


def test_columns_are_found_by_their_names_behind_what_banks_put_first() -> None:
    found = statement_in(
        "No. rekening;1234567890\nNama;Panitia\n\nUraian;Tgl;Debet;Kredit;Saldo\n"
        "TRSF BUDI;03/01/2027;;150.123,00;9.000.000,00\nBIAYA ADM;03/01/2027;2.500,00;;8.997.500,00\n"
    )
    [line] = found.lines
    assert (line.number, line.day, line.amount.value, line.description) == (5, DAY, Decimal(150123), "TRSF BUDI")
    assert (found.debits, found.unreadable) == (1, [])


def test_a_debit_is_counted_and_a_line_without_amount_is_told() -> None:
    found = statement_in("2027-01-03;150.000 CR;A\n2027-01-03;2.500 DB;B\n2027-01-03;saldo;C")
    assert ([line.description for line in found.lines], found.debits) == (["A"], 1)
    assert [(each.number, each.text) for each in found.unreadable] == [(3, "2027-01-03;saldo;C")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", Problem.EMPTY),
        ("\ufeff \n\n", Problem.EMPTY),
        ("a;b;c", Problem.NO_AMOUNTS),
        ("2027-01-03;1;x\n" * (MAX_LINES + 1), Problem.TOO_LONG),
        ("é" * (MAX_BYTES // 2 + 1), Problem.TOO_LONG),
    ],
)
def test_what_is_no_statement_is_refused(text: str, problem: Problem) -> None:
    with pytest.raises(StatementProblem) as refused:
        statement_in(text)
    assert refused.value.problem is problem


def test_two_thousand_lines_below_a_head_are_read() -> None:
    found = statement_in("date;amount;description\n" + "2027-01-03;1;x\n" * MAX_LINES)
    assert len(found.lines) == MAX_LINES


@given(st.text("0123456789;,\t\"'.\n ABC", max_size=200))
def test_no_text_breaks_the_reading_of_statements(text: str) -> None:
    try:
        statement_in(text)
    except StatementProblem:
        return
