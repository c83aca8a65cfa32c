"""Amounts of money as banks write them.

Whether `150.000` is a hundred and fifty thousand cannot be told from one cell. The decimal mark is decided from all
amounts and balances of a file; a file in which they contradict each other is refused.
"""

import re
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from payment.statements.errors import MixedDecimalMarks, UnreadableNumber
from payment.statements.model import Place


class DecimalMark(StrEnum):
    """The mark before the decimals; the other one separates thousands."""

    POINT = "."
    COMMA = ","

    @property
    def other(self) -> "DecimalMark":
        """Return the mark between thousands."""
        return DecimalMark.COMMA if self is DecimalMark.POINT else DecimalMark.POINT


_MARKS: Final = tuple(DecimalMark)


class Figure(NamedTuple):
    """A cell with a number: its digits with marks, a minus sign, and whether it is a credit; None without CR or DB."""

    digits: str
    negative: bool
    credit: bool | None


_FIGURE: Final = re.compile(
    r"'?(?P<sign>[-+]?) ?(?:rp\.?|idr)? ?(?P<minus>-?) ?(?P<digits>[0-9][0-9.,]*|[.,][0-9]+) ?(?P<after>-?)"
    r" ?(?P<side>cr|db|dr|c|d|k|kredit|credit|debit|debet)?\.?",
    re.IGNORECASE,
)
_CREDITS: Final = frozenset({"cr", "c", "k", "kredit", "credit"})
_DEBITS: Final = frozenset({"db", "dr", "d", "debit", "debet"})
_BLANK: Final = frozenset({"", "-", "'", "rp", "rp -"})
_MOST_DIGITS: Final = 15
_THOUSAND: Final = 3
_KEPT_CELLS: Final = 4096
"""Cells of which the number is kept, as prices repeat in thousands of lines."""


def is_blank(cell: str) -> bool:
    """Return whether a cell says that there is no amount."""
    return " ".join(cell.split()).lower() in _BLANK


def side_of(cell: str) -> bool | None:
    """Return whether a cell says credit (True) or debit (False), as in `CR`, `DB` or `K`; None if neither."""
    word = cell.strip(" .'\t").lower()
    return True if word in _CREDITS else False if word in _DEBITS else None


@lru_cache(maxsize=_KEPT_CELLS)
def figure(cell: str) -> Figure | None:
    """Return the number in a cell such as `Rp 150.123,00`, `-1,500.00` or `287,490.00 DB`; None if it is none."""
    found = _FIGURE.fullmatch(" ".join(cell.split()))
    if not found:
        return None
    signs = found.group("sign", "minus", "after").count("-")
    return Figure(found["digits"], signs == 1, side_of(found["side"] or "")) if signs <= 1 else None


@lru_cache(maxsize=_KEPT_CELLS)
def proven_mark(digits: str) -> DecimalMark | None:
    """Return the decimal mark that a number proves by itself; None if it could have either.

    With both marks the last one is it. A mark that repeats separates thousands. Another number of digits than three
    after a single mark are decimals.
    """
    last = max(_MARKS, key=digits.rfind)
    if last not in digits:
        return None
    if last.other in digits:
        return last
    if digits.count(last) > 1:
        return last.other
    whole, _, rest = digits.partition(last)
    is_undecided = len(rest) == _THOUSAND and 1 <= len(whole) <= _THOUSAND
    return None if is_undecided else last


@lru_cache(maxsize=_KEPT_CELLS)
def value(digits: str, mark: DecimalMark) -> Decimal | None:
    """Return the number with two decimals; None if its groups are not thousands, or it has more than two decimals."""
    whole, _, decimals = digits.partition(mark)
    first, *groups = whole.split(mark.other)
    if not (decimals.isdigit() or not decimals) or len(decimals) > len("00"):
        return None
    if groups and not (1 <= len(first) <= _THOUSAND and all(len(group) == _THOUSAND for group in groups)):
        return None
    joined = "".join((first, *groups))
    if len(joined) > _MOST_DIGITS:
        return None
    return Decimal(f"{joined or '0'}.{decimals:0<2}")


class Column:
    """The amounts and balances of one file. Show it all of them, then ask for their values.

    Args:
        usual: the mark to use if no number of the file proves one.
    """

    def __init__(self, usual: DecimalMark) -> None:
        self._usual = usual
        self._proofs: dict[DecimalMark, Place] = {}

    @property
    def mark(self) -> DecimalMark:
        """Return the decimal mark of the file."""
        return next(iter(self._proofs), self._usual)

    def see(self, cell: str, place: Place) -> None:
        """Note which mark the number in a cell proves. A cell without a number says nothing.

        Raises:
            MixedDecimalMarks: another cell proves the other mark.
        """
        found = figure(cell)
        mark = proven_mark(found.digits) if found else None
        if mark is None:
            return
        if mark.other in self._proofs:
            raise MixedDecimalMarks.at(place, cell, other=self._proofs[mark.other])
        self._proofs.setdefault(mark, place)

    def read(self, cell: str, place: Place) -> tuple[Decimal, bool | None]:
        """Return the number in a cell, and whether the cell says that it is a credit; None if it does not say.

        Raises:
            UnreadableNumber.
        """
        found = figure(cell)
        number = value(found.digits, self.mark) if found else None
        if found is None or number is None:
            raise UnreadableNumber.at(place, cell)
        return (-number if found.negative else number), found.credit
