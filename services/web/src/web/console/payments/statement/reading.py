"""Reading of a bank statement: a table of date, amount and description, separated by commas, semicolons or tabs."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from web.console.payments.statement.amounts import BankAmount, bank_amount
from web.console.payments.statement.days import bank_day

MAX_LINES: Final = 2000
MAX_BYTES: Final = 1024 * 1024

_SEPARATORS: Final = ("\t", ";", ",")
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "day": frozenset({"date", "tanggal", "tgl", "day", "hari", "waktu", "tanggal transaksi", "transaction date"}),
    "amount": frozenset(
        {"amount", "jumlah", "nominal", "kredit", "credit", "mutasi", "cr", "nilai", "jumlah kredit", "total"}
    ),
    "description": frozenset(
        {"description", "keterangan", "uraian", "berita", "deskripsi", "remark", "remarks", "detail", "catatan"}
    ),
}
_SPACES: Final = re.compile(r"\s+")
_MOST_TEXT: Final = 500
_MOST_BEFORE_HEAD: Final = 20


class Problem(StrEnum):
    """Why a statement cannot be read at all."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_AMOUNTS = "no_amounts"


class StatementProblem(ValueError):
    """A statement cannot be read at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Line:
    """Money that arrived.

    Attributes:
        number: of the line in the statement, from 1.
        day: None if it cannot be read.
        written: the amount as the bank wrote it.
    """

    number: int
    day: date | None
    amount: BankAmount
    written: str
    description: str


@dataclass(frozen=True)
class Unreadable:
    """A line without an amount that can be read."""

    number: int
    text: str


@dataclass(frozen=True)
class Statement:
    """A statement: money that arrived, how many lines are about money that left, and what cannot be read."""

    lines: Sequence[Line]
    debits: int = 0
    unreadable: Sequence[Unreadable] = ()


@dataclass(frozen=True)
class _Columns:
    day: int = 0
    amount: int = 1
    description: int = 2
    count: int = 3

    @classmethod
    def named_in(cls, head: Sequence[str]) -> "_Columns | None":
        """Return the columns that a head names; None if it is none."""
        names = [_SPACES.sub(" ", each).strip().strip("*:").lower() for each in head]
        found = {kind: [at for at, name in enumerate(names) if name in known] for kind, known in _NAMES.items()}
        if not found["amount"] or not (found["day"] or found["description"]):
            return None
        at = {kind: places[0] if places else -1 for kind, places in found.items()}
        return cls(**at, count=len(names))


@dataclass(frozen=True)
class _Layout:
    """How a statement is laid out. `first` is the row after its head, if it has one."""

    separator: str
    columns: _Columns
    first: int = 0
    has_head: bool = False

    def cells(self, row: str) -> Sequence[str]:
        """Return the cells of a row."""
        found = _cells(row, self.separator)
        return _joined(found, self.columns) if self.separator == "," else found

    def leaves_amount_out(self, row: str) -> bool:
        """Return whether the column of credits is empty, as where money left."""
        cells = self.cells(row)
        return self.has_head and len(cells) > self.columns.amount and not cells[self.columns.amount].strip()


def statement_in(text: str) -> Statement:
    """Return the statement in a text.

    Raises:
        StatementProblem: it is empty, too long, or has no amount.
    """
    if len(text.encode()) > MAX_BYTES:
        raise StatementProblem(Problem.TOO_LONG)
    rows = [(at, row) for at, row in enumerate(text.removeprefix("\ufeff").splitlines(), start=1) if row.strip()]
    if not rows:
        raise StatementProblem(Problem.EMPTY)
    layout = _layout([row for _, row in rows])
    if len(rows) - layout.first > MAX_LINES:
        raise StatementProblem(Problem.TOO_LONG)
    statement = _read(rows[layout.first :], layout)
    if not statement.lines and not statement.debits:
        raise StatementProblem(Problem.NO_AMOUNTS)
    return statement


def _layout(rows: Sequence[str]) -> _Layout:
    """Return how a statement is laid out: by the head among its first lines, else as the page describes."""
    for separator in _SEPARATORS:
        for at, row in enumerate(rows[:_MOST_BEFORE_HEAD]):
            named = _Columns.named_in(_cells(row, separator))
            if named is not None:
                return _Layout(separator, named, at + 1, has_head=True)
    separator = next((each for each in _SEPARATORS if each in rows[0]), ",")
    return _Layout(separator, _Columns())


def _read(rows: Sequence[tuple[int, str]], layout: _Layout) -> Statement:
    arrived, debits, unreadable = [], 0, []
    for number, row in rows:
        line = _line(number, row, layout)
        if line is None and layout.leaves_amount_out(row):
            debits += 1
        elif line is None:
            unreadable.append(Unreadable(number, row.strip()[:_MOST_TEXT]))
        elif line.amount.is_debit or not line.amount.value:
            debits += 1
        else:
            arrived.append(line)
    return Statement(arrived, debits, unreadable)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return line.split(separator)


def _line(number: int, row: str, layout: _Layout) -> Line | None:
    columns, cells = layout.columns, layout.cells(row)
    written = _cell(cells, columns.amount)
    amount = bank_amount(written)
    if amount is None:
        return None
    is_last = columns.description == columns.count - 1
    described = " ".join(cells[columns.description :]) if is_last else _cell(cells, columns.description)
    description = _SPACES.sub(" ", described).strip()[:_MOST_TEXT]
    return Line(number, bank_day(_cell(cells, columns.day)), amount, written.strip(), description)


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at] if 0 <= at < len(cells) else ""


def _joined(cells: Sequence[str], columns: _Columns) -> Sequence[str]:
    """Return the cells with an amount together that was split at its own commas: `150,123.00` without quotes."""
    at, spare = columns.amount, len(cells) - columns.count
    for more in range(min(spare, 4), 0, -1):
        whole = ",".join(cells[at : at + more + 1])
        if bank_amount(whole) is not None:
            return [*cells[:at], whole, *cells[at + more + 1 :]]
    return cells
