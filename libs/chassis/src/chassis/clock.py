"""Time, passed in rather than looked up, so that deadlines can be tested."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utcnow() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
