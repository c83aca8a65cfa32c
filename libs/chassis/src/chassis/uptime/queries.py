"""Reading the record of uptime."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.uptime.tables import UptimeRecord


async def open_until(session: AsyncSession, record: UptimeRecord) -> datetime | None:
    """Return the last moment at which the service was open; None before the first beat."""
    return (await session.execute(select(record.uptime.open_until))).scalar_one_or_none()
