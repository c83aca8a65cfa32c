"""Sending and receiving queue marks."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import QueueMark
from sqlalchemy import text

NOBODY: Final = UUID(int=0)
"""What a mark is about."""

_EVERY = timedelta(seconds=30)

# A clock that was put back must not stop the marks until it is as late again.
_SEND = text("""
    INSERT INTO queue_mark AS mark (id, sent_at) VALUES (1, :now)
    ON CONFLICT (id) DO UPDATE SET sent_at = :now
     WHERE mark.sent_at <= :long_ago OR mark.sent_at > :now OR mark.heard_until = mark.sent_at
    RETURNING 1
""")

_HEAR = text("""
    UPDATE queue_mark SET heard_until = :sent_at
     WHERE heard_until IS NULL OR heard_until < :sent_at OR heard_until > :now
""")

_HEARD = text("SELECT heard_until FROM queue_mark WHERE heard_until <= :now")


async def send_mark(work: UnitOfWork) -> datetime | None:
    """Send a mark unless one is on its way; return until when the queue is known to have been heard, None for never.

    A mark that does not come back is sent again: a queue may have been lost.
    """
    times = {"now": work.now, "long_ago": work.now - _EVERY}
    if (await work.session.execute(_SEND, times)).first() is not None:
        work.publish(QueueMark(sent_at=work.now), subject=NOBODY)
    heard: datetime | None = (await work.session.execute(_HEARD, times)).scalar_one_or_none()
    return heard


async def hear_mark(work: UnitOfWork, mark: QueueMark) -> None:
    """All that was in the queue when this mark was sent has been taken in."""
    await work.session.execute(_HEAR, {"sent_at": mark.sent_at, "now": work.now})
