"""Taking a slot to send in, and resting after trouble. One conditional UPDATE of the sender's row decides."""

from datetime import datetime, timedelta

from chassis.database import UnitOfWork
from sqlalchemy import DateTime, Integer, String, bindparam, text, update

from notification.channels.port import Channel
from notification.limiter.rules import WINDOW, Pace, pause_after
from notification.limiter.tables import SenderRow

_TAKE_SLOT = text(
    """
    UPDATE senders
       SET recent = array_append(ARRAY(SELECT sent FROM unnest(recent) AS sent WHERE sent > :window_start), :now),
           last_sent_at = :now
     WHERE channel = :channel
       AND (paused_until IS NULL OR paused_until <= :now)
       AND (last_sent_at IS NULL OR last_sent_at <= :free_since)
       AND (SELECT count(*) FROM unnest(recent) AS sent WHERE sent > :window_start) < :max_per_minute
    RETURNING channel
    """
).bindparams(
    bindparam("channel", type_=String),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("free_since", type_=DateTime(timezone=True)),
    bindparam("window_start", type_=DateTime(timezone=True)),
    bindparam("max_per_minute", type_=Integer),
)

_END_SLOT = text(
    """
    UPDATE senders
       SET recent = array_replace(recent, :began, :now), last_sent_at = greatest(last_sent_at, :now)
     WHERE channel = :channel
    """
).bindparams(
    bindparam("channel", type_=String),
    bindparam("began", type_=DateTime(timezone=True)),
    bindparam("now", type_=DateTime(timezone=True)),
)


async def take_slot(work: UnitOfWork, channel: Channel, pace: Pace) -> bool:
    """Whether this sender may send now; if so the slot is taken, for all replicas, with this transaction."""
    taken = await work.session.execute(
        _TAKE_SLOT,
        {
            "channel": channel.value,
            "now": work.now,
            "free_since": work.now - pace.delay,
            "window_start": work.now - WINDOW,
            "max_per_minute": pace.max_per_minute,
        },
    )
    return taken.first() is not None


async def end_slot(work: UnitOfWork, channel: Channel, *, began: datetime) -> None:
    """Count the send from now instead of from `began`: it left at some moment between the two."""
    await work.session.execute(_END_SLOT, {"channel": channel.value, "began": began, "now": work.now})


async def rest(work: UnitOfWork, channel: Channel, reason: str, *, base: timedelta) -> None:
    """Stop sending for a while, longer with each trouble in a row, and say why."""
    sender = await work.session.get_one(SenderRow, channel.value, with_for_update=True)
    sender.troubles += 1
    sender.trouble = reason[:500]
    sender.trouble_since = sender.trouble_since or work.now
    sender.paused_until = work.now + pause_after(sender.troubles, base=base)


async def note_switch(work: UnitOfWork, channel: Channel, *, enabled: bool) -> None:
    """Keep what the settings say where the doctor looks."""
    differs = (SenderRow.channel == channel.value) & (SenderRow.enabled != enabled)
    await work.session.execute(update(SenderRow).where(differs).values(enabled=enabled))


async def recover(work: UnitOfWork, channel: Channel) -> None:
    """The sender works, or was set up anew: no pause, no trouble."""
    healthy = {"troubles": 0, "trouble": None, "trouble_since": None, "paused_until": None}
    troubled = (SenderRow.channel == channel.value) & (SenderRow.troubles > 0)
    await work.session.execute(update(SenderRow).where(troubled).values(healthy))
