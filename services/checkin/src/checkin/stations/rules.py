"""What a desk is, which PINs are too easy, and how many tries there are."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

MOST_FAILURES: Final = 10
"""Wrong PINs in a row that lock a station."""

_DIGITS: Final = "0123456789"
_RUNS: Final = (_DIGITS * 2, (_DIGITS * 2)[::-1])
_FAVOURITES: Final = frozenset(
    {"112233", "332211", "123321", "654456", "159753", "147258", "258147", "789456", "456123", "987123", "102030"}
)


def is_guessable(pin: str) -> bool:
    """Whether a PIN is among the first anyone tries: one digit, a pattern repeated, a run up or down, a favourite."""
    repeated = any(pin == pin[:size] * (len(pin) // size) for size in (1, 2, 3))
    return repeated or any(pin in run for run in _RUNS) or pin in _FAVOURITES


@dataclass(frozen=True)
class Desk:
    """A device that works at an open station."""

    device_id: UUID
    station_id: UUID
    station_name: str
    location_name: str
