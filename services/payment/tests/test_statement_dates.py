"""Dates in digits and words, and without a year."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.statements.dates import DateOrder, Period, is_pending, parse_date, period_of

_DAY = date(2026, 8, 3)


@pytest.mark.parametrize(
    "cell",
    [
        "03/08/2026",
        "3/8/2026",
        "'03/08/2026",
        "03/08/26",
        "03-08-2026",
        "03.08.2026",
        "2026-08-03",
        "2026-08-03 00:04:26",
        "2026-08-03T00:04:26",
        "20260803",
        "03/08/26 11.27.10",
        "03 August 2026 11:27:10",
        "03 Agustus 2026 11:27:10",
        "03 Agu 2026",
        "03-Aug-26",
        "3 Ags 2026",
    ],
)
def test_the_ways_in_which_banks_write_a_day(cell: str) -> None:
    assert parse_date(cell, DateOrder.DAY_FIRST, None) == _DAY


@pytest.mark.parametrize(
    ("names", "month"),
    [
        ("Januari January Jan", 1),
        ("Februari February Pebruari Feb", 2),
        ("Maret March Mar", 3),
        ("April Apr", 4),
        ("Mei May", 5),
        ("Juni June Jun", 6),
        ("Juli July Jul", 7),
        ("Agustus August Agt Aug", 8),
        ("September Sept Sep", 9),
        ("Oktober October Okt Oct", 10),
        ("November Nopember Nov", 11),
        ("Desember December Des Dec", 12),
    ],
)
def test_months_have_english_and_indonesian_names(names: str, month: int) -> None:
    for name in names.split():
        assert parse_date(f"05 {name} 2026", DateOrder.DAY_FIRST, None) == date(2026, month, 5), name


def test_the_order_of_digits_is_what_the_columns_say() -> None:
    assert parse_date("08/03/2026", DateOrder.MONTH_FIRST, None) == _DAY
    assert parse_date("26/08/03", DateOrder.YEAR_FIRST, None) == _DAY
    assert parse_date("2026/08/03", DateOrder.MONTH_FIRST, None) == _DAY


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "PEND",
        "31/02/2026",
        "03/13/2026",
        "46236",
        "03/08/1999",
        "03/08/2126",
        "03 Agoest 2026",
        "150.000",
        "3/8/026",
    ],
)
def test_what_is_no_day_of_this_century_is_not_read(cell: str) -> None:
    assert parse_date(cell, DateOrder.DAY_FIRST, None) is None


def test_a_day_without_a_year_needs_a_period() -> None:
    assert parse_date("03/08", DateOrder.DAY_FIRST, None) is None
    assert parse_date("03/08", DateOrder.DAY_FIRST, Period(date(2026, 8, 1), date(2026, 8, 31))) == _DAY
    assert parse_date("03/09", DateOrder.DAY_FIRST, Period(date(2026, 8, 1), date(2026, 8, 31))) is None


@given(st.dates(date(2001, 1, 1), date(2098, 1, 1)), st.integers(0, 300), st.integers(0, 300))
def test_within_a_period_the_year_is_known_over_new_year_too(day: date, before: int, after: int) -> None:
    around = Period(day - timedelta(before % 182), day + timedelta(after % 182))
    assert parse_date(f"{day:%d/%m}", DateOrder.DAY_FIRST, around) == day


def test_a_day_that_a_long_period_has_twice_is_not_guessed() -> None:
    long = Period(date(2025, 8, 1), date(2026, 8, 31))
    assert parse_date("03/08", DateOrder.DAY_FIRST, long) is None


def test_a_period_is_read_from_its_line() -> None:
    assert period_of("Periode : 20/12/2026 - 19/01/2027") == Period(date(2026, 12, 20), date(2027, 1, 19))
    assert period_of("20/12/2026 s/d 19/01/2027") == Period(date(2026, 12, 20), date(2027, 1, 19))
    assert period_of("19/01/2027 - 20/12/2026") is None
    assert period_of("Periode : Desember") is None


@pytest.mark.parametrize("cell", ["PEND", " pend ", "'PEND"])
def test_pend_instead_of_a_day_is_not_booked_yet(cell: str) -> None:
    assert is_pending(cell)
