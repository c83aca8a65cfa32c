"""Time as a parameter instead of a global function, so that deadlines can be tested."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]

SKEW: Final = timedelta(minutes=2)
"""Tolerated difference between the clocks of two machines."""


def utcnow() -> datetime:
    """Return the current time in UTC, with time zone."""
    return datetime.now(UTC)
