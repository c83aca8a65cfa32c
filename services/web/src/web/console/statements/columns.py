"""Choosing the columns of a CSV that is not known: what is shown of the file, and what a person chose."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.wording import Language, Wording
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from web.forms import FieldError

MEANINGS: Final = ("date", "text", "amount", "side", "credit", "debit", "balance", "reference")
"""What a column may hold. Only descriptions may be in several."""

DATE_ORDERS: Final = ("dmy", "mdy", "ymd")
DECIMAL_MARKS: Final = (",", ".")
HEAD: Final = "head"
"""Hidden field with the beginning of the file."""

_LONGEST_CELL: Final = 60
_MOST_COLUMNS: Final = 100
_MOST_ROWS: Final = 5
_GUESSES: Final = (
    ("side", r"\b(d/?k|k/?d|db/?cr|cr/?db|dr/?cr|type|tipe|jenis)\b"),
    ("credit", r"\b(kredit|credit|masuk)\b"),
    ("debit", r"\b(debet|debit|keluar)\b"),
    ("balance", r"\b(saldo|balance)\b"),
    ("date", r"\b(tanggal|tgl|date|waktu)\b"),
    ("reference", r"\b(ref|referensi|reference|jurnal|journal)\b"),
    ("text", r"\b(keterangan|uraian|deskripsi|description|remarks?|berita|detail|rincian)\b"),
    ("amount", r"\b(jumlah|nominal|amount|mutasi|nilai)\b"),
)

_NO_DATE: Final = Wording(en="Say which column has the date.", id="Pilih kolom yang berisi tanggal.")
_NO_TEXT: Final = Wording(en="Say which column has the description.", id="Pilih kolom yang berisi keterangan.")
_NO_AMOUNT: Final = Wording(
    en="Say which column has the amount, or which has the money that came in.",
    id="Pilih kolom jumlah, atau kolom uang masuk.",
)
_TWICE: Final = Wording(
    en="Only descriptions may stand in several columns.", id="Hanya keterangan yang boleh ada di beberapa kolom."
)
_NO_NAME: Final = Wording(en="Give it a name, such as that of the bank.", id="Beri nama, misalnya nama banknya.")


class Head(BaseModel):
    """The header of a CSV and its first rows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    header: tuple[str, ...] = Field(max_length=_MOST_COLUMNS, min_length=1)
    sample: tuple[tuple[str, ...], ...] = ()

    def cells(self, column: int) -> Sequence[str]:
        """Return the first cells of a column that are not empty."""
        found = [row[column].strip()[:_LONGEST_CELL] for row in self.sample[:_MOST_ROWS] if column < len(row)]
        return [each for each in found if each]

    def kept(self) -> str:
        """Return it for the form that is sent back, with long cells cut."""
        rows = [tuple(cell[:_LONGEST_CELL] for cell in row) for row in self.sample[:_MOST_ROWS]]
        return Head(header=self.header, sample=tuple(rows)).model_dump_json()


def head_of(members: Mapping[str, Any]) -> Head | None:
    """Return the beginning of a file that a refusal names; None if it names none."""
    try:
        return Head.model_validate({"header": members.get("header"), "sample": members.get("sample") or ()})
    except ValidationError:
        return None


def head_in(values: Mapping[str, str]) -> Head | None:
    """Return the beginning of a file that a form sent back; None if there is none."""
    try:
        return Head.model_validate_json(values.get(HEAD, ""))
    except ValidationError:
        return None


def field_of(column: int) -> str:
    """Return the name of the field that says what a column holds."""
    return f"column_{column}"


def guessed(head: Head) -> Mapping[str, str]:
    """Return what the columns seem to hold, by their names; each meaning once."""
    found: dict[str, str] = {"date_order": DATE_ORDERS[0]}
    for column, name in enumerate(head.header):
        words = re.sub(r"[^a-z0-9/]+", " ", name.casefold())
        meaning = next((each for each, pattern in _GUESSES if re.search(pattern, words)), "")
        if meaning not in found.values():
            found[field_of(column)] = meaning
    return found


@dataclass(frozen=True)
class Choice:
    """What a person chose for the columns of a file."""

    head: Head
    values: Mapping[str, str]

    def columns_of(self, meaning: str) -> Sequence[int]:
        """Return the columns that hold this."""
        return [at for at in range(len(self.head.header)) if self.values.get(field_of(at)) == meaning]

    def errors(self, language: Language) -> Sequence[FieldError]:
        """Return what is missing or contradicts itself."""
        return [FieldError(name, words.said(language)) for name, words in self._problems()]

    def body(self) -> Mapping[str, Any]:
        """Return what payment stores."""
        single = {name: self.columns_of(name) for name in MEANINGS if name != "text"}
        columns = {name: found[0] for name, found in single.items() if found}
        order, mark = self.values.get("date_order", ""), self.values.get("decimal_mark", "")
        return {
            "name": self.values.get("name", ""),
            "header": list(self.head.header),
            "columns": {**columns, "text": list(self.columns_of("text"))},
            "date_order": order if order in DATE_ORDERS else DATE_ORDERS[0],
            **({"decimal_mark": mark} if mark in DECIMAL_MARKS else {}),
        }

    def _problems(self) -> Iterator[tuple[str, Wording]]:
        first = field_of(0)
        if not self.values.get("name"):
            yield "name", _NO_NAME
        if not self.columns_of("date"):
            yield first, _NO_DATE
        if not self.columns_of("text"):
            yield first, _NO_TEXT
        if not (self.columns_of("amount") or self.columns_of("credit")):
            yield first, _NO_AMOUNT
        for meaning in MEANINGS:
            found = self.columns_of(meaning)
            if meaning != "text" and len(found) > 1:
                yield field_of(found[1]), _TWICE
