"""Canonical phone numbers: E.164 digits without `+`, parsed from the usual ways of writing them.

Without a country code a number is Indonesian: `0812…`, `812…`, `62812…`, `+62812…` and `0062812…` are the same number.
A stored number always has its country code. To parse a stored number again, put a `+` before it: `819012345678` is
Japanese as a stored number and Indonesian as a typed one. The numbering plans of other countries come from the
phonenumbers library.
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
# Wider than the library's numbering plan: operators use new prefixes before a release of the library contains them.
_HOME_MOBILE: Final = re.compile(r"8[1-9][0-9]{7,10}")
# Nearly all numbers are typed in this form.
_ORDINARY: Final = re.compile(r"(?:0|\+?62)(8[1-9][0-9]{7,10})")
_SEPARATORS: Final = re.compile(r"[\s().\-/\u2010-\u2015\u2212]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{5,20}")
_DIALLED: Final = re.compile(r"\+?[0-9]+")
# The numbering plans of many countries, such as the United States, do not tell mobile numbers from others.
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_ANY: Final = _MOBILE | {PhoneNumberType.FIXED_LINE, PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.VOIP}


def canonical_whatsapp(typed: str) -> str:
    """Return the digits, with country code, of a number that can have WhatsApp; an Indonesian one must be mobile.

    Raises:
        Refused: not a valid number, or an ambiguous one.
    """
    return _canonical(typed, landline=False, refusal=INVALID_WHATSAPP)


def canonical_phone(typed: str) -> str:
    """Return the digits, with country code, of a mobile or landline number.

    Raises:
        Refused: not a valid number, or an ambiguous one.
    """
    return _canonical(typed, landline=True, refusal=INVALID_PHONE)


def digits_of(typed: str) -> str | None:
    """Return the digits of text that looks like a phone number, valid or not; None for other text."""
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
    """Return whether an Indonesian mobile number follows `00`; as written, it may be a number of another country."""
    return number.startswith("00") and _HOME_MOBILE.fullmatch(number.lstrip("0")) is not None


def _plain(typed: str) -> str:
    """Return the number without separators and without the invisible characters that copying from a chat adds."""
    if typed.isascii():
        return _SEPARATORS.sub("", typed)
    visible = "".join(char for char in unicodedata.normalize("NFKC", typed) if unicodedata.category(char) != "Cf")
    return _SEPARATORS.sub("", visible)


def _readings(number: str) -> list[str]:
    """Return the possible meanings of the number, as digits with country code."""
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
    # An Indonesian number after a lone `+` is almost never meant as a mobile number abroad, so it is refused.
    return not digits.startswith("0") and _type_of(digits) in (_ANY if landline else _MOBILE)


def _type_of(digits: str) -> int:
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return int(PhoneNumberType.UNKNOWN)
    canonical = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+{digits}"
    return int(phonenumbers.number_type(parsed)) if canonical else int(PhoneNumberType.UNKNOWN)


def readable_phone(digits: str) -> str:
    """Return a stored number in groups of digits: an Indonesian one as dialled at home, others with `+` and country.

    Typed again, the result is the same number.
    """
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    at_home = digits.startswith(_HOME)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    shown = str(phonenumbers.format_number(number, style)).replace("-", " ")
    return shown if not at_home or shown.lstrip("(").startswith("0") else f"+{digits}"
