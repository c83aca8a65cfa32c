"""What the lines above and below the table of a CSV say: account, currency, period, balances and totals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payment.statements.cells import Row
from payment.statements.dates import Period, period_of
from payment.statements.entries import Known
from payment.statements.model import Place, account_number, currency_code
from payment.statements.numbers import Column, figure

_LABELS: Final = {
    "account": r"no(?:mor)?\.? ?rek(?:ening)?|norek|account (?:no|number)",
    "currency": r"(?:kode )?mata uang|currency",
    "period": r"periode?",
    "opening": r"saldo awal|(?:starting|beginning|opening) balance",
    "closing": r"saldo akhir|(?:ending|closing) balance",
    "credits": r"(?:total )?mutasi kredit|total (?:kredit|credits?)|credit mutations?",
    "debits": r"(?:total )?mutasi deb[ei]t|total deb[ei]ts?|debit mutations?",
    "sum": r"(?:grand )?total(?=\W*$)",
    "other": r"nama|name|informasi rekening|halaman|page",
}
_LABEL: Final = re.compile(
    "(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _LABELS.items()) + r")\b[\s:=.]*", re.IGNORECASE
)
_FIGURES: Final = frozenset({"opening", "closing", "credits", "debits"})


@dataclass(frozen=True, slots=True)
class _Stated:
    cell: str
    place: Place


class Details:
    """Collects labelled values, such as `Saldo Awal : 1,000.00` or `Mata Uang,=,IDR`.

    Pages may repeat them: the first value counts, of the closing balance and the totals the last.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._figures: dict[str, _Stated] = {}

    def take(self, row: Row) -> str | None:
        """Keep what a row says; return its kind of label, or None if it has none."""
        cells = [cell.strip(" '\t\n") for cell in row.cells]
        first = next((index for index, cell in enumerate(cells) if cell), None)
        found = _LABEL.match(cells[first]) if first is not None else None
        if first is None or not found or not found.lastgroup:
            return None
        values = [cells[first][found.end() :], *cells[first + 1 :]]
        self._keep(found.lastgroup, values, Place(row.number))
        return found.lastgroup

    def take_balance(self, place: Place, text: str, cell: str) -> bool:
        """Keep the balance of a row whose text says `Saldo Awal`; return whether it is such a row."""
        found = _LABEL.match(text.strip(" '\t"))
        if not found or found.lastgroup not in {"opening", "closing"}:
            return False
        self._keep(found.lastgroup, [cell], place)
        return True

    def _keep(self, name: str, values: Sequence[str], place: Place) -> None:
        if name in _FIGURES:
            stated = next((value for value in values if figure(value)), None)
            if stated and (name != "opening" or name not in self._figures):
                self._figures[name] = _Stated(stated, place)
        else:
            text = " ".join(value for value in values if value and value != "=")
            self._texts.setdefault(name, text)

    def show(self, column: Column) -> None:
        """Show the balances and totals to the column that decides the decimal mark.

        Raises:
            MixedDecimalMarks.
        """
        for stated in self._figures.values():
            column.see(stated.cell, stated.place)

    def known(self, name: str, column: Column) -> Known | None:
        """Return `opening`, `closing`, `credits` or `debits` as stated; None if they are not.

        Raises:
            UnreadableNumber.
        """
        stated = self._figures.get(name)
        return Known(stated.place.number, column.read(stated.cell, stated.place)[0]) if stated else None

    @property
    def account(self) -> str | None:
        """Return the account's letters and digits, or None."""
        return account_number(self._texts.get("account", ""))

    @property
    def currency(self) -> str | None:
        """Return the ISO 4217 code, or None."""
        return currency_code(self._texts.get("currency", ""))

    @property
    def period(self) -> Period | None:
        """Return the first and last day, or None."""
        return period_of(self._texts.get("period", ""))
