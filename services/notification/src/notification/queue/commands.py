"""Putting messages in, and the steps of sending one. Each step is one transaction; providers are called in between."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from contracts import NotificationFailed
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.channels.port import Channel, Outcome
from notification.limiter.commands import end_slot, recover, rest, take_slot
from notification.limiter.rules import Pace
from notification.queue.rules import PRIORITIES, Status, Verdict, judge
from notification.queue.tables import DeliveryAttempt, Notification
from notification.templates.rules import EventType

SUPERSEDED = "newer news came before it was sent"
ABANDONED = "its worker stopped while sending it"


@dataclass(frozen=True)
class Claim:
    """A message that one worker has for as long as its lease."""

    id: UUID
    lease: UUID
    channel: Channel
    event_type: EventType
    registration_id: UUID | None
    participant_id: UUID | None
    recipient: str | None
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Attempt:
    """A try that is on record and may now be made."""

    id: UUID
    claim: Claim
    began: datetime


@dataclass(frozen=True)
class Ending:
    """How a try ended. `provider_id` is the provider's name for the message."""

    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None


@dataclass(frozen=True)
class RetryPolicy:
    """How patient to be with a message, and with a sender in trouble."""

    limit: int
    base: timedelta
    pause_base: timedelta


async def enqueue(
    work: UnitOfWork,
    event_type: EventType,
    *,
    registration_id: UUID,
    participant_ids: Collection[UUID],
    about: str,
    context: Mapping[str, Any],
    stale: bool = False,
) -> None:
    """A message to each participant on every channel. One about the same thing exists already: nothing happens.

    Args:
        about: tells this message from another of the same type about the same registration.
        stale: newer news was heard before; the message is logged and not sent.
    """
    common = {
        "registration_id": registration_id,
        "event_type": event_type.value,
        "priority": PRIORITIES[event_type].value,
        "status": Status.SKIPPED if stale else Status.PENDING,
        "failed_reason": SUPERSEDED if stale else None,
        "context": dict(context),
        "next_attempt_at": work.now,
        "created_at": work.now,
        "updated_at": work.now,
    }
    rows = [
        {
            **common,
            "id": uuid4(),
            "participant_id": participant_id,
            "channel": channel.value,
            "dedupe_key": ":".join((str(registration_id), str(participant_id), channel, event_type, about)),
        }
        for participant_id in participant_ids
        for channel in Channel
    ]
    await work.session.execute(upsert(Notification).on_conflict_do_nothing(), rows)


async def skip_pending(work: UnitOfWork, registration_id: UUID, event_types: Collection[str]) -> None:
    """Do not send what newer news made untrue and has not left yet."""
    waiting = (
        (Notification.registration_id == registration_id)
        & (Notification.status == Status.PENDING)
        & Notification.event_type.in_(event_types)
    )
    gone = {"status": Status.SKIPPED, "failed_reason": SUPERSEDED, "updated_at": work.now}
    await work.session.execute(update(Notification).where(waiting).values(gone))


async def skip(work: UnitOfWork, claim: Claim) -> None:
    """Do not send a claimed message: newer news came between its tries."""
    gone = {"status": Status.SKIPPED, "failed_reason": SUPERSEDED, "lease": None, "leased_until": None}
    await work.session.execute(update(Notification).where(_is_ours(claim)).values(**gone, updated_at=work.now))


async def claim_next(work: UnitOfWork, channel: Channel, *, lease_for: timedelta) -> Claim | None:
    """The message that goes next on this channel, taken for `lease_for`; None when none is due."""
    due = (
        select(Notification.id)
        .where(
            Notification.channel == channel.value,
            Notification.status == Status.PENDING,
            Notification.next_attempt_at <= work.now,
        )
        .order_by(Notification.priority, Notification.created_at, Notification.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    lease = uuid4()
    taken = (
        update(Notification)
        .where(Notification.id == due)
        .values(status=Status.SENDING, lease=lease, leased_until=work.now + lease_for, updated_at=work.now)
        .returning(
            Notification.id,
            Notification.event_type,
            Notification.registration_id,
            Notification.participant_id,
            Notification.recipient,
            Notification.context,
        )
    )
    row = (await work.session.execute(taken)).first()
    if row is None:
        return None
    return Claim(
        id=row.id,
        lease=lease,
        channel=channel,
        event_type=EventType(row.event_type),
        registration_id=row.registration_id,
        participant_id=row.participant_id,
        recipient=row.recipient,
        context=row.context,
    )


async def begin_attempt(
    work: UnitOfWork, claim: Claim, pace: Pace, *, lease_for: timedelta, recipient: str
) -> Attempt | None:
    """Put the attempt on record and take the sender's slot, or neither.

    None when the sender may not send yet, the message then waits again, or when the claim is no longer ours.
    """
    renewed = update(Notification).where(_is_ours(claim)).values(leased_until=work.now + lease_for)
    if not await _changed(work, renewed):
        return None
    if not await take_slot(work, claim.channel, pace):
        await _release(work, claim)
        return None
    attempt = Attempt(uuid4(), claim, work.now)
    record = {"id": attempt.id, "notification_id": claim.id, "recipient": recipient, "started_at": work.now}
    await work.session.execute(insert(DeliveryAttempt).values(record))
    return attempt


async def end_attempt(work: UnitOfWork, attempt: Attempt, ending: Ending, policy: RetryPolicy) -> None:
    """Record how it went and what becomes of the message."""
    await end_slot(work, attempt.claim.channel, began=attempt.began)
    finished = {"finished_at": work.now, "outcome": ending.outcome, "detail": ending.reason}
    await work.session.execute(update(DeliveryAttempt).where(DeliveryAttempt.id == attempt.id).values(finished))
    if ending.outcome is Outcome.SENDER_TROUBLE:
        await rest(work, attempt.claim.channel, ending.reason or "", base=policy.pause_base)
    elif ending.outcome is not Outcome.UNKNOWN:
        await recover(work, attempt.claim.channel)
    await settle(work, attempt.claim, ending, policy)


async def settle(work: UnitOfWork, claim: Claim, ending: Ending, policy: RetryPolicy) -> None:
    """What becomes of a claimed message. A claim that is no longer ours changes nothing."""
    ours = select(Notification).where(_is_ours(claim, late=True)).with_for_update()
    message = (await work.session.execute(ours)).scalar_one_or_none()
    if message is None:
        return
    verdict = judge(ending.outcome, retry_count=message.retry_count, retry_limit=policy.limit, retry_base=policy.base)
    _apply(message, verdict, ending, now=work.now)
    if verdict.status is Status.FAILED:
        publish_failure(work, message)


def _apply(message: Notification, verdict: Verdict, ending: Ending, *, now: datetime) -> None:
    message.status = verdict.status
    message.retry_count = verdict.retry_count
    message.next_attempt_at = now + verdict.delay
    message.failed_reason = ending.reason
    message.lease = message.leased_until = None
    message.updated_at = now
    if verdict.status is Status.SENT:
        message.sent_at = now
        message.provider_id = ending.provider_id


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
    it has surely not, and goes back into the queue.
    """
    expired = select(Notification).where(Notification.status == Status.SENDING, Notification.leased_until < work.now)
    for message in (await work.session.execute(expired.with_for_update(skip_locked=True))).scalars():
        message.updated_at = work.now
        if await _close_open_attempt(work, message.id):
            # The lease stays, so that a worker that was only slow can still tell how it ended.
            message.status, message.failed_reason = Status.UNKNOWN, ABANDONED
        else:
            message.status, message.lease, message.leased_until = Status.PENDING, None, None


async def _close_open_attempt(work: UnitOfWork, notification_id: UUID) -> bool:
    under_way = (DeliveryAttempt.notification_id == notification_id) & DeliveryAttempt.outcome.is_(None)
    closed = {"finished_at": work.now, "outcome": Outcome.UNKNOWN, "detail": ABANDONED}
    return await _changed(work, update(DeliveryAttempt).where(under_way).values(closed))


async def _release(work: UnitOfWork, claim: Claim) -> None:
    waiting = {"status": Status.PENDING, "lease": None, "leased_until": None}
    await work.session.execute(update(Notification).where(_is_ours(claim)).values(waiting))


def _is_ours(claim: Claim, *, late: bool = False) -> Any:
    states = (Status.SENDING, Status.UNKNOWN) if late else (Status.SENDING,)
    return (Notification.id == claim.id) & (Notification.lease == claim.lease) & Notification.status.in_(states)


async def _changed(work: UnitOfWork, statement: Any) -> bool:
    return (await work.session.execute(statement.returning(1))).first() is not None
