"""Time, passed in rather than looked up, so that deadlines can be tested."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]

SKEW: Final = timedelta(minutes=2)
"""By how much the clocks of two machines may differ without anybody losing anything."""


def utcnow() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
