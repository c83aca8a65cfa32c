"""Queueing messages, claiming them, and beginning attempts. Each step is one transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.contacts.tables import Contact
from notification.limiter.commands import take_slot
from notification.limiter.rules import Pace
from notification.messages.rules import Channel, EventType
from notification.queue.order import due_queries
from notification.queue.rules import PRIORITIES, Status
from notification.queue.tables import DeliveryAttempt, Notification
from notification.queue.validity import (
    BEFORE_THE_RACE,
    PAYMENT_MESSAGES,
    SUPERSEDED,
    race_day_begins,
    skip_reason,
    superseded,
    too_late,
)
from notification.races.tables import Race

_CLAIMED = ("id", "event_type", "registration_id", "participant_id", "recipient", "context")


@dataclass(frozen=True)
class Claim:
    """A message claimed by a worker until its lease ends."""

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
    """A recorded attempt that may be made now. `began` is the time of its slot."""

    id: UUID
    claim: Claim
    began: datetime


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
    """Queue a message to each participant on every channel, and skip outdated ones. Idempotent per `about`.

    Args:
        about: distinguishes messages of the same type about the same registration.
        stale: log the message as skipped, as a newer event was handled before.
    """
    common = {
        "registration_id": registration_id,
        "event_type": event_type.value,
        "priority": PRIORITIES[event_type].value,
        "status": Status.SKIPPED if stale else Status.PENDING,
        "failed_reason": SUPERSEDED if stale else None,
        "context": dict(context),
        "deadline": await _deadline(work, event_type, registration_id, context),
        "payment_news": None if stale else await _next_payment_sequence(work, event_type, registration_id),
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
    if not stale:
        await skip_outdated(work, registration_id)


async def _deadline(
    work: UnitOfWork, event_type: EventType, registration_id: UUID, context: Mapping[str, Any]
) -> datetime | None:
    named = context.get("offer_deadline") or context.get("payment_deadline")
    if named is not None:
        return datetime.fromisoformat(named)
    if event_type in BEFORE_THE_RACE:
        return await _race_day_begins(work, registration_id)
    if event_type is not EventType.REGISTRATION_CREATED:
        return None
    expires = select(Contact.expires_at).where(Contact.registration_id == registration_id)
    return (await work.session.execute(expires)).scalar_one_or_none()


async def _race_day_begins(work: UnitOfWork, registration_id: UUID) -> datetime:
    day = func.coalesce(Race.event_date, Contact.event_date)
    race = select(day, Race.timezone).select_from(Contact).outerjoin(Race, Race.event_id == Contact.event_id)
    found = (await work.session.execute(race.where(Contact.registration_id == registration_id))).one()
    return race_day_begins(*found)


async def _next_payment_sequence(work: UnitOfWork, event_type: EventType, registration_id: UUID) -> int | None:
    """Return the next number of payment messages of the registration. Its contact is locked, so numbers are unique."""
    if event_type not in PAYMENT_MESSAGES:
        return None
    notified = select(func.max(Notification.payment_news)).where(Notification.registration_id == registration_id)
    return ((await work.session.execute(notified)).scalar_one() or 0) + 1


async def skip_outdated(work: UnitOfWork, registration_id: UUID) -> None:
    """Skip the outdated waiting messages of a registration."""
    waiting = (Notification.registration_id == registration_id) & (Notification.status == Status.PENDING)
    await _skip_outdated(work, waiting)


async def skip(work: UnitOfWork, claim: Claim) -> None:
    """Skip a claimed message that is outdated."""
    await _skip(work, is_claimed(claim), skip_reason(await too_late(work.session, now=work.now)))


async def skip_channel(work: UnitOfWork, channel: Channel, reason: str) -> None:
    """Skip all waiting messages of a channel that is off or has no account, with that reason."""
    waiting = (Notification.channel == channel.value) & (Notification.status == Status.PENDING)
    await _skip(work, waiting, reason)


async def _skip_outdated(work: UnitOfWork, chosen: Any) -> bool:
    late = await too_late(work.session, now=work.now)
    return await _skip(work, chosen & or_(superseded(), late), skip_reason(late))


async def _skip(work: UnitOfWork, chosen: Any, reason: Any) -> bool:
    skipped = {"status": Status.SKIPPED, "failed_reason": reason, "lease": None, "leased_until": None}
    return await _changed(work, update(Notification).where(chosen).values(**skipped, updated_at=work.now))


async def claim_next(
    work: UnitOfWork,
    channel: Channel,
    *,
    lease_for: timedelta,
    gap: timedelta = timedelta(),
    probing: bool = False,
) -> Claim | None:
    """Claim the next due message of a channel for `lease_for` and return it; None if there is none.

    Args:
        gap: average time between two messages, from which follows which would miss their deadline.
        probing: claim a random message, as the sender has failed several times.
    """
    lease = uuid4()
    for due in await due_queries(work.session, channel, now=work.now, gap=gap, probing=probing):
        taken = (
            update(Notification)
            .where(Notification.id == due.limit(1).with_for_update(skip_locked=True).scalar_subquery())
            .values(status=Status.SENDING, lease=lease, leased_until=work.now + lease_for, updated_at=work.now)
            .returning(*(getattr(Notification, name) for name in _CLAIMED))
        )
        row = (await work.session.execute(taken)).mappings().first()
        if row is not None:
            return Claim(**{**row, "event_type": EventType(row["event_type"])}, lease=lease, channel=channel)
    return None


async def begin_attempt(
    work: UnitOfWork, claim: Claim, pace: Pace, *, lease_for: timedelta, recipient: str
) -> Attempt | None:
    """Record an attempt and take the sender's slot, and return the attempt.

    Return None if the sender may not send yet (the message waits again), if the message was outdated meanwhile, or if
    the claim is lost.
    """
    if await _skip_outdated(work, is_claimed(claim)):
        return None
    renewed = update(Notification).where(is_claimed(claim)).values(leased_until=work.now + lease_for)
    if not await _changed(work, renewed):
        return None
    slot = await take_slot(work, claim.channel, pace)
    if slot is None:
        await _release(work, claim)
        return None
    attempt = Attempt(uuid4(), claim, slot)
    record = {"id": attempt.id, "notification_id": claim.id, "recipient": recipient, "started_at": slot}
    await work.session.execute(insert(DeliveryAttempt).values(record))
    return attempt


async def resume_attempt(work: UnitOfWork, claim: Claim, *, lease_for: timedelta) -> Attempt | None:
    """Return the attempt that `begin_attempt` recorded although its COMMIT was not answered.

    Return None if it was not stored (the message waits again), or if the claim is lost. The lock of the message waits
    for a COMMIT that is still in progress.
    """
    renewed = update(Notification).where(is_claimed(claim)).values(leased_until=work.now + lease_for)
    if not await _changed(work, renewed):
        return None
    stored = select(DeliveryAttempt).where(DeliveryAttempt.notification_id == claim.id)
    attempt = (await work.session.execute(stored.where(DeliveryAttempt.outcome.is_(None)))).scalar_one_or_none()
    if attempt is None:
        await _release(work, claim)
        return None
    return Attempt(attempt.id, claim, attempt.started_at)


async def _release(work: UnitOfWork, claim: Claim) -> None:
    waiting = {"status": Status.PENDING, "lease": None, "leased_until": None}
    await work.session.execute(update(Notification).where(is_claimed(claim)).values(waiting))


def is_claimed(claim: Claim, *, late: bool = False) -> Any:
    """Return the condition that a claim still holds; with `late` also if it was released as abandoned meanwhile."""
    states = (Status.SENDING, Status.UNKNOWN) if late else (Status.SENDING,)
    return (Notification.id == claim.id) & (Notification.lease == claim.lease) & Notification.status.in_(states)


async def _changed(work: UnitOfWork, statement: Any) -> bool:
    return (await work.session.execute(statement.returning(1))).first() is not None
