"""The order in which messages are sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.limiter.rules import SKEW
from notification.messages.rules import Channel
from notification.queue.rules import MAX_RETRY_DELAY, Priority, Status
from notification.queue.tables import Notification

_SAFETY_FACTOR = 2
"""A message goes first once its deadline is nearer than this factor times the time that the queue takes."""


async def due_queries(
    session: AsyncSession, channel: Channel, *, now: datetime, gap: timedelta, probing: bool
) -> Sequence[Select[UUID]]:
    """Return queries for due messages, to be tried in this order.

    Requested links come first, as a person waits for them. Then come messages that would miss their deadline behind all
    others, most urgent first; then all by priority and age; and at last those that failed, longest due first.

    Args:
        gap: average time between two messages.
        probing: choose a random message that has not failed: the first ones may all fail for one reason.
    """
    line, behind = _pending(channel, behind=False), _pending(channel, behind=True)
    # No delay is longer than an hour: a longer one was written by a clock that was ahead.
    elapsed, impossible = (
        Notification.next_attempt_at <= now,
        Notification.next_attempt_at > now + MAX_RETRY_DELAY + SKEW,
    )
    due = line.where(or_(elapsed, impossible))
    last = (
        behind.where(elapsed).order_by(Notification.next_attempt_at, Notification.id),
        behind.where(impossible).order_by(Notification.next_attempt_at, Notification.id),
    )
    if probing:
        return due.order_by(func.random()), *last
    count = (await session.execute(select(func.count()).select_from(line.where(elapsed).subquery()))).scalar_one()
    horizon = now + _SAFETY_FACTOR * gap * (count + 1)
    in_order = (Notification.priority, Notification.created_at, Notification.id)
    return (
        due.where(Notification.priority <= Priority.LINKS).order_by(*in_order),
        due.where(Notification.deadline <= horizon).order_by(Notification.deadline, Notification.id),
        due.order_by(*in_order),
        *last,
    )


def _pending(channel: Channel, *, behind: bool) -> Select[UUID]:
    """Return the waiting messages, those that failed or the others. Each has its own indexes."""
    side = Notification.behind if behind else ~Notification.behind
    return select(Notification.id).where(
        Notification.channel == channel.value, Notification.status == Status.PENDING, side
    )
