"""Participants as CSV."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guarded(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


def csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as CSV in UTF-8."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([[guarded(value) for value in row] for row in rows])
    return buffer.getvalue().encode()


async def csv_stream(header: Sequence[str], batches: AsyncIterator[Sequence[Sequence[Any]]]) -> AsyncIterator[bytes]:
    """The header, then batch after batch. The mark at the beginning tells spreadsheets that it is UTF-8."""
    yield b"\xef\xbb\xbf" + csv_lines([header])
    async for rows in batches:
        yield csv_lines(rows)
