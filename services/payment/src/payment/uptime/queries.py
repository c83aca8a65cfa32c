"""Reading the record of uptime."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.uptime.tables import Outage, Uptime


async def settled_until(session: AsyncSession) -> datetime | None:
    """Return the moment until which payment was open or has moved deadlines for when it was not.

    None before the first beat: nothing is known of outages then.
    """
    unsettled = select(func.min(Outage.began_at)).where(~Outage.settled).scalar_subquery()
    return (await session.execute(select(func.least(Uptime.open_until, unsettled)))).scalar_one_or_none()
