"""Which message goes next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.channels.port import Channel
from notification.limiter.rules import SKEW
from notification.queue.rules import LONGEST_WAIT, Priority, Status
from notification.queue.tables import Notification

_RESERVE = 2
"""How often over a message has the time that the line before it takes, when all goes well, before it goes first."""


async def turns(
    session: AsyncSession, channel: Channel, *, now: datetime, gap: timedelta, probing: bool
) -> Sequence[Select[UUID]]:
    """Return queries for what is due, the one whose first message goes next first.

    Links go first: a person waits for them. Then goes what would miss its deadline behind all that is due, most urgent
    first, then everything by its priority and age, and at last what met trouble.

    Args:
        gap: how far apart messages leave.
        probing: try any message that met no trouble: the first ones in line may all be of one troubled kind.
    """
    due = _due(channel, now=now)
    count = (await session.execute(select(func.count()).select_from(due.subquery()))).scalar_one()
    horizon = now + _RESERVE * gap * (count + 1)
    unhindered = due.where(~Notification.behind)
    in_order = (Notification.priority, Notification.created_at, Notification.id)
    if probing:
        return unhindered.order_by(func.random()), due.order_by(Notification.next_attempt_at, Notification.id)
    return (
        unhindered.where(Notification.priority <= Priority.LINKS).order_by(*in_order),
        unhindered.where(Notification.deadline <= horizon).order_by(Notification.deadline, Notification.id),
        unhindered.order_by(*in_order),
        due.order_by(Notification.next_attempt_at, Notification.id),
    )


def _due(channel: Channel, *, now: datetime) -> Select[UUID]:
    """No wait is longer than an hour: a longer one was noted by a clock that was ahead."""
    latest = now + LONGEST_WAIT + SKEW
    turn = or_(Notification.next_attempt_at <= now, Notification.next_attempt_at > latest)
    return select(Notification.id).where(
        Notification.channel == channel.value, Notification.status == Status.PENDING, turn
    )
