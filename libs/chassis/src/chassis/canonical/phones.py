"""Phone numbers in E.164 digits without `+`, from the many ways in which people write them.

Without a country code a number is Indonesian: `0812…`, `812…`, `62812…`, `+62812…` and `0062812…` are the same number.
What is stored always has its country code: to read a stored number again, put a `+` before it (`819012345678` is
Japanese where it is stored, and Indonesian where it is typed).
The numbering plans of other countries come from the phonenumbers library.
"""

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from chassis.wording import Refused, Wording

INVALID_WHATSAPP: Final = Wording(
    en="Enter a WhatsApp number like 0812 3456 7890, or with its country code like +65 9123 4567.",
    id="Tulis nomor WhatsApp seperti 0812 3456 7890, atau dengan kode negara seperti +65 9123 4567.",
)
INVALID_PHONE: Final = Wording(
    en="Enter a phone number like 0812 3456 7890, or with its country code like +65 9123 4567.",
    id="Tulis nomor telepon seperti 0812 3456 7890, atau dengan kode negara seperti +65 9123 4567.",
)

_HOME: Final = "62"
# Wider than the library's plan: operators hand out new prefixes before a release of the library knows them.
_HOME_MOBILE: Final = re.compile(r"8[1-9][0-9]{7,10}")
# Nearly all numbers are typed like this.
_ORDINARY: Final = re.compile(r"(?:0|\+?62)(8[1-9][0-9]{7,10})")
_SEPARATORS: Final = re.compile(r"[\s().\-/\u2010-\u2015\u2212]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{5,20}")
_DIALLED: Final = re.compile(r"\+?[0-9]+")
# Of many countries, the United States among them, the plan does not tell mobile numbers from others.
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_ANY: Final = _MOBILE | {PhoneNumberType.FIXED_LINE, PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.VOIP}


def canonical_whatsapp(typed: str) -> str:
    """Return the digits, with country code, of a number that can have WhatsApp; an Indonesian one is a mobile number.

    Raises:
        Refused: not a valid number, or one that can be read as two.
    """
    return _canonical(typed, landline=False, refusal=INVALID_WHATSAPP)


def canonical_phone(typed: str) -> str:
    """Return the digits, with country code, of a mobile or landline number.

    Raises:
        Refused: not a valid number, or one that can be read as two.
    """
    return _canonical(typed, landline=True, refusal=INVALID_PHONE)


def digits_of(typed: str) -> str | None:
    """Return the digits of something that looks like a phone number, whether or not it is one; else None."""
    number = _plain(typed)
    return number.removeprefix("+") if _DIALLED.fullmatch(number) else None


def _canonical(typed: str, *, landline: bool, refusal: Wording) -> str:
    ordinary = _ORDINARY.fullmatch(typed)
    if ordinary:
        return _HOME + ordinary[1]
    number = _plain(typed)
    if not _NUMBER.fullmatch(number):
        raise Refused(refusal)
    found = {each for each in _readings(number) if _is_valid(each, landline=landline)}
    if len(found) != 1 or _has_a_zero_too_many(number):
        raise Refused(refusal)
    return found.pop()


def _has_a_zero_too_many(number: str) -> bool:
    """Whether an Indonesian mobile number follows `00`: read as written, it may belong to another country."""
    return number.startswith("00") and _HOME_MOBILE.fullmatch(number.lstrip("0")) is not None


def _plain(typed: str) -> str:
    """The number without separators and without the invisible characters that copying from a chat brings along."""
    if typed.isascii():
        return _SEPARATORS.sub("", typed)
    visible = "".join(char for char in unicodedata.normalize("NFKC", typed) if unicodedata.category(char) != "Cf")
    return _SEPARATORS.sub("", visible)


def _readings(number: str) -> list[str]:
    """What the number may mean, as digits with country code."""
    if number.startswith("+"):
        return [_without_trunk_zero(number[1:])]
    if number.startswith("00"):
        return [_without_trunk_zero(number[2:])]
    if number.startswith("0"):
        return [_HOME + number[1:]]
    if number.startswith("8"):
        return [_HOME + number]
    if number.startswith(_HOME):
        return [_without_trunk_zero(number)]
    return [number, _HOME + number]


def _without_trunk_zero(digits: str) -> str:
    return digits.replace(f"{_HOME}0", _HOME, 1) if digits.startswith(f"{_HOME}0") else digits


def _is_valid(digits: str, *, landline: bool) -> bool:
    if digits.startswith(_HOME):
        at_home = digits[len(_HOME) :]
        if _HOME_MOBILE.fullmatch(at_home):
            return True
        return landline and not at_home.startswith("8") and _type_of(digits) in _ANY
    # A home number behind a lone `+` is hardly ever a mobile number abroad: it is refused, not sent there.
    return not digits.startswith("0") and _type_of(digits) in (_ANY if landline else _MOBILE)


def _type_of(digits: str) -> int:
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return int(PhoneNumberType.UNKNOWN)
    canonical = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+{digits}"
    return int(phonenumbers.number_type(parsed)) if canonical else int(PhoneNumberType.UNKNOWN)
