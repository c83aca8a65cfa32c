"""How a try ends: what becomes of the message, of its sender, and of what a dead worker left behind."""

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
from notification.messages.rules import Channel
from notification.queue.commands import Attempt, Claim, is_claimed
from notification.queue.rules import MAX_RETRY_TIME, Priority, RetryDecision, Status, decide_retry
from notification.queue.tables import DeliveryAttempt, Notification

ABANDONED = "its worker stopped while sending it"


@dataclass(frozen=True)
class AttemptResult:
    """How a try ended. `provider_id` is the provider's name for the message, `culprit` where a failure's cause lies."""

    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None
    culprit: Culprit = Culprit.RECIPIENT


@dataclass(frozen=True)
class RetryPolicy:
    """How patient to be with a message, and with a sender in trouble."""

    limit: int
    base: timedelta
    pause_base: timedelta


async def end_attempt(work: UnitOfWork, attempt: Attempt, result: AttemptResult, policy: RetryPolicy) -> None:
    """Record how it went and what becomes of the message and its sender.

    The sender's row is locked before any message, so that replicas follow each other.
    """
    await end_slot(work, attempt.claim.channel, began=attempt.began)
    finished = {"finished_at": work.now, "outcome": result.outcome, "detail": result.reason}
    await work.session.execute(update(DeliveryAttempt).where(DeliveryAttempt.id == attempt.id).values(finished))
    attribution = await _record_at_sender(work, attempt.claim, result, policy)
    await apply_result(work, attempt.claim, result, policy, attribution)


async def _record_at_sender(
    work: UnitOfWork, claim: Claim, result: AttemptResult, policy: RetryPolicy
) -> Attribution | None:
    """A refusal for good says nothing about the sender: the next message may be taken, or meet trouble."""
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
    """Messages that met the same trouble as others need not wait behind all others; one that met it alone does."""
    same_streak = (
        (Notification.channel == channel.value)
        & (Notification.status == Status.PENDING)
        & Notification.behind
        & (Notification.troubled_after == streak)
    )
    several = select(func.count()).select_from(Notification).where(same_streak).scalar_subquery() > 1
    await _change(work, same_streak & several, behind=False)


async def _restore_retries(work: UnitOfWork, message_id: UUID, streak: int) -> None:
    """Another message met the same: the tries that this one used up in the same row were the sender's."""
    waiting = (Notification.status == Status.PENDING) & (Notification.troubled_after == streak)
    await _change(work, (Notification.id == message_id) & waiting, retry_count=0)


async def _change(work: UnitOfWork, chosen: Any, **values: Any) -> None:
    changed = update(Notification).where(chosen).values(**values, updated_at=work.now)
    await work.session.execute(changed, execution_options={"synchronize_session": False})


async def apply_result(
    work: UnitOfWork, claim: Claim, result: AttemptResult, policy: RetryPolicy, attribution: Attribution | None = None
) -> None:
    """What becomes of a claimed message. A claim that is no longer ours changes nothing.

    Args:
        ruling: whose trouble it met, None if it met none that a sender could have.
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
    """Tell the others that a message was given up; links belong to no registration that anybody follows."""
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
    """Deal with what dead workers left behind.

    With an attempt on record the message may have left: it becomes unknown and is not sent again by itself. Without one
    it has surely not, and goes back into the queue: to its place, as its worker or the database just went, and the
    second time in a row behind all others, as it may be what its workers die of.
    """
    expired = select(Notification).where(Notification.status == Status.SENDING, Notification.leased_until < work.now)
    for message in (await work.session.execute(expired.with_for_update(skip_locked=True))).scalars():
        message.updated_at = work.now
        if await _close_open_attempt(work, message.id):
            # The lease stays, so that a worker that was only slow can still tell how it ended.
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
