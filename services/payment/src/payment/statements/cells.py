"""Cells of CSV, with the line of the file where each row begins."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from payment.statements.errors import MisplacedCells
from payment.statements.model import Place

DELIMITERS: Final = (",", ";", "\t")
BEGINNING: Final = 30
"""Rows among which the header is looked for."""


class Row(NamedTuple):
    """The cells of a row, and the line where it begins."""

    number: int
    cells: list[str]


def rows_of(text: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows of a CSV one by one, empty ones too.

    Raises:
        MisplacedCells: quotation marks are wrong.
    """
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            yield Row(number, cells)
            number = reader.line_num + 1
    except csv.Error:
        raise MisplacedCells.at(Place(number)) from None


def first_rows(text: str, delimiter: str) -> Sequence[Row]:
    """Return the first rows, up to one that another delimiter would have to separate."""
    found: list[Row] = []
    with suppress(MisplacedCells):
        for row in islice(rows_of(text, delimiter), BEGINNING):
            found.append(row)  # noqa: PERF402  # the rows before a wrong one are kept
    return found


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
