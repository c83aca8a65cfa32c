"""Looking at senders."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from notification.limiter.rules import MAX_PAUSE, SKEW, WINDOW, Pace, SenderState
from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel


async def find_sender(session: AsyncSession, channel: Channel) -> SenderRow:
    """The channel's sender."""
    return await session.get_one(SenderRow, channel.value)


def may_send(sender: SenderRow, pace: Pace, *, now: datetime) -> bool:
    """Whether a slot seems free. A hint that spares work; only `take_slot` decides."""
    if is_ahead(sender, now=now):
        return True
    rested = sender.paused_until is None or sender.paused_until <= now
    waited = sender.last_sent_at is None or sender.last_sent_at <= now - pace.delay
    return rested and waited and sum(sent > now - WINDOW for sent in sender.recent) < pace.max_per_minute


def is_ahead(sender: SenderRow, *, now: datetime) -> bool:
    """Whether a clock that was wrong noted a moment that has yet to come."""
    latest = now + SKEW
    noted = (sender.last_sent_at, sender.paused_at, *sender.recent)
    too_long = sender.paused_until is not None and sender.paused_until > latest + MAX_PAUSE
    return too_long or any(moment is not None and moment > latest for moment in noted)


async def sender_state(session: AsyncSession, channel: Channel) -> SenderState:
    """How the sender is doing."""
    sender = await find_sender(session, channel)
    return SenderState(sender.last_sent_at, sender.paused_until, sender.trouble, sender.trouble_since)
