"""How much each channel sends, and how much waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.messages.rules import Channel
from notification.queue.rules import WAITING
from notification.queue.tables import Notification

MOST_COUNTED = 100_000
"""Waiting messages that are counted at most; there are more if this is the count."""


@dataclass(frozen=True)
class Throughput:
    """Messages sent in the last hour and day, and messages that wait, `MOST_COUNTED` at most."""

    sent_last_hour: int
    sent_last_day: int
    waiting: int


async def throughput(session: AsyncSession, channel: Channel, *, now: datetime) -> Throughput:
    """Return the counts of a channel. What was sent is counted in an index over the day alone."""
    of_channel = Notification.channel == channel.value
    day, hour = now - timedelta(days=1), now - timedelta(hours=1)
    sent = select(func.count(), func.count().filter(Notification.sent_at > hour)).where(
        of_channel, Notification.sent_at > day
    )
    last_day, last_hour = (await session.execute(sent)).one()
    waiting = select(Notification.id).where(of_channel, Notification.status.in_(WAITING)).limit(MOST_COUNTED)
    counted = select(func.count()).select_from(waiting.subquery())
    return Throughput(last_hour, last_day, (await session.execute(counted)).scalar_one())
