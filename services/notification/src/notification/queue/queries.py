"""Looking at the queue, which is the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, Select, func, not_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from notification.channels.port import Channel
from notification.contacts.rules import Stage
from notification.contacts.tables import Contact, Participant
from notification.limiter.tables import SenderRow
from notification.queue.rules import RETRYABLE, Status
from notification.queue.tables import DeliveryAttempt, Notification
from notification.queue.truth import untrue
from notification.templates.rules import EventType

_STUCK_AFTER = timedelta(hours=1)

# As the partial index has it.
_UNREADABLE = text("unreadable <> '{}'")

LogRow = Row[Notification, Contact | None, Participant | None]


@dataclass(frozen=True)
class LogFilter:
    """Which messages to list; None does not narrow."""

    channel: Channel | None = None
    status: Status | None = None
    registration_id: UUID | None = None


async def list_notifications(
    session: AsyncSession, chosen: LogFilter, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[LogRow]:
    """Messages with whom they are for, newest first."""
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
    """The attempts of each message, first one first."""
    chosen = (
        select(DeliveryAttempt)
        .where(DeliveryAttempt.notification_id.in_(ids))
        .order_by(DeliveryAttempt.started_at, DeliveryAttempt.id)
    )
    found: dict[UUID, list[DeliveryAttempt]] = {notification_id: [] for notification_id in ids}
    for attempt in (await session.execute(chosen)).scalars():
        found[attempt.notification_id].append(attempt)
    return found


@dataclass(frozen=True)
class Snapshot:
    """How the queue is doing.

    `stuck` counts sends whose lease is over, and what waits while its sender, which is not switched off, has been in
    trouble for more than an hour, or tried nothing for so long although it was due: a long line that moves is not
    stuck. `given_up` counts, by status, what failed or may not have arrived and is still worth sending, `troubled`
    names the channels in trouble and until when they rest. `undelivered_tickets` counts e-tickets of confirmed runners
    that have left on no channel, `unreadable_contacts` runners with an address that has no canonical form, so that
    nothing can be sent to it.
    """

    by_status: dict[str, int]
    stuck: int
    given_up: dict[str, int]
    troubled: dict[str, datetime | None]
    undelivered_tickets: int
    unreadable_contacts: int


async def snapshot(session: AsyncSession) -> Snapshot:
    """Counts for whoever looks after the platform."""
    counted = select(Notification.status, func.count().label("number")).group_by(Notification.status)
    by_status = {row.status: row.number for row in await session.execute(counted)}
    long_ago = func.now() - _STUCK_AFTER
    idle = func.coalesce(SenderRow.last_sent_at, long_ago) <= long_ago
    late = (idle & (Notification.next_attempt_at < long_ago)) | (SenderRow.trouble_since <= long_ago)
    overdue = (Notification.status == Status.PENDING) & SenderRow.enabled & late
    abandoned = (Notification.status == Status.SENDING) & (Notification.leased_until < func.now())
    return Snapshot(
        by_status={status.value: by_status.get(status, 0) for status in Status},
        stuck=await _count(session, _with_sender().where(overdue | abandoned)),
        given_up=await _given_up(session),
        troubled=await _troubled(session),
        undelivered_tickets=await _count(session, _undelivered_tickets()),
        unreadable_contacts=await _count(session, select(Participant.participant_id).where(_UNREADABLE)),
    )


async def _given_up(session: AsyncSession) -> dict[str, int]:
    now = (await session.execute(select(func.now()))).scalar_one()
    still_true = (Notification.status.in_(RETRYABLE), not_(await untrue(session, now=now)))
    counted = select(Notification.status, func.count().label("number")).where(*still_true)
    return {row.status: row.number for row in await session.execute(counted.group_by(Notification.status))}


async def _troubled(session: AsyncSession) -> dict[str, datetime | None]:
    troubled = select(SenderRow).where(SenderRow.enabled, SenderRow.troubles > 0).order_by(SenderRow.channel)
    return {sender.channel: sender.paused_until for sender in (await session.execute(troubled)).scalars()}


def _with_sender() -> Select[UUID]:
    return select(Notification.id).join(SenderRow, SenderRow.channel == Notification.channel)


def _undelivered_tickets() -> Select[UUID]:
    left = (
        (Notification.participant_id == Participant.participant_id)
        & (Notification.event_type == EventType.REGISTRATION_CONFIRMED)
        & Notification.status.in_((Status.SENT, Status.DELIVERED))
    )
    return (
        select(Participant.participant_id)
        .join(Contact, Contact.registration_id == Participant.registration_id)
        .where(Contact.stage == Stage.CONFIRMED, Participant.ticket_code.is_not(None))
        .where(~select(Notification.id).where(left).exists())
    )


async def _count(session: AsyncSession, rows: Select[UUID]) -> int:
    return (await session.execute(select(func.count()).select_from(rows.subquery()))).scalar_one()
