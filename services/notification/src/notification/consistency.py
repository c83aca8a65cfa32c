"""The state of contacts and of the message queue, for comparison with the other services (`startline doctor`)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.rules import Stage
from notification.contacts.tables import Contact, Participant
from notification.limiter.tables import SenderRow
from notification.messages.rules import EventType
from notification.queue.rules import Status
from notification.queue.tables import Notification

_STUCK_AFTER = timedelta(hours=1)

# As the partial index has it.
_UNREADABLE = text("unreadable <> '{}'")


@dataclass(frozen=True)
class ContactState:
    """The stage of a contact, and the payments for which a refund message exists."""

    registration_id: UUID
    stage: Stage
    notified_refunds: frozenset[UUID]


async def snapshot(session: AsyncSession) -> AsyncIterator[ContactState]:
    """Every contact in the order of its registration's id, streamed."""
    query = select(Contact.registration_id, Contact.stage).order_by(Contact.registration_id)
    refunds = await _notified_refunds(session)
    async for row in await session.stream(query.execution_options(yield_per=1000)):
        yield ContactState(row.registration_id, Stage(row.stage), refunds.get(row.registration_id, frozenset()))


async def _notified_refunds(session: AsyncSession) -> dict[UUID, frozenset[UUID]]:
    """The payments of which a message says that they go back; there are few."""
    about = Notification.context["payment_id"].astext
    query = (
        select(Notification.registration_id, func.array_agg(about))
        .where(Notification.event_type.in_((EventType.PAYMENT_REFUND_DUE, EventType.PAYMENT_REFUND_DONE)))
        .group_by(Notification.registration_id)
    )
    return {of: frozenset(map(UUID, notified)) for of, notified in await session.execute(query)}


@dataclass(frozen=True)
class QueueState:
    """How the queue is doing.

    `stuck` counts sends whose lease is over, and what waits while its sender, which is not switched off, has been in
    trouble for more than an hour, or tried nothing for so long although it was due: a long line that moves is not
    stuck. `undelivered_tickets` counts e-tickets of confirmed runners that have left on no channel,
    `unreadable_contacts` runners with an address that has no canonical form, so that nothing can be sent to it.
    """

    by_status: dict[str, int]
    stuck: int
    undelivered_tickets: int
    unreadable_contacts: int


async def queue_state(session: AsyncSession) -> QueueState:
    """Counts for whoever looks after the platform."""
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
        undelivered_tickets=await _count(session, _undelivered_tickets()),
        unreadable_contacts=await _count(session, select(Participant.participant_id).where(_UNREADABLE)),
    )


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
