"""What of the queue needs staff: messages that failed, and tickets that reached their runner on no channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chassis.database import Database
from sqlalchemy import ColumnElement, exists, func, not_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from notification.limiter.tables import SenderRow
from notification.messages.rules import Channel, EventType
from notification.queue.rules import RETRYABLE, WITHOUT_CHANNEL, Status
from notification.queue.tables import Notification
from notification.queue.validity import is_outdated

MOST_COUNTED: Final = 1_000
"""There are more if this is the count."""

_NEWEST: Final = 2 * MOST_COUNTED
"""How many messages are looked at. Whether one is still current takes a while to find out, and old ones seldom are."""

_UNDER_WAY: Final = (Status.PENDING, Status.SENDING, Status.SENT, Status.DELIVERED)
_FAILED: Final = tuple(Notification.status == each for each in RETRYABLE)
_LACKED_CHANNEL: Final = (Notification.status == Status.SKIPPED) & Notification.failed_reason.in_(WITHOUT_CHANNEL)


@dataclass(frozen=True)
class Backlog:
    """What waits for staff, `MOST_COUNTED` at most, and since when the oldest of it does."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class QueueStats:
    """What needs staff.

    Attributes:
        failed: messages that failed, or may not have arrived.
        undelivered_tickets: runners whose ticket was sent on no channel, nor waits to be.
        channels_in_trouble: those whose provider does not accept messages.
    """

    failed: Backlog
    undelivered_tickets: Backlog
    channels_in_trouble: Sequence[Channel]


async def read_stats(database: Database) -> QueueStats:
    """Return what needs staff and is still current."""
    now = database.clock()
    async with database.read() as session:
        return QueueStats(
            failed=await _backlog(session, _FAILED, Notification.id, now=now),
            undelivered_tickets=await _backlog(session, _lost_tickets(), Notification.participant_id, now=now),
            channels_in_trouble=await _channels_in_trouble(session),
        )


def _lost_tickets() -> Sequence[ColumnElement[bool]]:
    """Return the conditions, one for each status, of tickets that were not sent on this or another channel."""
    other = aliased(Notification)
    on_another_channel = exists().where(
        other.participant_id == Notification.participant_id,
        other.event_type == EventType.REGISTRATION_CONFIRMED,
        other.status.in_(_UNDER_WAY),
    )
    is_ticket = Notification.event_type == EventType.REGISTRATION_CONFIRMED
    return [is_ticket & each & not_(on_another_channel) for each in (*_FAILED, _LACKED_CHANNEL)]


async def _backlog(
    session: AsyncSession,
    conditions: Sequence[ColumnElement[bool]],
    counted: InstrumentedAttribute[Any],
    *,
    now: datetime,
) -> Backlog:
    """Return how many different values of a column the current messages have for which one of the conditions holds.

    Each condition is about one status, whose newest messages an index has: in the order of all messages, those that
    were sent would be read, too.
    """
    of_each = [
        select(Notification.id, Notification.created_at)
        .where(each)
        .order_by(Notification.created_at.desc())
        .limit(_NEWEST)
        .subquery()
        for each in conditions
    ]
    some = union_all(*(select(each.c.id, each.c.created_at) for each in of_each)).subquery()
    newest = select(some.c.id).order_by(some.c.created_at.desc()).limit(_NEWEST)
    found = (
        select(func.min(Notification.created_at).label("created_at"))
        .where(Notification.id.in_(newest), not_(await is_outdated(session, now=now)))
        .group_by(counted)
        .limit(MOST_COUNTED)
        .subquery()
    )
    count, oldest = (await session.execute(select(func.count(), func.min(found.c.created_at)))).one()
    return Backlog(count, oldest)


async def _channels_in_trouble(session: AsyncSession) -> Sequence[Channel]:
    query = select(SenderRow.channel).where(SenderRow.trouble.is_not(None)).order_by(SenderRow.channel)
    return [Channel(each) for each in (await session.execute(query)).scalars()]
