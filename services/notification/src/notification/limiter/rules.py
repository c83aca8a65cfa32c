"""Rate limits and pauses of senders."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notification.channels.port import Culprit

WINDOW = timedelta(seconds=60)
SKEW = timedelta(minutes=2)
"""Maximum difference between clocks; a time further ahead was written by a wrong clock."""

TEST_INTERVAL = timedelta(seconds=20)
"""Minimum time between two test messages of a channel."""

MAX_PAUSE = timedelta(hours=4)
PROBE_AFTER = 3
"""Number of failures after which a sender tries random messages: the first ones may all fail for one reason."""
_MAX_FAILURE_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Pace:
    """At least `delay` between two messages, and at most `max_per_minute` in any 60 seconds."""

    delay: timedelta
    max_per_minute: int

    @property
    def gap(self) -> timedelta:
        """Return the average time between two messages at full rate."""
        return max(self.delay, WINDOW / self.max_per_minute)


def pause_after(failures: int, *, base: timedelta) -> timedelta:
    """Return the pause after the `failures`-th consecutive failure: `base`, doubling, at most 15 minutes."""
    return min(base * int(2 ** min(failures - 1, 20)), _MAX_FAILURE_PAUSE)


def pause_when_silent(silences: int) -> timedelta:
    """Return the pause after consecutive attempts without an answer, each of which may have sent its message.

    15 minutes after the second one, when `silences` is 1, then doubling, at most 4 hours.
    """
    return min(_MAX_FAILURE_PAUSE * int(2 ** min(silences - 1, 20)), MAX_PAUSE)


def is_sender_failure(culprit: Culprit, *, others: bool, again: bool) -> bool:
    """Return whether the cause of a failure is the sender; otherwise it is the message.

    Args:
        others: the last failure was another message's, and the provider has accepted none since.
        again: the message has failed before, and the provider has accepted others since.
    """
    if culprit is Culprit.SENDER or others:
        return True
    return culprit is Culprit.EITHER and not again


@dataclass(frozen=True)
class SenderState:
    """The state of a sender.

    Attributes:
        trouble, trouble_since: reason of the latest failure of the sender, time of the first; None after a success.
        last_success_at: when the provider accepted a message last.
        last_failure_at, last_failure_reason: of the last attempt that failed, whatever the cause.
        recent: number of messages in the last minute.
    """

    last_sent_at: datetime | None
    paused_until: datetime | None
    trouble: str | None
    trouble_since: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure_reason: str | None
    recent: int
