"""Queries for the log of messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.tables import Contact, Participant
from notification.messages.rules import Channel, EventType
from notification.queue.rules import Status
from notification.queue.search import Sought, messages_of
from notification.queue.tables import DeliveryAttempt, Notification

LogRow = Row[Notification, Contact | None, Participant | None]


@dataclass(frozen=True)
class LogFilter:
    """Which messages to list; None does not filter. `until` is not included."""

    channel: Channel | None = None
    status: Status | None = None
    event_type: EventType | None = None
    registration_id: UUID | None = None
    event_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    sought: Sought | None = None


async def list_notifications(
    session: AsyncSession, chosen: LogFilter, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[LogRow]:
    """Return messages with contact and participant, newest first.

    The page is chosen before contacts and participants are joined, so that only theirs are read.
    """
    page = _page(chosen, limit=limit, before=before).subquery("page")
    listed = _with_contact().join(page, page.c.id == Notification.id)
    return (await session.execute(listed.order_by(page.c.created_at.desc(), page.c.id.desc()))).all()


def _page(chosen: LogFilter, *, limit: int, before: tuple[datetime, UUID] | None) -> Select[UUID, datetime]:
    page = _filtered(chosen)
    order: Sequence[Any] = (Notification.created_at, Notification.id)
    if chosen.sought is not None:
        found = messages_of(chosen.sought)
        page, order = page.join(found, found.c.id == Notification.id), (found.c.created_at, found.c.id)
    if before is not None:
        page = page.where(tuple_(*order) < before)
    return page.order_by(*(each.desc() for each in order)).limit(limit)


async def find_notification(session: AsyncSession, notification_id: UUID) -> LogRow | None:
    """Return a message with contact and participant; None if there is none."""
    return (await session.execute(_with_contact().where(Notification.id == notification_id))).one_or_none()


def _with_contact() -> Select[Notification, Contact, Participant]:
    return (
        select(Notification, Contact, Participant)
        .outerjoin(Contact, Contact.registration_id == Notification.registration_id)
        .outerjoin(Participant, Participant.participant_id == Notification.participant_id)
    )


def _filtered(chosen: LogFilter) -> Select[UUID, datetime]:
    listed = select(Notification.id, Notification.created_at)
    for column in (
        Notification.channel,
        Notification.status,
        Notification.event_type,
        Notification.registration_id,
        Notification.event_id,
    ):
        wanted = getattr(chosen, column.key)
        if wanted is not None:
            listed = listed.where(column == wanted)
    if chosen.since is not None:
        listed = listed.where(Notification.created_at >= chosen.since)
    if chosen.until is not None:
        listed = listed.where(Notification.created_at < chosen.until)
    return listed


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
