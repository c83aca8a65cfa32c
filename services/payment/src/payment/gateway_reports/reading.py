"""Reading a settlement report: CSV with any of the usual delimiters, numbers and dates as for statements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from payment.gateway_reports.columns import NEEDED, Columns, Part, columns_of
from payment.gateway_reports.errors import TooManyColumns, UnknownReportFormat
from payment.gateway_reports.rules import ReportRow
from payment.statements.cells import DELIMITERS, Row, first_rows, rows_of, trimmed
from payment.statements.dates import DateOrder, parse_date
from payment.statements.encodings import decode
from payment.statements.errors import MisplacedCells, TooManyLines, UnknownStatementFormat, UnreadableDate
from payment.statements.mapping import MOST_COLUMNS
from payment.statements.model import Place
from payment.statements.numbers import Column, DecimalMark, is_blank

MOST_ROWS: Final = 20_000
_SHOWN: Final = 50
_LONGEST_NAME: Final = 100
_FIGURES: Final = (Part.AMOUNT, Part.FEE, Part.NET, Part.TAX)
# Words of Midtrans for what is no payment, or none that was settled.
_OTHERS: Final = frozenset(
    {"chargeback", "partial_chargeback", "reversal", "withdrawal", "payout", "disbursement", "adjustment"}
    | {"pending", "expire", "expired", "cancel", "canceled", "cancelled", "deny", "denied", "failure", "failed"}
    | {"authorize", "penarikan", "pencairan"}
)
_REFUNDS: Final = frozenset({"refund", "partial_refund", "partial refund", "pengembalian dana"})
# As a status these say what happened to a payment since: whether the row is one is in its sums.
_NO_PAYMENT: Final = ((Part.STATUS, _OTHERS), (Part.TYPE, _OTHERS | _REFUNDS))


@dataclass(frozen=True, slots=True)
class Report:
    """A settlement report as read.

    Attributes:
        rows: its payments that were settled.
        others: number of rows of anything else, such as refunds.
    """

    rows: Sequence[ReportRow]
    others: int


@dataclass(frozen=True, slots=True)
class _Table:
    text: str
    delimiter: str
    columns: Columns
    header_at: int


def read_report(data: bytes) -> Report:
    """Read a settlement report. Its columns are found by their names, in any order, below any lines above them.

    Raises:
        One of `payment.gateway_reports.errors.REFUSALS`, and nothing else.
    """
    try:
        table = _table(decode(data))
    except UnknownStatementFormat:  # there is nothing in it
        raise UnknownReportFormat.of([], [part.value for part in NEEDED]) from None
    kept: list[Row] = []
    others = 0
    for row in _rows(table):
        if _is_payment(row.cells, table.columns):
            if len(kept) == MOST_ROWS:
                raise TooManyLines(limit=MOST_ROWS)
            kept.append(row)
        else:
            others += 1
    figures = _figures(kept, table.columns)
    return Report([_read(row, table.columns, figures) for row in kept], others)


def _table(text: str) -> _Table:
    best: _Table | None = None
    for delimiter in DELIMITERS:
        for row in first_rows(text, delimiter):
            columns = columns_of(trimmed(row.cells))
            if best is None or len(columns.at) > len(best.columns.at):
                best = _Table(text, delimiter, columns, row.number)
    if best is None or best.columns.missing:
        names = [] if best is None else [name.strip()[:_LONGEST_NAME] for name in best.columns.names[:_SHOWN]]
        missing = NEEDED if best is None else best.columns.missing
        raise UnknownReportFormat.of(names, [part.value for part in missing])
    if best.columns.width > MOST_COLUMNS:  # every row is filled up to as many cells
        raise TooManyColumns(limit=MOST_COLUMNS)
    return best


def _rows(table: _Table) -> Iterator[Row]:
    """Yield the rows below the header, as wide as it; those without a cell are left out.

    Raises:
        MisplacedCells: a row has more cells than the header.
    """
    width = table.columns.width
    for row in rows_of(table.text, table.delimiter):
        cells = trimmed(row.cells)
        if row.number <= table.header_at or not cells:
            continue
        if len(cells) > width:
            raise MisplacedCells.at(Place(row.number))
        yield Row(row.number, cells + [""] * (width - len(cells)))


def _cell(cells: Sequence[str], columns: Columns, part: Part) -> str:
    return cells[columns.at[part]].strip(" '\t") if part in columns.at else ""


def _is_payment(cells: Sequence[str], columns: Columns) -> bool:
    """Return whether a row is a payment that was settled: it has an order and a day, and no word for anything else."""
    is_other = any(_cell(cells, columns, part).casefold() in words for part, words in _NO_PAYMENT)
    settled = _cell(cells, columns, Part.SETTLED)
    has_all = _cell(cells, columns, Part.ORDER) and not is_blank(settled) and settled.casefold() not in {"n/a", "null"}
    is_negative = _cell(cells, columns, Part.AMOUNT).startswith("-")
    return bool(has_all) and not is_negative and not is_other


def _figures(rows: Sequence[Row], columns: Columns) -> Column:
    """Return the numbers of the file, whose decimal mark all of them decide. Rupiah have no thousandths.

    Raises:
        MixedDecimalMarks.
    """
    cells = [(row, _cell(row.cells, columns, part)) for row in rows for part in _FIGURES]
    figures = Column(DecimalMark.POINT if any("," in cell for _, cell in cells) else DecimalMark.COMMA)
    for row, cell in cells:
        figures.see(cell, Place(row.number))
    return figures


def _read(row: Row, columns: Columns, figures: Column) -> ReportRow:
    place = Place(row.number)

    def number(part: Part) -> Decimal:
        cell = _cell(row.cells, columns, part)
        return Decimal("0.00") if is_blank(cell) and part in {Part.FEE, Part.TAX} else figures.read(cell, place)[0]

    amount, net = number(Part.AMOUNT), number(Part.NET)
    return ReportRow(
        line=row.number,
        order_id=_cell(row.cells, columns, Part.ORDER),
        amount=amount,
        fee=_kept_back(amount - net, abs(number(Part.FEE)), abs(number(Part.TAX))),
        net=net,
        settled_on=_day(_cell(row.cells, columns, Part.SETTLED), place),
    )


def _kept_back(difference: Decimal, fee: Decimal, tax: Decimal) -> Decimal:
    """Return the fee with its tax, unless the sums of the row show that the tax is part of it."""
    return fee if fee == difference else fee + tax


def _day(cell: str, place: Place) -> date:
    found = parse_date(cell.removesuffix("+07:00").removesuffix("+0700"), DateOrder.DAY_FIRST, None)
    if found is None:
        raise UnreadableDate.at(place, cell)
    return found
