"""Addresses as the channels want them."""

from email.errors import MessageError
from email.headerregistry import Address

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

_HOME = "ID"
_LONGEST_ADDRESS = 254


class InvalidAddress(ValueError):
    """Nobody can be reached under this."""


def whatsapp_number(typed: str) -> str:
    """The number as digits with country code: 0812… and 812… are Indonesian, 62812… and 60123… say their country.

    Raises:
        InvalidAddress
    """
    for candidate, region in _readings(typed):
        number = _parsed(candidate, region)
        if number is not None:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")
    raise InvalidAddress("not a phone number")


def _readings(typed: str) -> list[tuple[str, str | None]]:
    abroad, at_home = (f"+{typed.removeprefix('+')}", None), (typed, _HOME)
    # No country code starts with 0. Many write an Indonesian mobile number from the 8 on; +81, +82, … come second.
    if typed.startswith("0"):
        return [at_home]
    return [at_home, abroad] if typed.startswith("8") else [abroad]


def _parsed(number: str, region: str | None) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


def mail_address(typed: str) -> str:
    """The address with its domain in ASCII.

    Raises:
        InvalidAddress: not an address, or its local part needs an extension that mail servers may not have.
    """
    local, _, domain = typed.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
        address.encode("ascii")
        Address(addr_spec=address)
    except (ValueError, MessageError, IndexError):  # IndexError: how the parser meets some fragments
        raise InvalidAddress("not an e-mail address") from None
    if not local or not domain or len(address) > _LONGEST_ADDRESS or any(char.isspace() for char in address):
        raise InvalidAddress("not an e-mail address")
    return address
