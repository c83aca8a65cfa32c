"""Recognising dates written in digits, for secrets that must not be a date."""

from datetime import date
from typing import Final

LAYOUTS: Final = ("DDMMYYYY", "MMDDYYYY", "YYYYMMDD", "DDMMYY", "MMDDYY", "YYMMDD", "MMYYYY", "YYYYMM")
"""Common ways to write a date in digits."""


def is_date(digits: str, years: range) -> bool:
    """Return whether `digits` are a date of one of `years` in any layout."""
    return any(spells_date(digits, layout, years) for layout in LAYOUTS)


def spells_date(digits: str, layout: str, years: range) -> bool:
    """Return whether `digits` are a date of one of `years` in `layout`, such as `DDMMYY` or `YYYYMM`."""
    if len(digits) != len(layout) or not digits.isdecimal():
        return False
    year, month, day = (
        "".join(digit for digit, letter in zip(digits, layout, strict=True) if letter == part) for part in "YMD"
    )
    centuries = (0,) if len(year) > len("YY") else (1900, 2000)
    return any(
        century + int(year) in years and _exists(century + int(year), int(month), int(day or 1))
        for century in centuries
    )


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
