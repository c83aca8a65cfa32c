"""Resending a message to a changed address without a request of staff."""

from collections.abc import Sequence
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import select

from notification.contacts.tables import Participant
from notification.messages.rules import Channel, EventType
from notification.queue.queries import attempts_of
from notification.queue.resending import copy_of, requeue
from notification.queue.rules import Status
from notification.queue.tables import DeliveryAttempt, Notification


async def resend_to_new_address(work: UnitOfWork, participant_id: UUID, event_type: EventType) -> None:
    """Queue the message again on each channel where it was sent only to former addresses of the participant.

    Idempotent. Unsent messages use the newest address anyway.
    """
    participant = await work.session.get_one(Participant, participant_id)
    messages = await _lock_messages(work, participant_id, event_type)
    tried = await attempts_of(work.session, [message.id for message in messages])
    for channel in Channel:
        sent = [message for message in messages if message.channel == channel]
        attempts = [attempt for message in sent for attempt in tried[message.id]]
        for message in sent:
            _release_claim(message, tried[message.id])
        waiting = any(message.status == Status.PENDING for message in sent)
        if attempts and not waiting and not _has_reached(participant, attempts, channel):
            await _requeue_or_copy(work, sent[-1])


async def _lock_messages(work: UnitOfWork, participant_id: UUID, event_type: EventType) -> Sequence[Notification]:
    chosen = select(Notification).where(
        Notification.participant_id == participant_id,
        Notification.event_type == event_type,
        Notification.status != Status.SKIPPED,
    )
    ordered = chosen.order_by(Notification.created_at, Notification.id)
    return (await work.session.execute(ordered.with_for_update())).scalars().all()


def _release_claim(message: Notification, attempts: Sequence[DeliveryAttempt]) -> None:
    """Put a claimed message back into the queue if no attempt is under way: its worker may have the old address."""
    if message.status == Status.SENDING and all(attempt.outcome is not None for attempt in attempts):
        message.status, message.lease, message.leased_until = Status.PENDING, None, None


def _has_reached(participant: Participant, attempts: Sequence[DeliveryAttempt], channel: Channel) -> bool:
    return any(attempt.recipient and participant.is_reached_at(attempt.recipient, channel) for attempt in attempts)


async def _requeue_or_copy(work: UnitOfWork, message: Notification) -> None:
    if message.status == Status.FAILED:
        await requeue(work, Notification.id == message.id)
    else:
        work.session.add(copy_of(message, work))
