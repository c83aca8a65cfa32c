"""Which column of a CSV holds what: chosen by a person for a bank that is not known here, or by a preset."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chassis.errors import InvalidFields
from chassis.wording import Wording

from payment.statements.dates import DateOrder
from payment.statements.model import Format
from payment.statements.numbers import DecimalMark

MOST_COLUMNS: Final = 100

_AMOUNT: Final = Wording(
    en="Choose either the column with the amount, or the one with credits and, if there is one, the one with debits.",
    id="Pilih kolom jumlah, atau kolom kredit dan, jika ada, kolom debet.",
)
_TEXT: Final = Wording(
    en="Choose at least one column with the description.", id="Pilih paling sedikit satu kolom keterangan."
)
_OUTSIDE: Final = Wording(
    en=f"Choose columns that the header has, counted from 0, at most {MOST_COLUMNS - 1}.",
    id=f"Pilih kolom yang ada pada judul, dihitung dari 0, paling besar {MOST_COLUMNS - 1}.",
)
_TWICE: Final = Wording(en="Choose each column for one thing only.", id="Pilih tiap kolom untuk satu hal saja.")
_NO_MARK: Final = Wording(
    en="A column with CR and DB belongs to a column with the amount.", id="Kolom CR dan DB memerlukan kolom jumlah."
)

_WORDS: Final = re.compile(r"[a-z0-9]+")


def folded_name(cell: str) -> str:
    """Return the name of a column without case and punctuation: `Tgl. Val.` and `TGL_VAL` are `tgl val`."""
    return " ".join(_WORDS.findall(cell.casefold()))


def header_key(cells: Sequence[str]) -> str:
    """Return what headers have in common that differ in case, punctuation and empty cells at the end only."""
    return "\x1f".join(_without_end([folded_name(cell) for cell in cells]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """The columns of a CSV, counted from 0.

    Attributes:
        header: the names in the file's header, compared without case and punctuation; empty if it has no header.
        text: columns with descriptions, joined in this order.
        better_text: replaces `text` in lines where it is not empty.
        amount: signed, or with CR or DB in its cell or in `side`.
        side: CR or DB of `amount`.
        before: the balance before the line.
        usual_mark: used only if no number of the file proves its decimal mark.
        is_text_unquoted: the bank does not quote commas in `text`, so cells too many belong to it.
        needs_side: an amount without CR or DB is refused.

    Raises:
        InvalidFields: the choice is incomplete or contradicts itself.
    """

    format: Format = Format.MAPPED_CSV
    header: tuple[str, ...]
    date: int
    text: tuple[int, ...]
    amount: int | None = None
    side: int | None = None
    credit: int | None = None
    debit: int | None = None
    balance: int | None = None
    before: int | None = None
    better_text: int | None = None
    reference: int | None = None
    account: int | None = None
    currency: int | None = None
    date_order: DateOrder = DateOrder.DAY_FIRST
    usual_mark: DecimalMark = DecimalMark.POINT
    is_text_unquoted: bool = False
    needs_side: bool = False

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InvalidFields(*problems)

    @property
    def width(self) -> int:
        """Return how many cells a line has, or at least needs if there is no header."""
        return len(self.header) or 1 + max(self._columns())

    @property
    def figures(self) -> Sequence[int]:
        """Return the columns with amounts and balances."""
        found = (self.amount, self.credit, self.debit, self.balance, self.before)
        return [each for each in found if each is not None]

    @property
    def nameless(self) -> Sequence[int]:
        """Return the columns without a name that hold nothing."""
        used = frozenset(self._columns())
        return [each for each, name in enumerate(self.header) if each not in used and not folded_name(name)]

    @property
    def fewest_cells(self) -> int:
        """Return how many cells a line needs, also empty ones, so that amounts cannot have shifted unseen.

        Where balances show that, none is needed.
        """
        return 0 if self.balance is not None or not self.header else 1 + max(self.figures)

    def is_header(self, cells: Sequence[str]) -> bool:
        """Return whether cells are the header, apart from empty ones at its end."""
        return bool(self.header) and header_key(cells) == header_key(self.header)

    def _columns(self) -> Sequence[int]:
        single = (self.date, self.side, self.better_text, self.reference, self.account, self.currency)
        return [*(each for each in single if each is not None), *self.text, *self.figures]

    def _problems(self) -> Iterator[tuple[str, Wording]]:
        if (self.amount is None) == (self.credit is None) or (self.amount is not None and self.debit is not None):
            yield "amount", _AMOUNT
        if self.side is not None and self.amount is None:
            yield "side", _NO_MARK
        if not self.text:
            yield "text", _TEXT
        columns = self._columns()
        most = len(self.header) or MOST_COLUMNS
        if any(not 0 <= each < most for each in columns):
            yield "header", _OUTSIDE
        if len(set(columns)) < len(columns):
            yield "date", _TWICE


def _without_end(names: list[str]) -> list[str]:
    """Return names without empty ones at the end."""
    end = next((index for index in range(len(names), 0, -1) if names[index - 1]), 0)
    return names[:end]
