"""Recording the results of attempts, for the message and its sender, and releasing abandoned messages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import NotificationFailed
from sqlalchemy import func, select, update

from notification.channels.port import Culprit, Outcome
from notification.limiter.circuit_breaker import Attribution, FailedAttempt, record_accepted, record_failure
from notification.limiter.commands import end_slot
from notification.message_log.commands import keep_message
from notification.message_log.sealing import SealedMessage
from notification.messages.rules import Channel
from notification.queue.commands import Attempt, Claim, is_claimed
from notification.queue.rules import MAX_RETRY_TIME, Priority, RetryDecision, Status, decide_retry
from notification.queue.tables import DeliveryAttempt, Notification

ABANDONED = "its worker stopped while sending it"


@dataclass(frozen=True)
class AttemptResult:
    """The result of an attempt. `provider_id` is the provider's id of the message, `culprit` the cause of a failure."""

    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None
    culprit: Culprit = Culprit.RECIPIENT


@dataclass(frozen=True)
class RetryPolicy:
    """Retry limit and delay of messages, and the first pause of a sender."""

    limit: int
    base: timedelta
    pause_base: timedelta


async def end_attempt(
    work: UnitOfWork,
    attempt: Attempt,
    result: AttemptResult,
    policy: RetryPolicy,
    *,
    sealed: SealedMessage | None = None,
) -> None:
    """Record the result of an attempt and update the message and its sender.

    The sender's row is locked before any message, so that replicas do not deadlock.

    Args:
        sealed: the message as it was sent, to be kept with the result.
    """
    failure = None if result.outcome is Outcome.SENT else (result.reason or result.outcome.value)
    await end_slot(work, attempt.claim.channel, began=attempt.began, failure=failure)
    await _finish(work, attempt, result, sealed)
    attribution = await _record_at_sender(work, attempt.claim, result, policy)
    await apply_result(work, attempt.claim, result, policy, attribution)


async def _finish(work: UnitOfWork, attempt: Attempt, result: AttemptResult, sealed: SealedMessage | None) -> None:
    finished = {
        "finished_at": work.now,
        "outcome": result.outcome,
        "detail": result.reason,
        "provider_id": result.provider_id,
    }
    finishing = update(DeliveryAttempt).where(DeliveryAttempt.id == attempt.id).values(finished)
    if sealed is None:
        await work.session.execute(finishing)
    else:
        await keep_message(work, finishing.returning(DeliveryAttempt.id).cte("finished"), sealed)


async def _record_at_sender(
    work: UnitOfWork, claim: Claim, result: AttemptResult, policy: RetryPolicy
) -> Attribution | None:
    """Update the sender. Return the attribution of a failure; None for a success or a permanent refusal."""
    if result.outcome is Outcome.PERMANENT:
        return None
    if result.outcome is Outcome.SENT:
        ended = await record_accepted(work, claim.channel)
        if ended is not None:
            await _restore_positions(work, claim.channel, ended)
        return None
    before = select(Notification.troubled_after).where(Notification.id == claim.id)
    failed = FailedAttempt(
        message_id=claim.id,
        culprit=result.culprit,
        reason=result.reason or "",
        troubled_after=(await work.session.execute(before)).scalar_one_or_none(),
        may_have_left=result.outcome is Outcome.UNKNOWN,
    )
    attribution = await record_failure(work, claim.channel, failed, pause_base=policy.pause_base)
    if attribution.cleared is not None:
        await _restore_retries(work, attribution.cleared, attribution.streak)
    return attribution


async def _restore_positions(work: UnitOfWork, channel: Channel, streak: int) -> None:
    """Restore the queue positions of messages that failed in a streak that has ended, unless it was only one."""
    same_streak = (
        (Notification.channel == channel.value)
        & (Notification.status == Status.PENDING)
        & Notification.behind
        & (Notification.troubled_after == streak)
    )
    several = select(func.count()).select_from(Notification).where(same_streak).scalar_subquery() > 1
    await _change(work, same_streak & several, behind=False)


async def _restore_retries(work: UnitOfWork, message_id: UUID, streak: int) -> None:
    """Restore the retries that a message used in a streak: another message failed, too, so the sender is the cause."""
    waiting = (Notification.status == Status.PENDING) & (Notification.troubled_after == streak)
    await _change(work, (Notification.id == message_id) & waiting, retry_count=0)


async def _change(work: UnitOfWork, chosen: Any, **values: Any) -> None:
    changed = update(Notification).where(chosen).values(**values, updated_at=work.now)
    await work.session.execute(changed, execution_options={"synchronize_session": False})


async def apply_result(
    work: UnitOfWork, claim: Claim, result: AttemptResult, policy: RetryPolicy, attribution: Attribution | None = None
) -> None:
    """Update a claimed message by the result of its attempt. A lost claim changes nothing.

    Args:
        attribution: of a failure that the sender may have caused; None otherwise.
    """
    ours = select(Notification).where(is_claimed(claim, late=True)).with_for_update()
    message = (await work.session.execute(ours)).scalar_one_or_none()
    if message is None:
        return
    decision = decide_retry(
        result.outcome,
        retry_count=message.retry_count,
        retry_limit=policy.limit,
        retry_base=policy.base,
        max_retry_time=MAX_RETRY_TIME[Priority(message.priority)],
        is_sender_failure=attribution is not None and attribution.is_sender_failure,
    )
    _apply(work, message, decision, result)
    if attribution is None or attribution.suspected:
        message.behind = message.behind or decision.behind
    if attribution is not None and attribution.suspected:
        message.troubled_after = attribution.streak if message.troubled_after is None else message.troubled_after
    if decision.status is Status.FAILED:
        publish_failure(work, message)


def _apply(work: UnitOfWork, message: Notification, decision: RetryDecision, result: AttemptResult) -> None:
    message.status = decision.status
    message.retry_count = decision.retry_count
    message.next_attempt_at = work.now + decision.delay
    message.failed_reason = result.reason
    message.lease = message.leased_until = None
    message.updated_at = work.now
    if decision.status is Status.SENT:
        message.sent_at = work.now
        message.provider_id = result.provider_id


def publish_failure(work: UnitOfWork, message: Notification) -> None:
    """Publish `NotificationFailed`, except for messages with links, which belong to no registration."""
    if message.registration_id is None:
        return
    failed = NotificationFailed(
        notification_id=message.id,
        registration_id=message.registration_id,
        participant_id=message.participant_id,
        channel=message.channel,
        template=message.event_type,
        reason=message.failed_reason or "",
    )
    work.publish(failed, subject=message.registration_id)


async def release_abandoned(work: UnitOfWork) -> None:
    """Release messages whose lease has ended because their worker died.

    With a recorded attempt the message may have been sent: its status becomes unknown, and it is not sent again
    automatically. Without one it was not sent, and goes back into the queue: to its position the first time, behind all
    others the second time in a row, as it may be the cause of the crash.
    """
    expired = select(Notification).where(Notification.status == Status.SENDING, Notification.leased_until < work.now)
    for message in (await work.session.execute(expired.with_for_update(skip_locked=True))).scalars():
        message.updated_at = work.now
        if await _close_open_attempt(work, message.id):
            # The lease stays, so that a worker that was only slow can still record the result.
            message.status = Status.UNKNOWN
        else:
            message.status, message.lease, message.leased_until = Status.PENDING, None, None
            message.behind = message.behind or message.failed_reason == ABANDONED
        message.failed_reason = ABANDONED


async def _close_open_attempt(work: UnitOfWork, notification_id: UUID) -> bool:
    under_way = (DeliveryAttempt.notification_id == notification_id) & DeliveryAttempt.outcome.is_(None)
    closed = {"finished_at": work.now, "outcome": Outcome.UNKNOWN, "detail": ABANDONED}
    closing = update(DeliveryAttempt).where(under_way).values(closed).returning(1)
    return (await work.session.execute(closing)).first() is not None
