"""CSV whose cells no spreadsheet takes for formulas, with any separator (OWASP: CSV injection)."""

import csv
import io
import re
import string
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

# `=`, `+`, `-` and `@`, and the characters that compatibility normalization turns into them.
_FORMULA: Final = r"=+\-@\u207a-\u207c\u208a-\u208c\u2212\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
# Characters that a spreadsheet may skip or that are invisible: blanks, controls, apostrophes, formatting, fillers,
# selectors. Without separators and the quotes that end a cell, so that each part of a text is scanned once.
_UNSEEN: Final = (
    r" \x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0'`\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    r"\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2018-\u201f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\ufffd\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
_SEPARATOR: Final = re.compile(r'[;,|"\t\r\n]')
_AT_START: Final = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*[{_FORMULA}]")
_HARMLESS_STARTS: Final = frozenset(string.ascii_letters + string.digits)
# A spreadsheet whose locale has another separator ignores the quotes and splits the text of a cell.
_AFTER_SEPARATOR: Final = re.compile(rf'[;,|"\t\r\n](?=[{_UNSEEN}]*[{_FORMULA}])')


def guarded(value: Any) -> Any:
    """Return the cell with an apostrophe at each place where a spreadsheet could recognise the start of a formula.

    Only text is changed. Codes, digits and addresses that begin with a letter or digit have no such place.
    """
    if isinstance(value, str):
        return _guarded_text(value)
    return "" if value is None else value


def _guarded_text(text: str) -> str:
    # Most cells are returned here, in a fourth of the time that the expressions below take.
    if text[:1] in _HARMLESS_STARTS and not _SEPARATOR.search(text):
        return text
    inside = _AFTER_SEPARATOR.sub(r"\g<0>'", text)
    return f"'{inside}" if _AT_START.match(text) else inside


def csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return the rows as CSV in UTF-8."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([[guarded(value) for value in row] for row in rows])
    return buffer.getvalue().encode()


async def csv_stream(header: Sequence[str], batches: AsyncIterator[Sequence[Sequence[Any]]]) -> AsyncIterator[bytes]:
    """Yield the header, then each batch. The byte order mark at the beginning tells spreadsheets that it is UTF-8."""
    yield b"\xef\xbb\xbf" + csv_lines([header])
    async for rows in batches:
        yield csv_lines(rows)
