"""Cells of CSV, with the line of the file where each row begins."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from payment.statements.errors import MisplacedCells, TooManyLines
from payment.statements.model import Place

DELIMITERS: Final = (",", ";", "\t")
BEGINNING: Final = 30
"""Rows among which the header is looked for."""
MOST_DELIMITERS: Final = 200
"""In a row, within quotes or not. A file of nothing else would become millions of cells."""
MOST_ROWS: Final = 250_000
"""In a file, empty ones too."""


class Row(NamedTuple):
    """The cells of a row, and the line where it begins."""

    number: int
    cells: list[str]


def rows_of(text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a CSV one by one, empty ones too.

    Raises:
        MisplacedCells: quotation marks are wrong, or a row has more than `MOST_DELIMITERS`.
        TooManyLines: there are more than `MOST_ROWS`.
    """
    lines = _NarrowLines(text, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 1
    try:
        for count, cells in enumerate(reader, start=1):
            if count > MOST_ROWS:
                raise TooManyLines(limit=MOST_ROWS)
            yield Row(number, cells)
            number = reader.line_num + 1
            lines.in_row = 0
    except (csv.Error, _TooWide):
        raise MisplacedCells.at(Place(number)) from None


def first_rows(text: str, delimiter: str) -> Sequence[Row]:
    """Return the first rows, up to one that another delimiter would have to separate."""
    found: list[Row] = []
    with suppress(MisplacedCells):
        for row in islice(rows_of(text, delimiter), BEGINNING):
            found.append(row)  # noqa: PERF402  # the rows before a wrong one are kept
    return found


class _TooWide(Exception):
    """A row has more delimiters than a table has."""


class _NarrowLines(Iterator[str]):
    """The lines of a text, which are counted before they are split. `in_row` begins at 0 for each row."""

    def __init__(self, text: str, delimiter: str) -> None:
        self.in_row = 0
        self._lines = _lines(text)
        self._delimiter = delimiter

    def __next__(self) -> str:
        line = next(self._lines)
        self.in_row += line.count(self._delimiter)
        if self.in_row > MOST_DELIMITERS:
            raise _TooWide
        return line


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def trimmed(cells: list[str]) -> list[str]:
    """Return cells without blank ones at the end."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def swallows_lines(cells: Sequence[str], delimiter: str, width: int) -> bool:
    """Return whether a cell holds the end of one row and the beginning of another, between quotes that belong to texts.

    Between two such quotes there are as many delimiters as in a row.
    """
    return any("\n" in cell and cell.count(delimiter) >= width - 1 for cell in cells)
