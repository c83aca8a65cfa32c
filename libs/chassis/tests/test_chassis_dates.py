"""Which digits are a date."""

import pytest
from chassis.canonical.dates import is_date, spells_date

YEARS = range(1945, 2031)


@pytest.mark.parametrize(
    ("digits", "layout"),
    [
        ("170845", "DDMMYY"),
        ("290200", "DDMMYY"),
        ("17081945", "DDMMYYYY"),
        ("08171945", "MMDDYYYY"),
        ("20260817", "YYYYMMDD"),
        ("260817", "YYMMDD"),
        ("081945", "MMYYYY"),
        ("194508", "YYYYMM"),
    ],
)
def test_a_date_is_found(digits: str, layout: str) -> None:
    assert spells_date(digits, layout, YEARS)


@pytest.mark.parametrize(
    ("digits", "layout"),
    [
        ("290201", "DDMMYY"),
        ("001390", "DDMMYY"),
        ("010144", "DDMMYY"),
        ("17081944", "DDMMYYYY"),
        ("17081945", "DDMMYY"),
        ("132026", "MMYYYY"),
        ("17o845", "DDMMYY"),
        ("", "DDMMYY"),
    ],
)
def test_other_digits_are_none(digits: str, layout: str) -> None:
    assert not spells_date(digits, layout, YEARS)


@pytest.mark.parametrize(
    "digits", ["17081985", "08171985", "19850817", "170885", "081785", "850817", "081985", "198508"]
)
def test_a_date_is_one_in_every_layout(digits: str) -> None:
    assert is_date(digits, YEARS)


@pytest.mark.parametrize("digits", ["", "1985", "173285", "850832", "191985", "198519", "081708", "17o885"])
def test_other_digits_are_one_in_no_layout(digits: str) -> None:
    assert not is_date(digits, range(1970, 2000))
