"""What people type into forms of races, and the same as the API takes it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from chassis.wording import Language, Wording

from web.formats import in_zone
from web.forms import FieldError

NO_TIME: Final = Wording(
    en="Choose a day and a time, like 2027-08-17 07:00.", id="Pilih tanggal dan jam, seperti 2027-08-17 07:00."
)
NO_WHOLE_NUMBER: Final = Wording(en="Write a whole number, like 500.", id="Tulis bilangan bulat, seperti 500.")
NO_AMOUNT: Final = Wording(
    en="Write the price in rupiah, like 150.000.", id="Tulis harga dalam rupiah, seperti 150.000."
)

ValueT = TypeVar("ValueT")

_LONGEST_NUMBER: Final = 12
_GROUPED: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+(,[0-9]{2})?")
_PLAIN: Final = re.compile(r"[0-9]+([.,][0-9]{2})?")
_SECONDS: Final = re.compile(r":00$")


@dataclass
class Reading:
    """Reads the fields of a form, and collects what cannot be read.

    Attributes:
        language: of the messages.
    """

    typed: Mapping[str, str]
    language: Language
    errors: list[FieldError] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Return a text as it was typed."""
        return self.typed.get(name, "")

    def check(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return name in self.typed

    def whole(self, name: str) -> int | None:
        """Return a whole number, also with dots between thousands; None if it is empty or cannot be read."""
        return self._read(name, whole_number, NO_WHOLE_NUMBER)

    def amount(self, name: str) -> str | None:
        """Return an amount of rupiah as the API takes it; None if it is empty or cannot be read."""
        return self._read(name, amount, NO_AMOUNT)

    def moment(self, name: str, zone: str) -> str | None:
        """Return a time in a zone, with its offset; None if it is empty or cannot be read."""
        return self._read(name, lambda text: moment(text, zone), NO_TIME)

    def refuse(self, name: str, words: Wording) -> None:
        """Note that a field is wrong."""
        self.errors.append(FieldError(name, words.said(self.language)))

    def _read(self, name: str, read: Callable[[str], ValueT], words: Wording) -> ValueT | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return read(text)
        except (ValueError, OverflowError):
            self.refuse(name, words)
            return None


def whole_number(text: str) -> int:
    """Return a number that may have dots between its thousands.

    Raises:
        ValueError.
    """
    plain = text.replace(".", "") if _GROUPED.fullmatch(text) else text
    if not (plain.isascii() and plain.isdigit() and len(plain) <= _LONGEST_NUMBER):
        raise ValueError(text)
    return int(plain)


def amount(text: str) -> str:
    """Return rupiah as the API takes them: `Rp 150.000` is `150000`.

    Raises:
        ValueError.
    """
    digits = re.sub(r"\s|^[Rr][Pp]\.?", "", text)
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(".", "")
    elif not _PLAIN.fullmatch(digits):
        raise ValueError(text)
    return digits.replace(",", ".")


def moment(text: str, zone: str) -> str:
    """Return what a field for a local time has, as a time with its offset.

    Raises:
        ValueError: it is no time, or the zone is none.
    """
    local = datetime.fromisoformat(text)
    if local.tzinfo is not None:
        raise ValueError(text)
    try:
        return local.replace(tzinfo=ZoneInfo(zone)).isoformat()
    except (KeyError, OSError) as error:
        raise ValueError(zone) from error


def shown_moment(value: datetime | None, zone: str) -> str:
    """Return a time as a field for a local time has it; empty for none."""
    if value is None:
        return ""
    local = in_zone(value, zone).replace(tzinfo=None)
    return _SECONDS.sub("", local.isoformat(timespec="seconds"))


def shown_amount(value: Decimal | None) -> str:
    """Return an amount as Indonesians write it; empty for none."""
    if value is None:
        return ""
    whole = f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    return whole.removesuffix(",00")
