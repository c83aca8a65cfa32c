"""Dates as banks write them: in digits in any order, with names of months, and without a year."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final


class DateOrder(StrEnum):
    """The order of day, month and year in digits. A year of four digits in front is always recognised."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    YEAR_FIRST = "year_first"


@dataclass(frozen=True, slots=True)
class Period:
    """The first and last day of a statement."""

    first: date
    last: date


_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari february pebruari feb peb",
            "maret march mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu agt ags aug",
            "september sept sep",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME: Final = r"(?:[ T,]+[0-9]{1,2}[.:][0-9]{2}(?:[.:][0-9]{2}(?:[.,][0-9]{1,6})?)?(?: ?(?:[AP]M|WIB|WITA|WIT))?)?"
_DIGITS: Final = re.compile(
    rf"([0-9]{{1,4}})([-/. ])([0-9]{{1,2}})(?:\2([0-9]{{4}}|[0-9]{{2}}))?{_TIME}", re.IGNORECASE
)
_NAMED: Final = re.compile(
    rf"([0-9]{{1,2}})[-/. ]([a-z]{{3,9}})\.?(?:[-/. ,]{{1,2}}([0-9]{{4}}|[0-9]{{2}}))?{_TIME}", re.IGNORECASE
)
_COMPACT: Final = re.compile(rf"(20[0-9]{{2}})([0-9]{{2}})([0-9]{{2}}){_TIME}", re.IGNORECASE)
_SPAN: Final = re.compile(r"([0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})\D{1,12}?([0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})")
_PENDING: Final = frozenset({"PEND", "PENDING"})
_CENTURY: Final = 2000
YEARS: Final = range(_CENTURY, _CENTURY + 100)


def is_pending(cell: str) -> bool:
    """Return whether a cell says `PEND` instead of a date: the bank has not booked the line yet."""
    return cell.strip(" '\t").upper() in _PENDING


@lru_cache(maxsize=16)
def period_of(text: str) -> Period | None:
    """Return the period in a text such as `Periode : 20/12/2026 - 19/01/2027`; None if there is none."""
    found = _SPAN.search(text)
    days = [parse_date(each, DateOrder.DAY_FIRST, None) for each in found.groups()] if found else []
    match days:
        case [date() as first, date() as last] if first <= last:
            return Period(first, last)
    return None


@lru_cache(maxsize=4096)
def parse_date(cell: str, order: DateOrder, period: Period | None) -> date | None:
    """Return the day in a cell; its time is ignored. None if it is no date of this century.

    Args:
        order: how to read dates in digits.
        period: the only days that a date without a year can be.
    """
    text = " ".join(cell.strip(" '\t").split())
    if named := _NAMED.fullmatch(text):
        return _day(named[3], _MONTHS.get(named[2].lower(), 0), int(named[1]), period)
    if compact := _COMPACT.fullmatch(text):
        return _day(compact[1], int(compact[2]), int(compact[3]), period)
    if digits := _DIGITS.fullmatch(text):
        return _in_order(digits[1], digits[3], digits[4], order, period)
    return None


def _in_order(one: str, two: str, three: str | None, order: DateOrder, period: Period | None) -> date | None:
    if len(one) > len("31"):
        return _day(one, int(two), int(three), period) if len(one) == len("2026") and three else None
    if order is DateOrder.YEAR_FIRST and three:
        return _day(one, int(two), int(three), period)
    day, month = (two, one) if order is DateOrder.MONTH_FIRST else (one, two)
    return _day(three, int(month), int(day), period)


def _day(year: str | None, month: int, day: int, period: Period | None) -> date | None:
    if year:
        number = int(year)
        return _existing(number if len(year) > len("26") else _CENTURY + number, month, day)
    if not period:
        return None
    years = {period.first.year, period.last.year}
    days = [found for each in years if (found := _existing(each, month, day)) and period.first <= found <= period.last]
    return days[0] if len(days) == 1 else None


def _existing(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None
