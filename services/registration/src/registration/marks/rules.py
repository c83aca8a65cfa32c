"""Unpublished events, subjects of events, and how far events have been received."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from chassis.tables import OUTBOX_QUEUE

NEVER: Final = datetime.fromtimestamp(0, UTC)

_IN_TOUCH = timedelta(minutes=5)

SUBJECT = """substring(convert_from(payload, 'UTF8') from '"subject" ?: ?"([0-9a-f-]{36})"')"""
"""SQL of the subject of the event in `payload`, as text; null if it has none that could be an id.

The text is not cast to json or uuid: one malformed event would fail the whole query.
"""


def unsent(event_type: str) -> str:
    """Return a query for the subjects, as text `id`, of the events of a type that wait in the outbox."""
    return f"""
        SELECT {SUBJECT} AS id FROM outbox
         WHERE queue = '{OUTBOX_QUEUE}' AND convert_from(payload, 'UTF8') LIKE '%"type":"{event_type}"%'
    """  # noqa: S608  # only constants are inserted


@dataclass(frozen=True)
class QueueProgress:
    """How far events have been received.

    Args:
        own: the time until which the own queue has been processed.
        answered: the sending time of the newest mark that payment has answered.
        payment: the time until which payment's events have been published.
    """

    own: datetime = NEVER
    answered: datetime = NEVER
    payment: datetime = NEVER


@dataclass
class Rounds:
    """State kept between two runs of a job.

    An event sent just before a mark may still be in progress when the mark has come back, so a mark counts from the
    next run on. An answer that is earlier than the previous one counts at once.
    """

    counts: QueueProgress = field(default_factory=QueueProgress)
    _newest: QueueProgress = field(default_factory=QueueProgress)
    _in_touch_since: datetime | None = None

    def note(self, progress: QueueProgress, now: datetime) -> None:
        """Store the progress at the beginning of a run. `counts` becomes the earlier of this and the last run's."""
        last, self._newest = self._newest, progress
        self.counts = QueueProgress(
            min(last.own, progress.own), min(last.answered, progress.answered), min(last.payment, progress.payment)
        )
        in_touch = progress.answered > now - _IN_TOUCH
        self._in_touch_since = (self._in_touch_since or now) if in_touch else None

    def in_touch_for(self, time: timedelta, now: datetime) -> bool:
        """Return whether payment has answered marks for that long without a break."""
        return self._in_touch_since is not None and self._in_touch_since <= now - time
