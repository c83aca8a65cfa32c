"""Queries for messages that were sent, or may have been."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.messages.rules import EventType
from notification.queue.rules import Status
from notification.queue.tables import Notification

_NOT_NOTIFIED = (Status.PENDING, Status.SKIPPED, Status.FAILED)


async def last_notified(session: AsyncSession, registration_id: UUID, among: Collection[EventType]) -> EventType | None:
    """Return the type of the last message among `among` that was or may have been sent; None if there is none."""
    notified = (
        select(Notification.event_type)
        .where(
            Notification.registration_id == registration_id,
            Notification.event_type.in_(among),
            Notification.status.not_in(_NOT_NOTIFIED),
        )
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(1)
    )
    found = (await session.execute(notified)).scalar_one_or_none()
    return None if found is None else EventType(found)


async def is_queued(session: AsyncSession, registration_id: UUID, event_type: EventType, *, payment_id: UUID) -> bool:
    """Return whether there is a message of that type about that payment."""
    queued = exists().where(
        Notification.registration_id == registration_id,
        Notification.event_type == event_type,
        Notification.context["payment_id"].astext == str(payment_id),
    )
    return bool((await session.execute(select(queued))).scalar_one())
