"""Resending messages: one that failed is retried, one that was sent is copied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from chassis.wording import Wording
from sqlalchemy import and_, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from notification.limiter.commands import resume_sender
from notification.messages.rules import Channel, EventType
from notification.queue.errors import MessageSuperseded, MessageWaiting, UnknownNotification
from notification.queue.rules import RETRYABLE, WAITING, WITHOUT_CHANNEL, RetryOutcome, Status
from notification.queue.tables import Notification
from notification.queue.validity import TOO_LATE, is_outdated

_COPY_WAITS = Wording(
    en="A copy of the message has not been sent yet. It is sent when its turn comes.",
    id="Salinan pesan ini belum dikirim. Salinan akan dikirim pada gilirannya.",
)


_WITHOUT_CHANNEL = (Notification.status == Status.SKIPPED) & Notification.failed_reason.in_(WITHOUT_CHANNEL)


async def resend_message(work: UnitOfWork, notification_id: UUID, *, by: str) -> UUID:
    """Queue a message again and return the id of the message that will be sent.

    A message that failed, has an unknown outcome, or was skipped because its channel was off is retried. Of a sent
    one a copy is queued, unless a copy is waiting. Sent links are not sent again: the contact can request them again,
    and gets only what belongs to it then.

    Raises:
        UnknownNotification, MessageWaiting, MessageSuperseded.
    """
    message = await _lock(work, notification_id)
    if message.status in WAITING:
        raise MessageWaiting(status_now=message.status)
    again = message.status in RETRYABLE or _lacked_channel(message)
    answered = message.recipient is not None and not again
    if (message.status == Status.SKIPPED and not again) or answered or not await _is_valid(work, message):
        raise MessageSuperseded(status_now=message.status)
    if again:
        before = {"status": message.status, "retry_count": message.retry_count}
        await requeue(work, Notification.id == message.id)
        after = {"status": Status.PENDING.value, "retry_count": 0}
        await work.audit(by, "notification.retry", str(message.id), before=before, after=after)
        return message.id
    return await _queue_copy(work, message, by=by)


@dataclass(frozen=True)
class RetryResult:
    """What became of a message that staff want to be retried, and its status now; None if there is no such message."""

    id: UUID
    result: RetryOutcome
    status: Status | None = None


async def retry_each(work: UnitOfWork, ids: Sequence[UUID], *, by: str) -> list[RetryResult]:
    """Queue those of the messages again that failed and are not outdated. Return the result of each, in order.

    Repeating it queues nothing twice: what was queued waits, and what was sent meanwhile is not sent again.
    """
    locked = select(Notification).where(Notification.id.in_(ids)).order_by(Notification.id).with_for_update()
    messages = {each.id: each for each in (await work.session.execute(locked)).scalars()}
    outdated = select(Notification.id).where(
        Notification.id.in_(messages), await is_outdated(work.session, now=work.now)
    )
    superseded = set((await work.session.execute(outdated)).scalars())
    results = [_judge(each, messages.get(each), outdated=each in superseded) for each in dict.fromkeys(ids)]
    retried = [each.id for each in results if each.result is RetryOutcome.RETRIED]
    await requeue(work, Notification.id.in_(retried))
    for each in retried:
        await work.audit(by, "notification.retry", str(each))
    return results


def _judge(message_id: UUID, message: Notification | None, *, outdated: bool) -> RetryResult:
    if message is None:
        return RetryResult(message_id, RetryOutcome.UNKNOWN)
    status = Status(message.status)
    if status in WAITING:
        return RetryResult(message_id, RetryOutcome.WAITING, status)
    if not (status in RETRYABLE or _lacked_channel(message)):
        skipped = status is Status.SKIPPED
        return RetryResult(message_id, RetryOutcome.SUPERSEDED if skipped else RetryOutcome.SENT, status)
    if outdated:
        return RetryResult(message_id, RetryOutcome.SUPERSEDED, status)
    return RetryResult(message_id, RetryOutcome.RETRIED, Status.PENDING)


def _lacked_channel(message: Notification) -> bool:
    return message.status == Status.SKIPPED and message.failed_reason in WITHOUT_CHANNEL


async def retry_failed(
    work: UnitOfWork, channel: Channel | None, *, unknown: bool = False, skipped: bool = False, by: str
) -> int:
    """Queue all failed messages again that are not outdated, and return how many.

    Args:
        unknown: include messages of unknown outcome, and resume a paused sender: staff have checked that they did not
            arrive and that the provider answers.
        skipped: include messages that were skipped because their channel was off or had no account.
    """
    channels = list(Channel) if channel is None else [channel]
    if unknown:
        for each in channels:
            await resume_sender(work, each)
    failed = Notification.status.in_(RETRYABLE if unknown else (Status.FAILED,))
    chosen = and_(
        or_(failed, _WITHOUT_CHANNEL) if skipped else failed,
        Notification.channel.in_(channels),
        not_(await is_outdated(work.session, now=work.now)),
    )
    count = await requeue(work, chosen)
    await work.audit(by, "notification.retry_failed", channel or "all", count=count, unknown=unknown, skipped=skipped)
    return count


@dataclass(frozen=True)
class Retryable:
    """The messages of a channel that staff could send again at once, by why they were not sent."""

    channel: Channel
    failed: int = 0
    unknown: int = 0
    skipped: int = 0


async def count_retryable(session: AsyncSession, *, now: datetime) -> Sequence[Retryable]:
    """Return for each channel how many messages `retry_failed` would queue again."""
    by_reason = [func.count().filter(Notification.status == each) for each in (*RETRYABLE, Status.SKIPPED)]
    counted = (
        select(Notification.channel, *by_reason)
        .where(
            or_(Notification.status.in_(RETRYABLE), _WITHOUT_CHANNEL),
            not_(await is_outdated(session, now=now)),
        )
        .group_by(Notification.channel)
    )
    found = {Channel(channel): counts for channel, *counts in await session.execute(counted)}
    return [Retryable(each, *found.get(each, ())) for each in Channel]


async def _lock(work: UnitOfWork, notification_id: UUID) -> Notification:
    """Return the message, locked; of a copy the original is locked, too, to serialise requests for copies."""
    message = await work.session.get(Notification, notification_id, with_for_update=True)
    if message is None:
        raise UnknownNotification
    if message.resend_of is not None:
        await work.session.get_one(Notification, message.resend_of, with_for_update=True)
    return message


async def _is_valid(work: UnitOfWork, message: Notification) -> bool:
    outdated = select(Notification.id).where(
        Notification.id == message.id, await is_outdated(work.session, now=work.now)
    )
    return (await work.session.execute(outdated)).first() is None


async def _queue_copy(work: UnitOfWork, message: Notification, *, by: str) -> UUID:
    original = message.resend_of or message.id
    copies = select(Notification.status).where(Notification.resend_of == original, Notification.status.in_(WAITING))
    waiting = (await work.session.execute(copies.limit(1))).scalar_one_or_none()
    if waiting is not None:
        raise MessageWaiting(_COPY_WAITS, status_now=waiting)
    copy = copy_of(message, work)
    work.session.add(copy)
    await work.audit(by, "notification.resend", str(message.id), copy=str(copy.id))
    return copy.id


def copy_of(message: Notification, work: UnitOfWork) -> Notification:
    """Return a waiting copy of a message, not added to the session."""
    copy_id = uuid4()
    return Notification(
        id=copy_id,
        dedupe_key=f"resend:{copy_id}",
        resend_of=message.resend_of or message.id,
        registration_id=message.registration_id,
        participant_id=message.participant_id,
        channel=message.channel,
        event_type=message.event_type,
        priority=message.priority,
        status=Status.PENDING,
        context=message.context,
        deadline=message.deadline,
        payment_news=message.payment_news,
        next_attempt_at=work.now,
        created_at=work.now,
        updated_at=work.now,
    )


async def extend_deadline(work: UnitOfWork, registration_id: UUID, until: datetime) -> None:
    """Extend the deadline of the message about how to pay, and queue it again if it was skipped as too late."""
    how_to_pay = (
        Notification.registration_id == registration_id,
        Notification.event_type == EventType.REGISTRATION_CREATED,
        Notification.deadline < until,
    )
    given_up = (Notification.status == Status.SKIPPED) & (Notification.failed_reason == TOO_LATE)
    await requeue(work, and_(*how_to_pay, given_up))
    later = update(Notification).where(*how_to_pay).values(deadline=until, updated_at=work.now)
    await work.session.execute(later, execution_options={"synchronize_session": False})


async def requeue(work: UnitOfWork, chosen: Any) -> int:
    """Set the chosen messages to waiting with all their retries; return how many."""
    fresh = {
        "status": Status.PENDING,
        "retry_count": 0,
        "behind": False,
        "troubled_after": None,
        "next_attempt_at": work.now,
        "failed_reason": None,
        "lease": None,
        "leased_until": None,
        "updated_at": work.now,
    }
    again = update(Notification).where(chosen).values(fresh).returning(Notification.id)
    return len((await work.session.execute(again, execution_options={"synchronize_session": False})).all())
