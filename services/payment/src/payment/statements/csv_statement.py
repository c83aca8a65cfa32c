"""Statements in CSV.

The file is read twice: first to decide the decimal mark from all amounts and balances, then to take the lines.
"""

import re
from decimal import Decimal
from typing import Final

from payment.statements.balances import ensure_adds_up
from payment.statements.csv_details import Details
from payment.statements.csv_table import Movement, Table, movements, open_table
from payment.statements.entries import Draft, Entry, Part, folded_spaces
from payment.statements.errors import ColumnsNotFound, MisplacedCells, SeveralAccounts, UnreadableNumber
from payment.statements.mapping import ColumnMapping
from payment.statements.model import account_number, currency_code
from payment.statements.numbers import Column, is_blank, side_of

_ZERO: Final = Decimal("0.00")
_TRANSFER_ID: Final = re.compile(r"\b20[0-9]{6}[A-Z]{4}IDJA[0-9A-Z]*")
"""The id of a transfer between banks: a date, the BIC of the sending bank and digits."""


def read_csv(text: str, mapping: ColumnMapping | None) -> Draft:
    """Read a CSV with the header of `mapping` or of a known bank.

    Raises:
        UnknownStatementFormat, ColumnsNotFound, StatementDoesNotAddUp, UnreadableNumber, MixedDecimalMarks,
        UnreadableDate, MisplacedCells, SeveralAccounts, TooManyLines.
    """
    table = open_table(text, mapping)
    reader = _Reader(table)
    reader.decide_mark()
    part = reader.part()
    if not table.columns.header and not part.entries:
        raise ColumnsNotFound
    ensure_adds_up(part)
    return Draft(table.columns.format, reader.account, reader.currency, [part])


class _Reader:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns = table.columns
        self._details = Details()
        self._figures = Column(table.columns.usual_mark)
        self._named: dict[int, str] = {}

    @property
    def account(self) -> str | None:
        """Return the account that the table or the lines above it name."""
        written = self._named.get(self._columns.account) if self._columns.account is not None else None
        return (account_number(written) if written else None) or self._details.account

    @property
    def currency(self) -> str | None:
        """Return the currency that the table or the lines above it name."""
        written = self._named.get(self._columns.currency) if self._columns.currency is not None else None
        return (currency_code(written) if written else None) or self._details.currency

    def decide_mark(self) -> None:
        """Look at all amounts and balances of the file."""
        figures = self._columns.figures
        for movement in movements(self._table, self._details):
            for column in figures:
                self._figures.see(movement.cells[column], movement.place)
        self._details.show(self._figures)

    def part(self) -> Part:
        """Return all lines of the file."""
        part = Part()
        for movement in movements(self._table, self._details):
            self._ensure_one_account(movement)
            part.add(self._entry(movement))
        known = self._details.known
        part.opening, part.closing = known("opening", self._figures), known("closing", self._figures)
        part.credits, part.debits = known("credits", self._figures), known("debits", self._figures)
        return part

    def _entry(self, movement: Movement) -> Entry:
        text = self._text(movement)
        return Entry(
            number=movement.place.number,
            booked_on=movement.day,
            amount=self._amount(movement),
            text=text,
            reference=self._reference(movement, text),
            balance=self._optional(movement, self._columns.balance),
            before=self._optional(movement, self._columns.before),
        )

    def _ensure_one_account(self, movement: Movement) -> None:
        for column in (self._columns.account, self._columns.currency):
            written = movement.cells[column].strip(" '\t") if column is not None else ""
            if column is not None and written and self._named.setdefault(column, written) != written:
                raise SeveralAccounts.at(movement.place)

    def _text(self, movement: Movement) -> str:
        columns, cells = self._columns, movement.cells
        if columns.better_text is not None and cells[columns.better_text].strip():
            return folded_spaces(cells[columns.better_text])
        return folded_spaces(" ".join(cells[each] for each in columns.text))

    def _reference(self, movement: Movement, text: str) -> str | None:
        column = self._columns.reference
        written = movement.cells[column].strip(" '\t") if column is not None else ""
        found = None if written else _TRANSFER_ID.search(text)
        return folded_spaces(written) or (found[0] if found else None)

    def _amount(self, movement: Movement) -> Decimal:
        if self._columns.amount is not None:
            return self._signed(movement, self._columns.amount)
        credit, debit = (self._optional(movement, each) for each in (self._columns.credit, self._columns.debit))
        if (credit is None and debit is None) or (credit and debit):
            raise MisplacedCells.at(movement.place)
        for column, amount in ((self._columns.credit, credit), (self._columns.debit, debit)):
            if amount is not None and amount < 0 and column is not None:
                raise UnreadableNumber.at(movement.place, movement.cells[column])
        return (credit or _ZERO) - (debit or _ZERO)

    def _signed(self, movement: Movement, column: int) -> Decimal:
        """Return an amount with the sign that it has, or that CR or DB gives it."""
        place, cell = movement.place, movement.cells[column]
        if is_blank(cell):
            raise MisplacedCells.at(place)
        amount, is_credit = self._figures.read(cell, place)
        side = self._columns.side
        if side is not None:
            is_credit = side_of(movement.cells[side])
        if is_credit is None and (self._columns.needs_side or side is not None):
            raise MisplacedCells.at(place)
        if is_credit is not None and amount < 0:
            raise UnreadableNumber.at(place, cell)
        return -amount if is_credit is False else amount

    def _optional(self, movement: Movement, column: int | None) -> Decimal | None:
        """Return the number in a cell; None if it is blank. A balance with DB is negative."""
        if column is None or is_blank(movement.cells[column]):
            return None
        amount, is_credit = self._figures.read(movement.cells[column], movement.place)
        return -amount if is_credit is False and column in {self._columns.balance, self._columns.before} else amount
