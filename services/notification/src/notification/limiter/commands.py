"""Taking a slot to send in. One conditional UPDATE of the sender's row decides."""

from collections.abc import Mapping
from datetime import datetime

from chassis.database import UnitOfWork
from sqlalchemy import DateTime, Integer, String, bindparam, text, update

from notification.limiter.rules import MAX_PAUSE, SKEW, WINDOW, Pace
from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel

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


_RETURN_TO_NOW = text(
    """
    UPDATE senders
       SET recent = ARRAY(SELECT least(sent, :now) FROM unnest(recent) AS sent ORDER BY sent),
           last_sent_at = CASE WHEN last_sent_at <= :latest THEN last_sent_at END,
           paused_until = CASE WHEN paused_at > :latest OR paused_until > :latest_end THEN NULL ELSE paused_until END,
           paused_at = CASE WHEN paused_at <= :latest THEN paused_at END
     WHERE channel = :channel
       AND (last_sent_at > :latest OR paused_at > :latest OR paused_until > :latest_end OR :latest < ANY (recent))
    """
).bindparams(
    bindparam("channel", type_=String),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("latest", type_=DateTime(timezone=True)),
    bindparam("latest_end", type_=DateTime(timezone=True)),
)

HEALTHY: Mapping[str, int | None] = {
    "suspect": None,
    "silences": 0,
    "troubles": 0,
    "trouble": None,
    "trouble_since": None,
    "paused_at": None,
    "paused_until": None,
}
"""What a sender's row says when it is not in trouble."""


async def take_slot(work: UnitOfWork, channel: Channel, pace: Pace) -> bool:
    """Whether this sender may send now; if so the slot is taken, for all replicas, with this transaction.

    What a clock that was ahead has noted holds nothing up: its sends count as made now, its pause is over.
    """
    latest = work.now + SKEW
    moments = {"channel": channel.value, "now": work.now, "latest": latest, "latest_end": latest + MAX_PAUSE}
    await work.session.execute(_RETURN_TO_NOW, moments)
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


async def record_enabled(work: UnitOfWork, channel: Channel, *, enabled: bool) -> None:
    """Keep what the settings say where the doctor looks."""
    differs = (SenderRow.channel == channel.value) & (SenderRow.enabled != enabled)
    await work.session.execute(update(SenderRow).where(differs).values(enabled=enabled))


async def resume_sender(work: UnitOfWork, channel: Channel) -> None:
    """Clear pause and trouble after the account was changed or staff intervened."""
    troubled = (SenderRow.channel == channel.value) & ((SenderRow.troubles > 0) | SenderRow.suspect.is_not(None))
    await work.session.execute(update(SenderRow).where(troubled).values(HEALTHY))
