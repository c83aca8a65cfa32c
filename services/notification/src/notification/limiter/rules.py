"""How fast a sender may send."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notification.channels.port import Culprit

WINDOW = timedelta(seconds=60)
SKEW = timedelta(seconds=60)
"""How far the clocks of two processes may be apart; a moment that lies further ahead was noted by a wrong clock."""

MAX_PAUSE = timedelta(hours=4)
PROBE_AFTER = 3
"""From how many troubles on a rested sender tries any message: the next ones may all be of one troubled kind."""
_MAX_FAILURE_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Pace:
    """At least `delay` between two messages, and at most `max_per_minute` in any 60 seconds."""

    delay: timedelta
    max_per_minute: int

    @property
    def gap(self) -> timedelta:
        """How far apart messages leave in the long run."""
        return max(self.delay, WINDOW / self.max_per_minute)


def pause_after(troubles: int, *, base: timedelta) -> timedelta:
    """How long a sender rests after its `troubles`-th trouble in a row: doubling, 15 minutes at most."""
    return min(base * int(2 ** min(troubles - 1, 20)), _MAX_FAILURE_PAUSE)


def pause_when_silent(silences: int) -> timedelta:
    """How long a sender rests whose provider takes messages and never says so: each further try costs a message.

    A quarter of an hour after the second in a row, when `silences` is 1, then doubling, 4 hours at most.
    """
    return min(_MAX_FAILURE_PAUSE * int(2 ** min(silences - 1, 20)), MAX_PAUSE)


def is_sender_failure(culprit: Culprit, *, others: bool, again: bool) -> bool:
    """Return whether trouble that a message met is its sender's; else it is the message's own.

    Args:
        others: the last trouble was another message's, and the provider took none since.
        again: the message met trouble before, and the provider took others since.
    """
    if culprit is Culprit.SENDER or others:
        return True
    return culprit is Culprit.EITHER and not again


@dataclass(frozen=True)
class SenderState:
    """How a sender is doing. `trouble` is the reason of the latest one it has not recovered from."""

    last_sent_at: datetime | None
    paused_until: datetime | None
    trouble: str | None
    trouble_since: datetime | None
