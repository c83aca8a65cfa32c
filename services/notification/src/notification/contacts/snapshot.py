"""What notification holds true of registrations, for comparing it with what registration says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.rules import Stage
from notification.contacts.tables import Contact
from notification.queue.tables import Notification
from notification.templates.rules import EventType


@dataclass(frozen=True)
class ContactState:
    """The stage of a contact, and the payments for which a refund message exists."""

    registration_id: UUID
    stage: Stage
    refunds_told: frozenset[UUID]


async def snapshot(session: AsyncSession) -> AsyncIterator[ContactState]:
    """Every contact in the order of its registration's id, streamed."""
    query = select(Contact.registration_id, Contact.stage).order_by(Contact.registration_id)
    refunds = await _refunds_told(session)
    async for row in await session.stream(query.execution_options(yield_per=1000)):
        yield ContactState(row.registration_id, Stage(row.stage), refunds.get(row.registration_id, frozenset()))


async def _refunds_told(session: AsyncSession) -> dict[UUID, frozenset[UUID]]:
    """The payments of which a message says that they go back; there are few."""
    about = Notification.context["payment_id"].astext
    query = (
        select(Notification.registration_id, func.array_agg(about))
        .where(Notification.event_type.in_((EventType.PAYMENT_REFUND_DUE, EventType.PAYMENT_REFUND_DONE)))
        .group_by(Notification.registration_id)
    )
    return {of: frozenset(map(UUID, told)) for of, told in await session.execute(query)}
