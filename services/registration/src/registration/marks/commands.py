"""Sending and handling queue marks."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import PaymentQueueMark, QueueMark
from sqlalchemy import text

from registration.marks.rules import NEVER, QueueProgress

NOBODY: Final = UUID(int=0)
"""The subject of a mark."""

_EVERY = timedelta(seconds=30)

# `sent_at > :now` keeps marks going after a clock was put back.
_SEND = text("""
    INSERT INTO queue_mark AS mark (id, sent_at) VALUES (1, :now)
    ON CONFLICT (id) DO UPDATE SET sent_at = :now
     WHERE mark.sent_at <= :long_ago OR mark.sent_at > :now OR mark.answered = mark.sent_at
    RETURNING 1
""")

_RECORD = text("""
    UPDATE queue_mark SET heard_until = :sent_at
     WHERE heard_until IS NULL OR heard_until < :sent_at OR heard_until > :now
""")

# A later answer may be earlier than the previous one, if a running transaction had not been seen then.
_RECORD_ANSWER = text("""
    UPDATE queue_mark SET answered = :sent_at, spoken_until = LEAST(:spoken_until, :sent_at)
     WHERE answered IS NULL OR answered < :sent_at OR answered > :now
""")

_PROGRESS = text("""
    SELECT CASE WHEN heard_until <= :now THEN heard_until END AS own,
           CASE WHEN answered <= :now THEN answered END AS answered,
           CASE WHEN answered <= :now THEN spoken_until END AS payment
      FROM queue_mark
""")


async def send_mark(work: UnitOfWork) -> QueueProgress:
    """Send a mark unless one is on its way; return until when events are known to have been received.

    A mark that does not come back is sent again, as a queue may have been lost.
    """
    times = {"now": work.now, "long_ago": work.now - _EVERY}
    if (await work.session.execute(_SEND, times)).first() is not None:
        work.publish(QueueMark(sent_at=work.now), subject=NOBODY)
    found = (await work.session.execute(_PROGRESS, times)).one()
    return QueueProgress(found.own or NEVER, found.answered or NEVER, found.payment or NEVER)


async def record_mark(work: UnitOfWork, mark: QueueMark) -> None:
    """Record that all events that were in the queue when this mark was sent have been handled."""
    await work.session.execute(_RECORD, {"sent_at": mark.sent_at, "now": work.now})


async def record_answer(work: UnitOfWork, answer: PaymentQueueMark) -> None:
    """Record until when payment has published its events, all of which precede this one. The newest answer counts."""
    await work.session.execute(_RECORD_ANSWER, {**answer.model_dump(), "now": work.now})
