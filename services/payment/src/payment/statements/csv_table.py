"""The table of a CSV: its delimiter, its columns, and which rows are movements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from payment.statements.cells import DELIMITERS, Row, first_rows, rows_of, swallows_lines, trimmed
from payment.statements.csv_details import Details
from payment.statements.csv_presets import preset_of
from payment.statements.dates import is_pending, parse_date
from payment.statements.errors import ColumnsNotFound, MisplacedCells, UnknownStatementFormat, UnreadableDate
from payment.statements.mapping import ColumnMapping
from payment.statements.model import Place
from payment.statements.numbers import figure, is_blank

_NO_HEADER: Final = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A file with where its table begins and what its columns are.

    Attributes:
        header_at: the line of the header; 0 if there is none.
    """

    text: str
    delimiter: str
    columns: ColumnMapping
    header_at: int


class Movement(NamedTuple):
    """The cells of a movement, as many as the header has. A pending one has no day."""

    place: Place
    day: date | None
    cells: Sequence[str]


def open_table(text: str, mapping: ColumnMapping | None) -> Table:
    """Find the table by the header of `mapping` or of a known bank, in the first rows and with any delimiter.

    Raises:
        ColumnsNotFound: neither is there.
        UnknownStatementFormat: there is no `mapping`, and the header is of no known bank.
    """
    beginnings = [(delimiter, first_rows(text, delimiter)) for delimiter in DELIMITERS]
    if mapping and not mapping.header:
        return Table(text, _likely_delimiter(beginnings, mapping), mapping, _NO_HEADER)
    rows = [(delimiter, row) for delimiter, beginning in beginnings for row in beginning]
    for delimiter, row in rows if mapping else ():
        if mapping and mapping.is_header(row.cells):
            return Table(text, delimiter, mapping, row.number)
    for delimiter, row in rows:
        if preset := preset_of(row.cells):
            return Table(text, delimiter, preset, row.number)
    raise ColumnsNotFound if mapping else UnknownStatementFormat


def _likely_delimiter(beginnings: Sequence[tuple[str, Sequence[Row]]], mapping: ColumnMapping) -> str:
    """Return the delimiter with which most of the first rows have a date where the mapping says."""

    def dates(beginning: tuple[str, Sequence[Row]]) -> int:
        rows = [row.cells for row in beginning[1] if len(row.cells) > mapping.date]
        return sum(parse_date(cells[mapping.date], mapping.date_order, None) is not None for cells in rows)

    return max(beginnings, key=dates)[0]


def movements(table: Table, details: Details) -> Iterator[Movement]:
    """Yield the booked and pending movements of a table; what other rows say goes to `details`.

    Raises:
        MisplacedCells: cells are missing or too many, or a row is neither a movement nor anything known.
        UnreadableDate: also if a date has no year, and no period stands above the table.
    """
    columns, has_begun = table.columns, False
    nameless, fewest = columns.nameless, columns.fewest_cells
    for row in rows_of(table.text, table.delimiter):
        if row.number < table.header_at:
            details.take(row)
        elif row.number > table.header_at and (cells := trimmed(row.cells)):
            is_title = not has_begun and not columns.header and not _may_be_dated(row, columns)
            if not is_title and not _is_beside_the_table(row, columns, details):
                has_begun, place = True, Place(row.number)
                if len(row.cells) < fewest or _has_figure(row.cells, nameless):
                    raise MisplacedCells.at(place)
                if movement := _movement(place, _fitted(cells, table, place), columns, details):
                    yield movement


def _movement(place: Place, cells: Sequence[str], columns: ColumnMapping, details: Details) -> Movement | None:
    """Return a movement; None if the row only states the opening or closing balance."""
    written = cells[columns.date]
    day = parse_date(written, columns.date_order, details.period)
    if day is None and not is_pending(written):
        raise UnreadableDate.at(place, written)
    return None if _states_a_balance(place, cells, columns, details) else Movement(place, day, cells)


def _is_beside_the_table(row: Row, columns: ColumnMapping, details: Details) -> bool:
    """Return whether a row is a repeated header, or has a label in place of a date.

    A row with an amount is a movement, though its description may begin like a label.
    """
    if _may_be_dated(row, columns):
        return False
    if columns.is_header(row.cells):
        return True
    label = details.take(row)
    return label is not None and not (label == "other" and _has_amount(row.cells, columns))


def _may_be_dated(row: Row, columns: ColumnMapping) -> bool:
    written = row.cells[columns.date].strip(" '\t") if columns.date < len(row.cells) else ""
    return written[:1].isdigit() or is_pending(written)


def _has_figure(cells: Sequence[str], columns: Sequence[int]) -> bool:
    """Return whether an amount stands in a column that has none: cells to its left were merged or added."""
    return any(each < len(cells) and figure(cells[each]) is not None for each in columns)


def _has_amount(cells: Sequence[str], columns: ColumnMapping) -> bool:
    """Return whether a cell for an amount, if there is one, is not blank."""
    amounts = (columns.amount, columns.credit, columns.debit)
    return any(not is_blank(cells[each]) for each in amounts if each is not None and each < len(cells))


def _fitted(cells: list[str], table: Table, place: Place) -> list[str]:
    """Return as many cells as the table has columns.

    Raises:
        MisplacedCells.
    """
    columns = table.columns
    surplus = len(cells) - columns.width
    if surplus > 0 and columns.header:
        if not columns.is_text_unquoted:
            raise MisplacedCells.at(place)
        start = columns.text[0]
        cells = [
            *cells[:start],
            table.delimiter.join(cells[start : start + surplus + 1]),
            *cells[start + surplus + 1 :],
        ]
    if swallows_lines(cells, table.delimiter, columns.width):
        raise MisplacedCells.at(place)
    return cells + [""] * -surplus if surplus < 0 else cells


def _states_a_balance(place: Place, cells: Sequence[str], columns: ColumnMapping, details: Details) -> bool:
    """Return whether a row has a balance but no amount, and says that it is the opening or closing one."""
    if columns.balance is None or _has_amount(cells, columns):
        return False
    return details.take_balance(place, cells[columns.text[0]], cells[columns.balance])
