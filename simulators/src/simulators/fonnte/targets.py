"""Recipients of messages: Fonnte's fields `target` and `countryCode`."""

import re
from dataclasses import dataclass

DEFAULT_COUNTRY_CODE = "62"
_PUNCTUATION = re.compile(r"[\s+().-]")
_NUMBER = re.compile(r"[0-9]{8,15}", re.ASCII)
_GROUP = re.compile(r"[0-9-]+@g\.us", re.ASCII)


class InvalidTarget(ValueError):
    """Not a phone number or group id."""


@dataclass(frozen=True, slots=True)
class Target:
    """One recipient with the values that personalise its message: `{name}`, then `{var1}`, `{var2}`, …"""

    number: str
    values: tuple[str, ...] = ()

    def personalise(self, text: str) -> str:
        names = ["name", *(f"var{index}" for index in range(1, len(self.values)))]
        for name, value in zip(names, self.values, strict=False):
            text = text.replace(f"{{{name}}}", value)
        return text


def parse_targets(field: str, country_code: str = DEFAULT_COUNTRY_CODE) -> list[Target]:
    """Parse `number|name|var1,number|…`.

    Raises:
        InvalidTarget: a recipient is not valid, or none is given.
    """
    entries = [entry.strip() for entry in field.split(",") if entry.strip()]
    if not entries:
        raise InvalidTarget(field)
    return [_parse(entry, country_code) for entry in entries]


def normalise(number: str, country_code: str = DEFAULT_COUNTRY_CODE) -> str:
    """Return the digits with the country code in place of a leading 0; code "0" leaves the number unchanged.

    Raises:
        InvalidTarget.
    """
    number = number.strip()
    if _GROUP.fullmatch(number):
        return number
    digits = _PUNCTUATION.sub("", number)
    if country_code != "0" and digits.startswith("0"):
        digits = country_code + digits[1:]
    if not _NUMBER.fullmatch(digits):
        raise InvalidTarget(number)
    return digits


def _parse(entry: str, country_code: str) -> Target:
    number, *values = entry.split("|")
    return Target(normalise(number, country_code), tuple(values))
