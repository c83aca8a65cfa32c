"""Which events are still on their way out, whom events are about, and how far others were heard."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from chassis.tables import OUTBOX_QUEUE

NEVER: Final = datetime.fromtimestamp(0, UTC)

_IN_TOUCH = timedelta(minutes=5)

SUBJECT = """substring(convert_from(payload, 'UTF8') from '"subject" ?: ?"([0-9a-f-]{36})"')"""
"""SQL for the subject of the event in `payload`, as text; null where it has none that could be an id.

The text is not cast to json or uuid: one malformed event would fail the whole query.
"""


def unsent(event_type: str) -> str:
    """A query for the subjects, as text `id`, of the events of a type that wait in the outbox."""
    return f"""
        SELECT {SUBJECT} AS id FROM outbox
         WHERE queue = '{OUTBOX_QUEUE}' AND convert_from(payload, 'UTF8') LIKE '%"type":"{event_type}"%'
    """  # noqa: S608  # constants of ours


@dataclass(frozen=True)
class Heard:
    """How far events have been heard.

    Args:
        own: the moment until which the own queue has been heard.
        answered: when the newest mark was sent that payment has answered.
        payment: the moment until which payment has spoken.
    """

    own: datetime = NEVER
    answered: datetime = NEVER
    payment: datetime = NEVER


@dataclass
class Rounds:
    """What is known from one round of a job to the next.

    What came just before a mark may still be under way when the mark is back, so it counts from the next round on. An
    answer that takes back what was said before counts at once.
    """

    counts: Heard = field(default_factory=Heard)
    _newest: Heard = field(default_factory=Heard)
    _in_touch_since: datetime | None = None

    def note(self, heard: Heard, now: datetime) -> None:
        """Begin a round with what has been heard by now."""
        last, self._newest = self._newest, heard
        self.counts = Heard(
            min(last.own, heard.own), min(last.answered, heard.answered), min(last.payment, heard.payment)
        )
        in_touch = heard.answered > now - _IN_TOUCH
        self._in_touch_since = (self._in_touch_since or now) if in_touch else None

    def in_touch_for(self, time: timedelta, now: datetime) -> bool:
        """Return whether payment has answered marks for so long without a break."""
        return self._in_touch_since is not None and self._in_touch_since <= now - time
