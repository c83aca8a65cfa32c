"""Amounts as banks write them: `150.123,00`, `150,123.00`, `150123`, with `Rp`, signs, and marks of debit or credit."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_CURRENCY: Final = re.compile(r"(?:RP|IDR)\.?", re.IGNORECASE)
_MARK: Final = re.compile(r"(?<=[\d)\s])(CR|DB|DR|K|D|C)\.?$", re.IGNORECASE)
_DEBIT_MARKS: Final = frozenset({"DB", "DR", "D"})
_PLAIN: Final = re.compile(r"\d+(?:[.,]\d{1,2})?")
_GROUPED: Final = re.compile(r"[1-9]\d{0,2}(?P<by>[.,' ])\d{3}(?:(?P=by)\d{3})*(?:(?!(?P=by))[.,]\d{1,2})?")
_DECIMALS: Final = re.compile(r"[.,](\d{1,2})$")
_MOST_DIGITS: Final = 14


@dataclass(frozen=True)
class BankAmount:
    """An amount of a line. `is_debit`: the money left the account."""

    value: Decimal
    is_debit: bool = False


def bank_amount(text: str) -> BankAmount | None:
    """Return the amount that a text says; None if it says none, or one that could be read in two ways.

    A separator before exactly three digits stands for thousands: no bank writes a tenth of a cent.
    """
    bare = _CURRENCY.sub("", " ".join(text.split())).strip()
    mark = _MARK.search(bare)
    bare = bare[: mark.start()].strip() if mark else bare
    is_debit, bare = _without_sign(bare)
    value = _value(bare.strip())
    if value is None:
        return None
    return BankAmount(value, is_debit or (mark is not None and mark[1].upper() in _DEBIT_MARKS))


def _without_sign(text: str) -> tuple[bool, str]:
    if text.startswith("(") and text.endswith(")"):
        return True, text[1:-1]
    for sign in ("-", "\N{MINUS SIGN}"):
        if text.startswith(sign) or text.endswith(sign):
            return True, text.strip(sign)
    return False, text.removeprefix("+")


def _value(text: str) -> Decimal | None:
    if not text.isascii() or len(text) > 2 * _MOST_DIGITS or not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        return None
    decimals = _DECIMALS.search(text)
    whole = re.sub(r"\D", "", text[: decimals.start()] if decimals else text)
    if len(whole) > _MOST_DIGITS:
        return None
    return Decimal(f"{whole}.{decimals[1].ljust(2, '0') if decimals else '00'}")
