"""Days as banks write them: `2027-01-03`, `03/01/2027`, `3 Jan 27`, with or without a time behind."""

import re
from datetime import date
from typing import Final

_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_USUAL: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?!\d)")
_NAMED: Final = re.compile(r"(\d{1,2})[-/. ]([A-Za-z]{3})[A-Za-z]*\.?[-/. ](\d{4}|\d{2})(?!\d)")
_MONTHS: Final = {
    **{name: month for month, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun"), start=1)},
    **{name: month for month, name in enumerate(("jul", "aug", "sep", "oct", "nov", "dec"), start=7)},
    "mei": 5,
    "agu": 8,
    "ags": 8,
    "okt": 10,
    "des": 12,
}
_CENTURY: Final = 2000


def bank_day(text: str) -> date | None:
    """Return the day at the beginning of a text; None if there is none. The day comes before the month."""
    stripped = text.strip().strip("'\"")
    if found := _ISO.match(stripped):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _USUAL.match(stripped):
        year = _year(found[3])
        return _date(year, int(found[2]), int(found[1])) or _date(year, int(found[1]), int(found[2]))
    if found := _NAMED.match(stripped):
        return _date(_year(found[3]), _MONTHS.get(found[2].lower(), 0), int(found[1]))
    return None


def _year(digits: str) -> int:
    year = int(digits)
    return year if year >= _CENTURY else _CENTURY + year % 100


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
