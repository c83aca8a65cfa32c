"""Reading a bank statement in any of the formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from payment.statements.camt053 import is_camt053, is_xml, read_camt053
from payment.statements.cells import DELIMITERS, first_rows, trimmed
from payment.statements.csv_statement import read_csv
from payment.statements.dates import DateOrder, parse_date
from payment.statements.encodings import decode
from payment.statements.entries import Draft, finished
from payment.statements.errors import UnknownStatementFormat
from payment.statements.mapping import MOST_COLUMNS, ColumnMapping, header_key
from payment.statements.model import Statement
from payment.statements.mt940 import is_mt940, read_mt940
from payment.statements.numbers import figure


def read(
    data: bytes,
    mapping: ColumnMapping | None = None,
    *,
    account: str | None = None,
    usual_account: str | None = None,
    latest: date = date.max,
) -> Statement:
    """Read a statement. Its format is recognised by what is in the file; the whole file must add up.

    Args:
        mapping: the columns of a CSV that is not of a known bank. It is not used if the file has another format.
        account: the account that the file is expected to be of; used for fingerprints if the file names none.
        usual_account: used for fingerprints if neither the file nor `account` names one.
        latest: the last day that a line may have.

    Raises:
        One of `payment.statements.errors.REFUSALS`, and nothing else.
    """
    draft = _draft(decode(data), mapping)
    return finished(draft, account or (usual_account if draft.account is None else None), latest=latest)


def _draft(text: str, mapping: ColumnMapping | None) -> Draft:
    if is_xml(text):
        if not is_camt053(text):
            raise UnknownStatementFormat
        return read_camt053(text)
    if is_mt940(text):
        return read_mt940(text)
    return read_csv(text, mapping)


def mapping_of(data: bytes, mappings: Sequence[ColumnMapping]) -> ColumnMapping | None:
    """Return the mapping whose header is among the first rows of a CSV; None if there is none.

    Raises:
        NotPlainText, UnreadableText, UnknownStatementFormat.
    """
    text = decode(data)
    if is_xml(text) or is_mt940(text):
        return None
    by_key = {header_key(each.header): each for each in mappings}
    keys = (header_key(row.cells) for delimiter in DELIMITERS for row in first_rows(text, delimiter))
    return next((by_key[key] for key in keys if key in by_key), None)


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a CSV, from which a person chooses the columns.

    Attributes:
        header: the names of the columns; empty if there is no row in front of the first movement.
        rows: that follow the header, at most `SHOWN`.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


SHOWN: Final = 5
_FEWEST_COLUMNS: Final = 3
_LONGEST_CELL: Final = 200


def sample(data: bytes) -> Sample | None:
    """Return the beginning of a CSV that is of no known bank; None if it is no table of at least three columns.

    Raises:
        NotPlainText, UnreadableText, UnknownStatementFormat: the file is empty.
    """
    text = decode(data)
    if is_xml(text) or is_mt940(text):
        return None
    tables = [[trimmed(row.cells) for row in first_rows(text, delimiter)] for delimiter in DELIMITERS]
    rows = [row for row in max(tables, key=lambda found: sum(map(len, found))) if len(row) >= _FEWEST_COLUMNS]
    if not rows:
        return None
    first = next((index for index, row in enumerate(rows) if _is_movement(row)), 1)
    shown = [_cut(row) for row in rows[first : first + SHOWN]]
    header = _cut(rows[first - 1]) if first else []
    missing = max(map(len, shown), default=0) - len(header)
    return Sample(header + [""] * missing if header else header, shown)


def _is_movement(row: Sequence[str]) -> bool:
    """Return whether cells look like a movement: a date, and a number that is none."""
    dates = [cell for cell in row if any(parse_date(cell, order, None) is not None for order in DateOrder)]
    return bool(dates) and any(figure(cell) for cell in row if cell not in dates)


def _cut(row: Sequence[str]) -> list[str]:
    return [cell.strip()[:_LONGEST_CELL] for cell in row[:MOST_COLUMNS]]
