"""How fast a sender may send."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Pace:
    """At least `delay` between two messages, and at most `max_per_minute` in any 60 seconds."""

    delay: timedelta
    max_per_minute: int


def pause_after(troubles: int, *, base: timedelta) -> timedelta:
    """How long a sender rests after its `troubles`-th trouble in a row: doubling, 15 minutes at most."""
    return min(base * int(2 ** min(troubles - 1, 20)), _LONGEST_PAUSE)


@dataclass(frozen=True)
class SenderState:
    """How a sender is doing. `trouble` is the reason of the latest one it has not recovered from."""

    last_sent_at: datetime | None
    paused_until: datetime | None
    trouble: str | None
    trouble_since: datetime | None
