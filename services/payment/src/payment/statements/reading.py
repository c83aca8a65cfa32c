"""Reading a bank statement in any of the formats."""

from collections.abc import Sequence
from dataclasses import dataclass

from payment.statements.camt053 import is_camt053, is_xml, read_camt053
from payment.statements.cells import DELIMITERS, first_rows
from payment.statements.csv_statement import read_csv
from payment.statements.encodings import decode
from payment.statements.entries import Draft, finished
from payment.statements.errors import UnknownStatementFormat
from payment.statements.mapping import ColumnMapping
from payment.statements.model import Statement
from payment.statements.mt940 import is_mt940, read_mt940


def read(data: bytes, mapping: ColumnMapping | None = None, *, account: str | None = None) -> Statement:
    """Read a statement. Its format is recognised by what is in the file; the whole file must add up.

    Args:
        mapping: the columns of a CSV that is not of a known bank. It is not used if the file has another format.
        account: the account that the file is expected to be of; used for fingerprints if the file names none.

    Raises:
        One of `payment.statements.errors.REFUSALS`, and nothing else.
    """
    return finished(_draft(decode(data), mapping), account)


def _draft(text: str, mapping: ColumnMapping | None) -> Draft:
    if is_xml(text):
        if not is_camt053(text):
            raise UnknownStatementFormat
        return read_camt053(text)
    if is_mt940(text):
        return read_mt940(text)
    return read_csv(text, mapping)


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a CSV, from which a person chooses the columns."""

    delimiter: str
    rows: Sequence[Sequence[str]]


def sample(data: bytes) -> Sample:
    """Return the first rows of a CSV with the delimiter that gives the most cells.

    Raises:
        NotPlainText, UnreadableText, UnknownStatementFormat: the file is XML or MT940.
    """
    text = decode(data)
    if is_xml(text) or is_mt940(text):
        raise UnknownStatementFormat
    samples = [Sample(each, [row.cells for row in first_rows(text, each)]) for each in DELIMITERS]
    return max(samples, key=lambda found: sum(map(len, found.rows)))
