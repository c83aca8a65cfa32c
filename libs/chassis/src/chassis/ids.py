"""Ids of rows that are stored in large numbers."""

import secrets
import time
from uuid import UUID

_VERSION, _VARIANT = 0x7 << 76, 0x2 << 62
_SUB_MILLISECOND_BITS, _RANDOM_BITS = 12, 62


def new_id() -> UUID:
    """Return a UUID of version 7 (RFC 9562, 5.7): the time in milliseconds, then 74 random bits.

    It cannot be guessed, and new ones are adjacent in an index: the index pages that a registration changes are few and
    in memory, however many ids exist.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(_SUB_MILLISECOND_BITS + _RANDOM_BITS)
    high = random >> _RANDOM_BITS
    low = random & ((1 << _RANDOM_BITS) - 1)
    return UUID(int=milliseconds << 80 | _VERSION | high << 64 | _VARIANT | low)
