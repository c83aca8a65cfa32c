"""Dates of birth in three fields, as people write them."""

from datetime import date
from typing import Final

from chassis.wording import Refused

from web.register import texts

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan",
            "feb peb",
            "mar",
            "apr",
            "mei may",
            "jun",
            "jul",
            "agu ags agt aug",
            "sep",
            "okt oct",
            "nov nop",
            "des dec",
        ),
        start=1,
    )
    for name in names.split()
}
"""Numbers of months by the first three letters of their Indonesian and English names and abbreviations."""

_YEAR_DIGITS: Final = 4


def read_day(day: str, month: str, year: str) -> date:
    """Return the date. A month may be a number or a name.

    Raises:
        Refused: a part is missing, the year has not four digits, or there is no such day.
    """
    if not (day or month or year):
        raise Refused(texts.NO_BIRTH)
    if not (day and month and year):
        raise Refused(texts.INCOMPLETE_BIRTH)
    if not (_is_number(year) and len(year) == _YEAR_DIGITS):
        raise Refused(texts.SHORT_YEAR)
    number = int(month) if _is_number(month) else MONTHS.get(month[:3].lower(), 0)
    try:
        return date(int(year), number, int(day) if _is_number(day) else 0)
    except ValueError:
        raise Refused(texts.NO_SUCH_DAY) from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _YEAR_DIGITS
