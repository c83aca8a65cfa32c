"""Queries for the log of messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.tables import Contact, Participant
from notification.messages.rules import Channel
from notification.queue.rules import Status
from notification.queue.tables import DeliveryAttempt, Notification

LogRow = Row[Notification, Contact | None, Participant | None]


@dataclass(frozen=True)
class LogFilter:
    """Which messages to list; None does not filter."""

    channel: Channel | None = None
    status: Status | None = None
    registration_id: UUID | None = None


async def list_notifications(
    session: AsyncSession, chosen: LogFilter, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[LogRow]:
    """Return messages with contact and participant, newest first."""
    listed = (
        select(Notification, Contact, Participant)
        .outerjoin(Contact, Contact.registration_id == Notification.registration_id)
        .outerjoin(Participant, Participant.participant_id == Notification.participant_id)
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(limit)
    )
    for column in (Notification.channel, Notification.status, Notification.registration_id):
        wanted = getattr(chosen, column.key)
        if wanted is not None:
            listed = listed.where(column == wanted)
    if before is not None:
        listed = listed.where(tuple_(Notification.created_at, Notification.id) < before)
    return (await session.execute(listed)).all()


async def attempts_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[DeliveryAttempt]]:
    """Return the attempts of each message, oldest first."""
    chosen = (
        select(DeliveryAttempt)
        .where(DeliveryAttempt.notification_id.in_(ids))
        .order_by(DeliveryAttempt.started_at, DeliveryAttempt.id)
    )
    found: dict[UUID, list[DeliveryAttempt]] = {notification_id: [] for notification_id in ids}
    for attempt in (await session.execute(chosen)).scalars():
        found[attempt.notification_id].append(attempt)
    return found
