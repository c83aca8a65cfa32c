"""Addresses of EVM accounts: 20 bytes, written in hexadecimal with a checksum in the letter cases (EIP-55)."""

import re
from typing import Final, NewType

from Crypto.Hash import keccak as _keccak

Address = NewType("Address", bytes)
"""The 20 raw bytes of an address."""

ADDRESS_BYTES: Final = 20
_WRITTEN: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_UPPER_FROM: Final = 8


class NotAnAddress(ValueError):
    """The text or the bytes are not an address. The message does not contain them, as a key may have been pasted."""

    def __init__(self) -> None:
        super().__init__("not an address of an EVM network")


def keccak(data: bytes) -> bytes:
    """Return the Keccak-256 digest of `data`, which differs from SHA3-256 by its padding."""
    return _keccak.new(digest_bits=256, data=data).digest()


def checksum(address: bytes) -> str:
    """Return an address as text, with the letter cases of EIP-55.

    Raises:
        NotAnAddress: it is not 20 bytes.
    """
    if len(address) != ADDRESS_BYTES:
        raise NotAnAddress
    digits = address.hex()
    nibbles = keccak(digits.encode()).hex()
    cased = (
        digit.upper() if int(nibble, 16) >= _UPPER_FROM else digit
        for digit, nibble in zip(digits, nibbles, strict=False)
    )
    return f"0x{''.join(cased)}"


def parse_address(text: str) -> Address:
    """Return the address that `text` is: `0x` and 40 digits, with letters in one case or with the checksum of EIP-55.

    Raises:
        NotAnAddress: it has another form, or its letters are in both cases and the checksum is wrong.
    """
    if not _WRITTEN.fullmatch(text):
        raise NotAnAddress
    digits = text[2:]
    address = Address(bytes.fromhex(digits))
    if digits not in (digits.lower(), digits.upper()) and text != checksum(address):
        raise NotAnAddress
    return address
