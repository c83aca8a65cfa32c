"""Which message goes next."""

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
"""How often over a message has the time that the line before it takes, when all goes well, before it goes first."""


async def due_queries(
    session: AsyncSession, channel: Channel, *, now: datetime, gap: timedelta, probing: bool
) -> Sequence[Select[UUID]]:
    """Return queries for what is due, the one whose first message goes next first.

    Links go first: a person waits for them. Then goes what would miss its deadline behind all that is due, most urgent
    first, then everything by its priority and age, and at last what met trouble, longest due first.

    Args:
        gap: how far apart messages leave.
        probing: try any message that met no trouble: the first ones in line may all be of one troubled kind.
    """
    line, behind = _pending(channel, behind=False), _pending(channel, behind=True)
    # No wait is longer than an hour: a longer one was noted by a clock that was ahead.
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
    """Each of the two is in indexes of its own: the line is not read past those behind it."""
    side = Notification.behind if behind else ~Notification.behind
    return select(Notification.id).where(
        Notification.channel == channel.value, Notification.status == Status.PENDING, side
    )
