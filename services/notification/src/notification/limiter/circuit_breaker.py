"""Telling a sender's trouble from a message's own, and resting when it is the sender's.

Trouble of different messages in a row has a cause that they share. A row ends when the provider takes a message; it is
counted in messages that were taken, so no clock has a part in it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from chassis.database import UnitOfWork

from notification.channels.port import Culprit
from notification.limiter.commands import HEALTHY
from notification.limiter.rules import is_sender_failure, pause_after, pause_when_silent
from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel


@dataclass(frozen=True)
class FailedAttempt:
    """A message that met trouble.

    `troubled_after` is how many messages its sender had sent when it did so for the first time, None if that is now.
    `may_have_left`: it is unknown whether the provider accepted it.
    """

    message_id: UUID
    culprit: Culprit
    reason: str
    troubled_after: int | None
    may_have_left: bool


@dataclass(frozen=True)
class Attribution:
    """Whose trouble it is.

    `streak` is how many messages the sender had sent when the trouble began. `suspected`: the message may be the cause.
    `cleared` is the message that was taken for the cause before.
    """

    is_sender_failure: bool
    streak: int
    suspected: bool = True
    cleared: UUID | None = None


async def record_accepted(work: UnitOfWork, channel: Channel) -> int | None:
    """Note that the provider took a message. Return the row of trouble that this ended, None if there was none."""
    sender = await _lock(work, channel)
    ended = None if sender.suspect is None else sender.accepted
    sender.accepted += 1
    for name, value in HEALTHY.items():
        setattr(sender, name, value)
    return ended


async def record_failure(
    work: UnitOfWork, channel: Channel, attempt: FailedAttempt, *, pause_base: timedelta
) -> Attribution:
    """Rule whose the trouble is that a message met. If it is the sender's, it rests, longer with each in a row."""
    sender = await _lock(work, channel)
    sender.silences += attempt.may_have_left
    others = sender.suspect not in (None, attempt.message_id)
    again = attempt.troubled_after is not None and sender.accepted > attempt.troubled_after
    if not is_sender_failure(attempt.culprit, others=others, again=again):
        sender.suspect = sender.suspect if again else attempt.message_id
        return Attribution(is_sender_failure=False, streak=sender.accepted)
    _pause(work, sender, attempt, pause_base)
    if attempt.culprit is Culprit.SENDER:
        return Attribution(is_sender_failure=True, streak=sender.accepted, suspected=False)
    cleared = sender.suspect if others else None
    sender.suspect = attempt.message_id
    return Attribution(is_sender_failure=True, streak=sender.accepted, cleared=cleared)


async def _lock(work: UnitOfWork, channel: Channel) -> SenderRow:
    return await work.session.get_one(SenderRow, channel.value, with_for_update=True)


def _pause(work: UnitOfWork, sender: SenderRow, attempt: FailedAttempt, base: timedelta) -> None:
    sender.troubles += 1
    sender.trouble = attempt.reason[:500]
    sender.trouble_since = sender.trouble_since or work.now
    silent = attempt.may_have_left and sender.silences > 1
    pause = pause_when_silent(sender.silences - 1) if silent else pause_after(sender.troubles, base=base)
    sender.paused_at = work.now
    sender.paused_until = work.now + pause
