"""Queries for events that were sent."""

from collections import Counter

from sqlalchemy import text

from chassis.database import Database
from chassis.sent_events.partitions import periods
from chassis.sent_events.rules import Period

_COUNT = text("SELECT type, count(*) FROM sent_events WHERE sent_at >= :since AND sent_at < :until GROUP BY type")


async def count_sent(database: Database, period: Period) -> Counter[str]:
    """Return the number of events that the service sent in the period, by type.

    Each day is counted by a statement of its own, as one for all may run into its limit of time.
    """
    counts = Counter[str]()
    async with database.read() as session:
        for day in await periods(session):
            within = {"since": max(day.start, period.start), "until": min(day.end, period.end)}
            for event_type, count in await session.execute(_COUNT, within):
                counts[event_type] += count
    return counts
