"""The text of a QRIS code: its fields, its checksum, and the amount of an invoice put into it.

A code is a sequence of fields: a tag of two digits, the length of the value in characters as two digits, the value.
Source: EMVCo, QR Code Specification for Payment Systems, Merchant-Presented Mode, with the tags that QRIS uses.
"""

import hashlib
import re
from binascii import crc_hqx
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from chassis.wording import Refused, Wording

LONGEST: Final = 512
"""Maximum length of a code in characters."""

_FORMAT, _INITIATION, _NATIONAL, _CURRENCY, _AMOUNT = "00", "01", "51", "53", "54"
_COUNTRY, _NAME, _CITY, _ADDITIONAL, _CHECKSUM = "58", "59", "60", "62", "63"
_TIPS: Final = frozenset({"55", "56", "57"})
_STATIC, _DYNAMIC = "11", "12"
_NATIONAL_NAME: Final = "ID.CO.QRIS.WWW"
_BILL_NUMBER: Final = "01"
_LONGEST_BILL_NUMBER: Final = 25
_LONGEST_VALUE: Final = 99
_LONGEST_AMOUNT: Final = 13
_HEAD: Final = re.compile(r"[0-9]{4}")
_CRC: Final = re.compile(r"[0-9A-Fa-f]{4}")


class CodeRefused(Refused):
    """A code, or an amount for it, is refused. The wording says what would be right."""

    WORDING: ClassVar[Wording]

    def __init__(self) -> None:
        super().__init__(self.WORDING)


class MalformedCode(CodeRefused):
    """The text is not a QRIS code: its fields do not add up, or one that every code has is missing."""

    WORDING = Wording(
        en="The QR code is not a QRIS code. Choose the picture of QRIS from your bank or payment provider.",
        id="Kode QR ini bukan kode QRIS. Pilih gambar QRIS dari bank atau penyedia pembayaran Anda.",
    )


class WrongChecksum(CodeRefused):
    """The checksum does not match: the text was changed or damaged."""

    WORDING = Wording(
        en="The QRIS code is damaged: its check digits do not match. Ask your bank for the picture again.",
        id="Kode QRIS ini rusak: angka pengecekannya tidak cocok. Minta lagi gambarnya kepada bank Anda.",
    )


class OtherCountry(CodeRefused):
    """The code is of another country."""

    WORDING = Wording(
        en="The code is of another country. QRIS of Indonesia is needed.",
        id="Kode ini dari negara lain. Yang diperlukan adalah QRIS Indonesia.",
    )


class OtherCurrency(CodeRefused):
    """The code is for another currency."""

    WORDING = Wording(
        en="The code is for another currency. A code for rupiah is needed.",
        id="Kode ini untuk mata uang lain. Yang diperlukan adalah kode untuk rupiah.",
    )


class AlreadyDynamic(CodeRefused):
    """The code is for one payment."""

    WORDING = Wording(
        en="The QRIS code is for one payment. Choose the static code of your account, which stays the same.",
        id="Kode QRIS ini untuk satu pembayaran. Pilih kode statis rekening Anda, yang selalu sama.",
    )


class SeveralCodes(CodeRefused):
    """A picture has more than one QRIS code."""

    WORDING = Wording(
        en="The picture has more than one QRIS code. Choose a picture with your own code only.",
        id="Gambar ini berisi lebih dari satu kode QRIS. Pilih gambar yang hanya berisi kode Anda sendiri.",
    )


class WrongAmount(CodeRefused):
    """The amount cannot be written into a code."""

    WORDING = Wording(
        en="The amount must be above zero, with at most two decimals and 13 characters.",
        id="Jumlahnya harus di atas nol, paling banyak dua angka desimal dan 13 karakter.",
    )


@dataclass(frozen=True)
class Code:
    """A QRIS code.

    Attributes:
        payload: the whole text.
        fields: values by tag, in the order of the text.
    """

    payload: str
    fields: Mapping[str, str]

    @property
    def merchant(self) -> str:
        """Return the name of the merchant, as payment apps show it."""
        return self.fields[_NAME].strip()

    @property
    def city(self) -> str:
        """Return the city of the merchant."""
        return self.fields[_CITY].strip()

    @property
    def nmid(self) -> str | None:
        """Return the National Merchant ID; None if the code has none."""
        national = _nested(self.fields.get(_NATIONAL, "")) or {}
        is_qris = national.get("00", "").upper() == _NATIONAL_NAME
        return (national.get("02", "").strip() or None) if is_qris else None

    @property
    def is_dynamic(self) -> bool:
        """Return whether the code is for one payment."""
        return self.fields.get(_INITIATION) == _DYNAMIC

    @property
    def sha256(self) -> str:
        """Return the SHA-256 (hex) of the text."""
        return hashlib.sha256(self.payload.encode()).hexdigest()

    @property
    def problem(self) -> CodeRefused | None:
        """Return why no payment app will accept the code in Indonesia; None if it is right."""
        if self.fields[_CHECKSUM].upper() != checksum(self.payload[: -len(self.fields[_CHECKSUM])]):
            return WrongChecksum()
        if self.fields.get(_COUNTRY) != "ID":
            return OtherCountry()
        return OtherCurrency() if self.fields.get(_CURRENCY) != "360" else None

    @property
    def obstacle(self) -> CodeRefused | None:
        """Return why no amount can be put into the code; None if it can."""
        return self.problem or (AlreadyDynamic() if self.is_dynamic else None)


def parse(payload: str) -> Code:
    """Return the code of a text. Whether checksum, country and currency are right tells `Code.problem`.

    Raises:
        MalformedCode: the fields do not add up, one occurs twice, or one that every code has is missing.
    """
    if len(payload) > LONGEST or not payload.isprintable():
        raise MalformedCode
    fields = _fields(payload)
    tags = list(fields)
    if tags[:1] != [_FORMAT] or tags[-1] != _CHECKSUM or not _is_whole(fields):
        raise MalformedCode
    return Code(payload, fields)


def _is_whole(fields: Mapping[str, str]) -> bool:
    return (
        fields[_FORMAT] == "01"
        and fields.get(_INITIATION, _STATIC) in (_STATIC, _DYNAMIC)
        and any("02" <= tag <= _NATIONAL for tag in fields)
        and all(fields.get(tag, "").strip() for tag in (_NAME, _CITY))
        and _CRC.fullmatch(fields[_CHECKSUM]) is not None
    )


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        head = text[position : position + 4]
        if not _HEAD.fullmatch(head):
            raise MalformedCode
        tag, start = head[:2], position + len(head)
        position = start + int(head[2:])
        # Of a field that occurs twice, a payment app might show another one than we do.
        if position > len(text) or tag in found:
            raise MalformedCode
        found[tag] = text[start:position]
    return found


def _nested(text: str) -> dict[str, str] | None:
    """Return the fields inside a value; None if it has no fields."""
    try:
        return _fields(text)
    except MalformedCode:
        return None


def checksum(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE of a text in UTF-8, as four upper-case hex digits.

    Of a code, the text is all that precedes the four digits at its end.
    """
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def the_code(texts: Iterable[str]) -> Code | None:
    """Return the QRIS code among the texts of the QR codes of a picture; None if there is none.

    A damaged or foreign one is returned only if there is no other.

    Raises:
        SeveralCodes: the texts have more than one QRIS code.
    """
    codes = [code for code in map(_parsed, dict.fromkeys(texts)) if code is not None]
    chosen: Sequence[Code] = [code for code in codes if code.problem is None] or codes
    if len(chosen) > 1:
        raise SeveralCodes
    return chosen[0] if chosen else None


def _parsed(text: str) -> Code | None:
    try:
        return parse(text)
    except MalformedCode:
        return None


def with_amount(code: Code, amount: Decimal, reference: str | None = None) -> str:
    """Return the text of a code that pays exactly `amount`: a dynamic one, without the fields of a tip.

    Args:
        code: the static code of the organiser.
        amount: in rupiah.
        reference: a bill number, left out if it does not fit. Acquirers need not pass it on.

    Raises:
        WrongChecksum, OtherCountry, OtherCurrency, AlreadyDynamic: of the code.
        WrongAmount.
    """
    if code.obstacle is not None:
        raise code.obstacle
    fields = {tag: value for tag, value in code.fields.items() if tag not in {*_TIPS, _CHECKSUM}}
    fields = _put(fields, _INITIATION, _DYNAMIC)
    fields = _put(fields, _AMOUNT, _written(amount))
    additional = _with_bill_number(fields.get(_ADDITIONAL, ""), reference)
    if additional:
        fields = _put(fields, _ADDITIONAL, additional)
    text = f"{_joined(fields)}{_CHECKSUM}04"
    return text + checksum(text)


def _written(amount: Decimal) -> str:
    """Return the amount in digits, without decimals if it is whole.

    Raises:
        WrongAmount.
    """
    if not amount.is_finite() or amount <= 0 or amount.adjusted() >= _LONGEST_AMOUNT:
        raise WrongAmount
    text = f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"
    if Decimal(text) != amount or len(text) > _LONGEST_AMOUNT:
        raise WrongAmount
    return text


def _with_bill_number(additional: str, reference: str | None) -> str:
    """Return the additional data with `reference` as bill number; unchanged if that does not fit."""
    fields = _nested(additional)
    if fields is None or not reference or len(reference) > _LONGEST_BILL_NUMBER or not _is_plain(reference):
        return additional
    longer = _joined(_put(fields, _BILL_NUMBER, reference))
    return longer if len(longer) <= _LONGEST_VALUE else additional


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _put(fields: Mapping[str, str], tag: str, value: str) -> dict[str, str]:
    """Return the fields with a value in its place: that of the tag, or before the first higher tag."""
    if tag in fields:
        return {**fields, tag: value}
    rows = list(fields.items())
    place = next((index for index, (each, _) in enumerate(rows) if each > tag), len(rows))
    return dict([*rows[:place], (tag, value), *rows[place:]])


def _joined(fields: Mapping[str, str]) -> str:
    return "".join(f"{tag}{len(value):02d}{value}" for tag, value in fields.items())
