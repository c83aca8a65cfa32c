"""The state of contacts and of the message queue, for comparison with the other services (`startline doctor`)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, not_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.rules import BEFORE_AN_OFFER, Stage
from notification.contacts.tables import Contact, Participant
from notification.limiter.tables import SenderRow
from notification.messages.rules import EventType
from notification.queue.rules import RETRYABLE, Status
from notification.queue.tables import Notification
from notification.queue.validity import is_outdated

_STUCK_AFTER = timedelta(hours=1)

# The condition of the partial index.
_UNREADABLE = text("unreadable <> '{}'")


@dataclass(frozen=True)
class ContactState:
    """The stage and the deadline of a contact, and the payments with a refund message."""

    registration_id: UUID
    stage: Stage
    expires_at: datetime
    notified_refunds: frozenset[UUID]


async def snapshot(session: AsyncSession) -> AsyncIterator[ContactState]:
    """Stream the state of every contact, ordered by registration id."""
    query = select(Contact.registration_id, Contact.stage, Contact.expires_at).order_by(Contact.registration_id)
    refunds = await _notified_refunds(session)
    async for row in await session.stream(query.execution_options(yield_per=1000)):
        notified = refunds.get(row.registration_id, frozenset())
        yield ContactState(row.registration_id, Stage(row.stage), row.expires_at, notified)


async def open_offers(session: AsyncSession) -> Sequence[UUID]:
    """Return the ids of the waiting-list entries whose offer is open, as far as notification knows."""
    is_open = (Contact.stage == Stage.WAITING, Contact.revision > BEFORE_AN_OFFER)
    return (await session.execute(select(Contact.registration_id).where(*is_open))).scalars().all()


async def _notified_refunds(session: AsyncSession) -> dict[UUID, frozenset[UUID]]:
    """Return the payments with a refund message, by registration. There are few."""
    about = Notification.context["payment_id"].astext
    query = (
        select(Notification.registration_id, func.array_agg(about))
        .where(Notification.event_type.in_((EventType.PAYMENT_REFUND_DUE, EventType.PAYMENT_REFUND_DONE)))
        .group_by(Notification.registration_id)
    )
    return {of: frozenset(map(UUID, notified)) for of, notified in await session.execute(query)}


@dataclass(frozen=True)
class QueueState:
    """The state of the queue.

    Attributes:
        by_status: number of messages per status.
        stuck: messages being sent whose lease has ended, and waiting messages of an enabled sender that has failed for
            more than an hour or has not tried for so long although they were due. A long queue that moves is not stuck.
        given_up: number, by status, of messages that failed or may not have arrived and are still worth sending.
        troubled: channels whose sender fails, and until when they are paused.
        undelivered_tickets: e-tickets of confirmed participants that were sent on no channel.
        unreadable_contacts: participants with an address that has no canonical form, so that nothing can be sent to it.
    """

    by_status: dict[str, int]
    stuck: int
    given_up: dict[str, int]
    troubled: dict[str, datetime | None]
    undelivered_tickets: int
    unreadable_contacts: int


async def queue_state(session: AsyncSession) -> QueueState:
    """Return the state of the queue."""
    counted = select(Notification.status, func.count().label("number")).group_by(Notification.status)
    by_status = {row.status: row.number for row in await session.execute(counted)}
    long_ago = func.now() - _STUCK_AFTER
    idle = func.coalesce(SenderRow.last_sent_at, long_ago) <= long_ago
    late = (idle & (Notification.next_attempt_at < long_ago)) | (SenderRow.trouble_since <= long_ago)
    overdue = (Notification.status == Status.PENDING) & SenderRow.enabled & late
    abandoned = (Notification.status == Status.SENDING) & (Notification.leased_until < func.now())
    return QueueState(
        by_status={status.value: by_status.get(status, 0) for status in Status},
        stuck=await _count(session, _with_sender().where(overdue | abandoned)),
        given_up=await _given_up(session),
        troubled=await _troubled(session),
        undelivered_tickets=await _count(session, _undelivered_tickets()),
        unreadable_contacts=await _count(session, select(Participant.participant_id).where(_UNREADABLE)),
    )


async def _given_up(session: AsyncSession) -> dict[str, int]:
    now = (await session.execute(select(func.now()))).scalar_one()
    worth_sending = (Notification.status.in_(RETRYABLE), not_(await is_outdated(session, now=now)))
    counted = select(Notification.status, func.count().label("number")).where(*worth_sending)
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
