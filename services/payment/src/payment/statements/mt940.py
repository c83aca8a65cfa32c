"""Statements in SWIFT MT940.

Fields are split here, to know their lines and to refuse what is incomplete; the mt-940 library reads what is inside
them. Used as a whole, the library joins transactions that have no type, and reads `1.500.000,00` as 1.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from mt940.models import Transactions
from mt940.options import Options
from mt940.tags import TAG_BY_ID

from payment.statements.balances import ensure_adds_up
from payment.statements.entries import Draft, Entry, Known, Part, folded_spaces
from payment.statements.errors import SeveralAccounts, UnreadableDate, UnreadableMt940, UnreadableNumber
from payment.statements.model import Format, Place, account_number, currency_code

_CONTEXT: Final = Transactions(options=Options(reversal_sign=True, case_insensitive_marks=True))
_TAG: Final = re.compile(r":([0-9]{2}[A-Z]?|NS):")
_MESSAGE: Final = re.compile(r"^:(?:6[02][FM]?|61):", re.MULTILINE)
_FRAME: Final = re.compile(r"-\}?|\{[0-9]:.*|-\}.*")
_SUBFIELD: Final = re.compile(r"\?[0-9]{2}")
_STRUCTURED: Final = re.compile(r"[0-9]{3}\?[0-9]{2}")
_NO_REFERENCE: Final = frozenset({"", "NONREF", "NOTPROVIDED"})
_CENTS: Final = Decimal("0.01")


def is_mt940(text: str) -> bool:
    """Return whether a text has a field with a balance or a movement."""
    return _MESSAGE.search(text) is not None


def read_mt940(text: str) -> Draft:
    """Read all messages of a file, which must be of one account and follow each other.

    Raises:
        StatementDoesNotAddUp, UnreadableMt940, UnreadableNumber, UnreadableDate, SeveralAccounts, TooManyLines.
    """
    reader = _Reader()
    for field in _fields(text):
        reader.take(field)
    return reader.draft()


@dataclass(frozen=True, slots=True)
class _Field:
    tag: str
    value: str
    place: Place


def _fields(text: str) -> Iterator[_Field]:
    """Yield the fields of a file with the lines where they begin. Lines outside of messages are left out."""
    tag, lines, start = "", [""], 0
    for number, line in enumerate(text.split("\n"), start=1):
        found = _TAG.match(line)
        if tag.startswith("86") and line.strip() == "-":
            continue
        if found or _FRAME.fullmatch(line.strip()):
            if tag:
                yield _Field(tag, "\n".join(lines).strip(), Place(start))
            tag, lines, start = found[1] if found else "", [line[found.end() :] if found else ""], number
        elif line.strip():
            lines.append(line.rstrip())
    if tag:
        yield _Field(tag, "\n".join(lines).strip(), Place(start))


class _Reader:
    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._account: str | None = None
        self._currency: str | None = None
        self._entry: Entry | None = None
        self._texts: list[str] = []
        self._is_open = False
        self._place = Place(1)
        self._readers: Mapping[str, Callable[[_Field], None]] = {
            "25": self._take_account,
            "60": self._open,
            "61": self._take_line,
            "62": self._close,
            "86": self._take_text,
        }

    def take(self, field: _Field) -> None:
        """Take one field; those that say nothing about movements are ignored."""
        self._place = field.place
        reader = self._readers.get(field.tag[:2])
        if reader:
            reader(field)

    def draft(self) -> Draft:
        """Return what was taken.

        Raises:
            UnreadableMt940: the last message has no closing balance.
            StatementDoesNotAddUp.
        """
        if self._is_open or not self._parts:
            raise UnreadableMt940.at(self._place)
        for part in self._parts:
            ensure_adds_up(part)
        return Draft(Format.MT940, self._account, self._currency, self._parts)

    def _take_account(self, field: _Field) -> None:
        account = account_number(field.value)
        if self._account and account and account != self._account:
            raise SeveralAccounts.at(field.place)
        self._account = account or self._account

    def _open(self, field: _Field) -> None:
        if self._is_open:
            raise UnreadableMt940.at(field.place)
        self._parts.append(Part(opening=self._balance(field)))
        self._is_open = True

    def _close(self, field: _Field) -> None:
        if not self._is_open:
            raise UnreadableMt940.at(field.place)
        self._parts[-1].closing = self._balance(field)
        self._finish_line()
        self._is_open = False

    def _take_line(self, field: _Field) -> None:
        if not self._is_open:
            raise UnreadableMt940.at(field.place)
        self._finish_line()
        self._entry = _entry(field)
        self._parts[-1].add(self._entry)

    def _take_text(self, field: _Field) -> None:
        """Add the text of a line. After the closing balance the field is about the whole statement."""
        if self._entry:
            text = _SUBFIELD.sub(" ", field.value) if _STRUCTURED.match(field.value) else field.value
            self._texts.append(text)

    def _finish_line(self) -> None:
        if self._entry:
            self._entry.text = folded_spaces(" ".join((*self._texts, self._entry.text)))
        self._entry = None
        self._texts.clear()

    def _balance(self, field: _Field) -> Known:
        data = _inside("60F", field, whole=True)
        currency = currency_code(data["currency"])
        if currency is None:
            raise UnreadableMt940.at(field.place)
        if self._currency and currency != self._currency:
            raise SeveralAccounts.at(field.place)
        self._currency = currency
        amount = data["final_opening_balance"].amount.amount
        return Known(field.place.number, _in_cents(amount, field))


def _entry(field: _Field) -> Entry:
    data = _inside("61", field)
    day: date = data.get("entry_date") or data["date"]
    references = [data["bank_reference"] or "", data["customer_reference"] or ""]
    bank, customer = (each.strip() if each.strip().upper() not in _NO_REFERENCE else "" for each in references)
    return Entry(
        number=field.place.number,
        booked_on=date(day.year, day.month, day.day),
        amount=_in_cents(data["amount"].amount, field),
        text=folded_spaces(f"{customer} {data['extra_details'] or ''}"),
        reference=bank or customer or None,
    )


def _inside(tag: str, field: _Field, *, whole: bool = False) -> Mapping[str, Any]:
    """Return what the library reads in a field.

    Args:
        whole: the amount must end the field.

    Raises:
        UnreadableMt940, UnreadableNumber, UnreadableDate.
    """
    reader = TAG_BY_ID[int(tag) if tag.isdigit() else tag]
    # Not `reader.parse`, which logs what it cannot read: names of payers.
    found = reader.re.match(field.value)
    if not found:
        raise UnreadableMt940.at(field.place)
    rest = field.value[found.end("amount") :]
    if rest and (whole or not (rest[0].isalpha() or rest[0] == "\n")):
        raise UnreadableNumber.at(field.place, field.value[found.start("amount") :])
    try:
        return {**found.groupdict(), **reader(_CONTEXT, found.groupdict())}
    except InvalidOperation:
        raise UnreadableNumber.at(field.place, found["amount"]) from None
    except (ValueError, OverflowError):
        raise UnreadableDate.at(field.place, field.value[: found.start("amount")]) from None


def _in_cents(amount: Decimal, field: _Field) -> Decimal:
    cents = amount.quantize(_CENTS)
    if cents != amount:
        raise UnreadableNumber.at(field.place, str(amount))
    return cents
