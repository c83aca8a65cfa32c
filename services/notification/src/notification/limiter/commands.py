"""Rate limiting of senders. One conditional UPDATE of the sender's row takes a slot.

All times in that row are the database server's: replicas share no other clock.
"""

from collections.abc import Mapping
from datetime import datetime

from chassis.database import UnitOfWork
from sqlalchemy import DateTime, Integer, String, bindparam, text, update

from notification.limiter.rules import MAX_PAUSE, SKEW, TEST_INTERVAL, WINDOW, Pace
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
       SET recent = array_replace(recent, :began, :now),
           last_sent_at = greatest(last_sent_at, :now),
           succeeded_at = CASE WHEN :failure IS NULL THEN :now ELSE succeeded_at END,
           failed_at = CASE WHEN :failure IS NULL THEN failed_at ELSE :now END,
           failure = coalesce(:failure, failure)
     WHERE channel = :channel
    """
).bindparams(
    bindparam("channel", type_=String),
    bindparam("began", type_=DateTime(timezone=True)),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("failure", type_=String),
)

_TAKE_TEST_SLOT = text(
    """
    UPDATE senders
       SET tested_at = :now,
           recent = array_append(recent, :now),
           last_sent_at = greatest(last_sent_at, :now)
     WHERE channel = :channel AND (tested_at IS NULL OR tested_at <= :free_since OR tested_at > :latest)
    RETURNING channel
    """
).bindparams(
    bindparam("channel", type_=String),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("free_since", type_=DateTime(timezone=True)),
    bindparam("latest", type_=DateTime(timezone=True)),
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
"""Column values of a sender without failures."""


async def take_slot(work: UnitOfWork, channel: Channel, pace: Pace) -> datetime | None:
    """Take a slot over all replicas with this transaction. Return its time, or None if the sender may not send yet.

    Times in the future, written by a clock that was ahead, are corrected: sends count as made now, a pause ends.
    """
    now = await work.server_time()
    latest = now + SKEW
    moments = {"channel": channel.value, "now": now, "latest": latest, "latest_end": latest + MAX_PAUSE}
    await work.session.execute(_RETURN_TO_NOW, moments)
    taken = await work.session.execute(
        _TAKE_SLOT,
        {
            "channel": channel.value,
            "now": now,
            "free_since": now - pace.delay,
            "window_start": now - WINDOW,
            "max_per_minute": pace.max_per_minute,
        },
    )
    return None if taken.first() is None else now


async def end_slot(work: UnitOfWork, channel: Channel, *, began: datetime, failure: str | None = None) -> None:
    """Set the time of a send from the beginning of its slot to now, as the message was sent in between.

    Args:
        failure: the reason if it failed, None if the provider accepted it; shown with the sender's state.
    """
    moments = {"began": began, "now": await work.server_time()}
    await work.session.execute(_END_SLOT, {"channel": channel.value, "failure": failure and failure[:500], **moments})


async def take_test_slot(work: UnitOfWork, channel: Channel) -> datetime | None:
    """Take the slot of a test message and return its time; None if the last one was less than `TEST_INTERVAL` ago.

    A test waits for no pause, as it may show that the cause is gone. The limits of other messages count it.
    """
    now = await work.server_time()
    moments = {"now": now, "free_since": now - TEST_INTERVAL, "latest": now + SKEW}
    taken = await work.session.execute(_TAKE_TEST_SLOT, {"channel": channel.value, **moments})
    return None if taken.first() is None else now


async def record_enabled(work: UnitOfWork, channel: Channel, *, enabled: bool) -> None:
    """Store whether the channel is enabled, for readers of the database alone (`startline doctor`)."""
    differs = (SenderRow.channel == channel.value) & (SenderRow.enabled != enabled)
    await work.session.execute(update(SenderRow).where(differs).values(enabled=enabled))


async def resume_sender(work: UnitOfWork, channel: Channel) -> None:
    """Clear pause and failures of a sender, after its account was changed or staff intervened."""
    failing = (SenderRow.channel == channel.value) & ((SenderRow.troubles > 0) | SenderRow.suspect.is_not(None))
    await work.session.execute(update(SenderRow).where(failing).values(HEALTHY))
