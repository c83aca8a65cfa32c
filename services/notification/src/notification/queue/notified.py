"""Queries for messages that were sent, or may have been."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.messages.rules import EventType
from notification.queue.rules import Status
from notification.queue.tables import Notification

CORRECTED_AT: Final = "corrected_at"
"""In the context of a message with the corrected reference of a refund: when it was corrected."""

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


def refund_of(message: type[Notification]) -> ColumnElement[str]:
    """Return the id of the refund that a message is about; in messages of older releases that of its payment.

    A refund that an event caused has the id of its payment.
    """
    return func.coalesce(message.context["refund_id"].astext, message.context["payment_id"].astext)


async def is_queued(session: AsyncSession, registration_id: UUID, event_type: EventType, *, refund: str) -> bool:
    """Return whether there is a message of that type about the refund with that id."""
    queued = exists().where(
        Notification.registration_id == registration_id,
        Notification.event_type == event_type,
        refund_of(Notification) == refund,
    )
    return bool((await session.execute(select(queued))).scalar_one())
