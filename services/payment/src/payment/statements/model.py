"""A statement as read, whatever its format."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from chassis.wording import Wording


class Format(StrEnum):
    """The formats that are read. CSV is recognised by its header, or by the columns that a person chose."""

    BCA_CSV = "bca_csv"
    BCA_PREVIEW_CSV = "bca_preview_csv"
    MANDIRI_CSV = "mandiri_csv"
    MANDIRI_MCM_CSV = "mandiri_mcm_csv"
    MANDIRI_TABLE_CSV = "mandiri_table_csv"
    BRI_CSV = "bri_csv"
    BNI_CSV = "bni_csv"
    BNI_DIRECT_CSV = "bni_direct_csv"
    MAPPED_CSV = "mapped_csv"
    MT940 = "mt940"
    CAMT053 = "camt053"


class Unit(StrEnum):
    """What the numbers of places count: lines of the file, or entries (`Ntry`) of CAMT.053, which may be one line."""

    LINE = "line"
    ENTRY = "entry"


_UNITS: Final = {Unit.LINE: Wording(en="line", id="baris"), Unit.ENTRY: Wording(en="entry", id="entri")}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file, counted from 1."""

    number: int
    unit: Unit = Unit.LINE

    @property
    def wording(self) -> Wording:
        """Return the place as in `line 12`."""
        unit = _UNITS[self.unit]
        return Wording(en=f"{unit.en} {self.number}", id=f"{unit.id} {self.number}")


@dataclass(frozen=True, slots=True)
class Line:
    """A booked movement of the account.

    Attributes:
        number: the line of the file where it begins; in CAMT.053 the number of its entry, which several lines share if
            the entry is a batch.
        amount: with two decimals; money that came in is positive. Never zero.
        text: what the bank says about it, with single spaces.
        reference: the bank's reference; None if the format has none.
        balance: of the account after this line; None if the file does not say.
        fingerprint: equal for the same line in another file of the same format, different for every other line.
    """

    number: int
    booked_on: date
    amount: Decimal
    text: str
    reference: str | None
    balance: Decimal | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Statement:
    """The booked lines of one account, in the order of the file, which adds up as far as it has balances.

    Attributes:
        account: letters and digits only; None if neither the file nor the caller named it.
        currency: ISO 4217; IDR if the file names none.
        opening: the balance before the first line in time; None if the file does not say.
        closing: the balance after the last line in time, of pending ones too if the bank counts them; None if the file
            has no balances.
        pending: number of lines that the bank has not booked yet; they are not in `lines`.
    """

    format: Format
    account: str | None
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    lines: tuple[Line, ...]
    pending: int

    @property
    def has_balances(self) -> bool:
        """Return whether the lines were checked against balances. Without `opening`, the first amount was not."""
        return self.closing is not None


RUPIAH: Final = "IDR"
_LONGEST_ACCOUNT: Final = 35
_APART: Final = re.compile(r"[^0-9A-Za-z]+")
_WITH_CURRENCY: Final = re.compile(r"([0-9]+)[A-Z]{3}")
_ROUNDED: Final = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)


def account_number(written: str) -> str | None:
    """Return an account's letters and digits, without the bank before a slash and the currency after the number.

    None: there is no number, or a spreadsheet rounded it, as in `3.84801E+14`.
    """
    if _ROUNDED.search(written):
        return None
    account = _APART.sub("", written.rsplit("/", 1)[-1]).upper()
    named = _WITH_CURRENCY.fullmatch(account)
    account = named[1] if named else account
    return account if any(map(str.isdigit, account)) and len(account) <= _LONGEST_ACCOUNT else None


def currency_code(written: str) -> str | None:
    """Return the ISO 4217 code that a bank wrote, such as IDR for `Rp`; None if it is none."""
    code = written.strip(" .'").upper()
    if code in {"RP", "RUPIAH"}:
        return RUPIAH
    return code if re.fullmatch("[A-Z]{3}", code) else None
