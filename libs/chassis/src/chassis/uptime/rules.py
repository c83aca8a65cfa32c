"""When a service counts as closed, and how far its record says that it was open."""

from datetime import datetime, timedelta
from typing import Final

from chassis.clock import SKEW

BEAT_EVERY: Final = timedelta(seconds=15)

LONGEST_GAP: Final = SKEW + 2 * BEAT_EVERY
"""Between two beats of different processes while the service is open; more is an outage."""


def is_closed(open_until: datetime, now: datetime) -> bool:
    """Return whether the last beat is so old that no process of the API is open."""
    return now - open_until > LONGEST_GAP


def advanced(open_until: datetime, now: datetime) -> datetime:
    """Return `open_until` after a beat at `now`: it moves back only from where a wrong clock put it."""
    return now if open_until > now + LONGEST_GAP else max(open_until, now)
