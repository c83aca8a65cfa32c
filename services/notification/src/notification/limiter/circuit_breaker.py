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
from notification.limiter.rules import is_senders, pause_after, pause_in_silence
from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel


@dataclass(frozen=True)
class Met:
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
class Ruling:
    """Whose trouble it is.

    `row` is how many messages the sender had sent when the trouble began. `suspected`: the message may be the cause.
    `acquitted` is the message that was taken for the cause before.
    """

    is_senders: bool
    row: int
    suspected: bool = True
    acquitted: UUID | None = None


async def record_accepted(work: UnitOfWork, channel: Channel) -> int | None:
    """Note that the provider took a message. Return the row of trouble that this ended, None if there was none."""
    sender = await _lock(work, channel)
    ended = None if sender.suspect is None else sender.accepted
    sender.accepted += 1
    for name, value in HEALTHY.items():
        setattr(sender, name, value)
    return ended


async def record_failure(work: UnitOfWork, channel: Channel, met: Met, *, pause_base: timedelta) -> Ruling:
    """Rule whose the trouble is that a message met. If it is the sender's, it rests, longer with each in a row."""
    sender = await _lock(work, channel)
    sender.silences += met.may_have_left
    others = sender.suspect not in (None, met.message_id)
    again = met.troubled_after is not None and sender.accepted > met.troubled_after
    if not is_senders(met.culprit, others=others, again=again):
        sender.suspect = sender.suspect if again else met.message_id
        return Ruling(is_senders=False, row=sender.accepted)
    _rest(work, sender, met, pause_base)
    if met.culprit is Culprit.SENDER:
        return Ruling(is_senders=True, row=sender.accepted, suspected=False)
    acquitted = sender.suspect if others else None
    sender.suspect = met.message_id
    return Ruling(is_senders=True, row=sender.accepted, acquitted=acquitted)


async def _lock(work: UnitOfWork, channel: Channel) -> SenderRow:
    return await work.session.get_one(SenderRow, channel.value, with_for_update=True)


def _rest(work: UnitOfWork, sender: SenderRow, met: Met, base: timedelta) -> None:
    sender.troubles += 1
    sender.trouble = met.reason[:500]
    sender.trouble_since = sender.trouble_since or work.now
    silent = met.may_have_left and sender.silences > 1
    pause = pause_in_silence(sender.silences - 1) if silent else pause_after(sender.troubles, base=base)
    sender.paused_at = work.now
    sender.paused_until = work.now + pause
