"""Hexadecimal encoding of JSON-RPC, and its strict parsing.

Source: https://ethereum.org/developers/docs/apis/json-rpc/#hex-encoding
"""

import re
from typing import Any

from simulators.chain.errors import InvalidParams

_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)", re.ASCII | re.IGNORECASE)
_DATA = re.compile(r"0x(?:[0-9a-f]{2})*", re.ASCII | re.IGNORECASE)
WORD = 32


def data(content: bytes) -> str:
    """Return bytes as they are written in JSON."""
    return f"0x{content.hex()}"


def word(content: bytes | int) -> bytes:
    """Return 32 bytes: an address or an integer, padded on the left."""
    return content.to_bytes(WORD, "big") if isinstance(content, int) else content.rjust(WORD, b"\0")


def parse_quantity(text: Any) -> int:
    """Return an integer.

    Raises:
        InvalidParams: it is not hexadecimal, or has leading zeros.
    """
    if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
        raise InvalidParams(f"invalid hex number {text!r}")
    return int(text, 16)


def parse_data(text: Any, length: int | None = None) -> bytes:
    """Return bytes; exactly `length` of them if it is given.

    Raises:
        InvalidParams: it is not hexadecimal, or has another length.
    """
    if not isinstance(text, str) or not _DATA.fullmatch(text):
        raise InvalidParams(f"invalid hex string {text!r}")
    content = bytes.fromhex(text[2:])
    if length is not None and len(content) != length:
        raise InvalidParams(f"hex string has {len(content)} bytes, want {length}")
    return content
