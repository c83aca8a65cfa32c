"""Attributing failures to the sender or to the message, and pausing the sender.

Consecutive failures of different messages have a common cause, the sender. A streak of failures ends when the provider
accepts a message. It is identified by the number of messages accepted before, so no clock is involved.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.database import UnitOfWork

from notification.channels.port import Culprit
from notification.limiter.commands import HEALTHY
from notification.limiter.rules import is_sender_failure, pause_after, pause_when_silent
from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel


@dataclass(frozen=True)
class FailedAttempt:
    """A failed attempt to send a message.

    Attributes:
        troubled_after: how many messages the sender had sent when this message failed first; None if it has not before.
        may_have_left: whether it is unknown if the provider accepted the message.
    """

    message_id: UUID
    culprit: Culprit
    reason: str
    troubled_after: int | None
    may_have_left: bool


@dataclass(frozen=True)
class Attribution:
    """The attribution of a failure.

    Attributes:
        is_sender_failure: whether the sender is the cause; otherwise the message is.
        streak: how many messages the sender had sent when the streak of failures began.
        suspected: whether the message may be the cause.
        cleared: the message that was suspected before, and is not any more.
    """

    is_sender_failure: bool
    streak: int
    suspected: bool = True
    cleared: UUID | None = None


async def record_accepted(work: UnitOfWork, channel: Channel) -> int | None:
    """Record an accepted message. Return the streak of failures that it ended, or None."""
    sender = await _lock(work, channel)
    ended = None if sender.suspect is None else sender.accepted
    sender.accepted += 1
    for name, value in HEALTHY.items():
        setattr(sender, name, value)
    return ended


async def record_failure(
    work: UnitOfWork, channel: Channel, attempt: FailedAttempt, *, pause_base: timedelta
) -> Attribution:
    """Record a failure and return its attribution. A sender that is the cause is paused, longer each time."""
    sender = await _lock(work, channel)
    sender.silences += attempt.may_have_left
    others = sender.suspect not in (None, attempt.message_id)
    again = attempt.troubled_after is not None and sender.accepted > attempt.troubled_after
    if not is_sender_failure(attempt.culprit, others=others, again=again):
        sender.suspect = sender.suspect if again else attempt.message_id
        return Attribution(is_sender_failure=False, streak=sender.accepted)
    _pause(sender, attempt, pause_base, now=await work.server_time())
    if attempt.culprit is Culprit.SENDER:
        return Attribution(is_sender_failure=True, streak=sender.accepted, suspected=False)
    cleared = sender.suspect if others else None
    sender.suspect = attempt.message_id
    return Attribution(is_sender_failure=True, streak=sender.accepted, cleared=cleared)


async def _lock(work: UnitOfWork, channel: Channel) -> SenderRow:
    return await work.session.get_one(SenderRow, channel.value, with_for_update=True)


def _pause(sender: SenderRow, attempt: FailedAttempt, base: timedelta, *, now: datetime) -> None:
    sender.troubles += 1
    sender.trouble = attempt.reason[:500]
    sender.trouble_since = sender.trouble_since or now
    silent = attempt.may_have_left and sender.silences > 1
    pause = pause_when_silent(sender.silences - 1) if silent else pause_after(sender.troubles, base=base)
    sender.paused_at = now
    sender.paused_until = now + pause
