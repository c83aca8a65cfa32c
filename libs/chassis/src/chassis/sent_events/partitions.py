"""The partitions of `sent_events`: one for each day, made ahead and dropped when they are old.

The service's login may not create or drop tables: functions of the tables' owner do (`chassis.migrations.sent_events`).
"""

from collections.abc import Sequence
from typing import Final

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database
from chassis.sent_events.rules import Period, gapless

DAYS_AHEAD: Final = Gauge(
    "startline_sent_events_days_ahead",
    "Days after today for which sent events can be kept; -1 if they cannot be kept now",
    ["service"],
)

_MAKE = text("SELECT make_sent_events_partitions()")
_DROP = text("SELECT drop_sent_events_partitions(:days)")

# The bounds are read in the notation in which the server writes them.
_PERIODS = text("""
    SELECT CAST(bounds[1] AS timestamptz), CAST(bounds[2] AS timestamptz)
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid,
           regexp_match(pg_get_expr(relpartbound, inhrelid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') AS bounds
     WHERE inhparent = to_regclass('public.sent_events')
""")


async def keep_partitions(database: Database, *, days: int) -> None:
    """Make the partitions of the next days, drop those of events sent more than `days` days ago, and set the gauge.

    Two transactions: one that has to wait too long for the lock that a drop needs leaves the new ones in place.
    """
    try:
        async with database.work() as work:
            await work.session.execute(_MAKE)
        async with database.work() as work:
            await work.session.execute(_DROP, {"days": days})
    finally:
        DAYS_AHEAD.labels(database.service).set(await days_ahead(database))


async def days_ahead(database: Database) -> int:
    """Return the days after today, in UTC, for which there are partitions without a gap; -1 if none is for now."""
    async with database.read() as session:
        now = await database.server_time(session)
        kept = gapless(await periods(session), now)
    return -1 if kept is None else (kept.end.date() - now.date()).days - 1


async def periods(session: AsyncSession) -> Sequence[Period]:
    """Return the periods of the partitions."""
    return [Period(*row) for row in (await session.execute(_PERIODS)).all()]
