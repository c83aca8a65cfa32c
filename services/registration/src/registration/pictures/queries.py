"""Reading what an upload needs to know before its body is read."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.errors import UnknownEvent
from registration.catalog.tables import Race


async def require_event(session: AsyncSession, event_id: UUID) -> None:
    """Check that there is such an event.

    Raises:
        UnknownEvent.
    """
    if (await session.execute(select(Race.id).where(Race.id == event_id))).first() is None:
        raise UnknownEvent
