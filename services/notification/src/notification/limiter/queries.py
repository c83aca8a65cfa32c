"""Queries for senders."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from notification.limiter.rules import MAX_PAUSE, SKEW, WINDOW, Pace, SenderState
from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel


async def find_sender(session: AsyncSession, channel: Channel) -> SenderRow:
    """Return the sender of a channel."""
    return await session.get_one(SenderRow, channel.value)


def may_send(sender: SenderRow, pace: Pace, *, now: datetime) -> bool:
    """Return whether a slot seems free. A hint to save work; only `take_slot` decides."""
    if is_ahead(sender, now=now):
        return True
    rested = sender.paused_until is None or sender.paused_until <= now
    waited = sender.last_sent_at is None or sender.last_sent_at <= now - pace.delay
    return rested and waited and sum(sent > now - WINDOW for sent in sender.recent) < pace.max_per_minute


def is_ahead(sender: SenderRow, *, now: datetime) -> bool:
    """Return whether the row contains a time in the future, written by a clock that was ahead."""
    latest = now + SKEW
    noted = (sender.last_sent_at, sender.paused_at, *sender.recent)
    too_long = sender.paused_until is not None and sender.paused_until > latest + MAX_PAUSE
    return too_long or any(moment is not None and moment > latest for moment in noted)


async def sender_state(session: AsyncSession, channel: Channel, *, now: datetime) -> SenderState:
    """Return the state of a sender at `now`, a time of the database's server."""
    sender = await find_sender(session, channel)
    return SenderState(
        last_sent_at=sender.last_sent_at,
        paused_until=sender.paused_until,
        trouble=sender.trouble,
        trouble_since=sender.trouble_since,
        last_success_at=sender.succeeded_at,
        last_failure_at=sender.failed_at,
        last_failure_reason=sender.failure,
        recent=sum(sent > now - WINDOW for sent in sender.recent),
    )
