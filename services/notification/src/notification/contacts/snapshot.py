"""What notification holds true of registrations, for comparing it with what registration says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.rules import Stage
from notification.contacts.tables import Contact


@dataclass(frozen=True)
class ContactState:
    """How far a registration has come, as notification heard."""

    registration_id: UUID
    stage: Stage


async def snapshot(session: AsyncSession) -> AsyncIterator[ContactState]:
    """Every contact in the order of its registration's id, streamed."""
    query = select(Contact.registration_id, Contact.stage).order_by(Contact.registration_id)
    async for row in await session.stream(query.execution_options(yield_per=1000)):
        yield ContactState(row.registration_id, Stage(row.stage))
