"""Sending events again that were sent before, after a restore has lost them on their way."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from chassis.database import NOTIFY, Database, UnitOfWork
from chassis.portions import PORTION
from chassis.sent_events.partitions import periods
from chassis.sent_events.rules import Period, gapless
from chassis.tables import LONGEST_SENT_EVENTS_DAYS, OUTBOX_QUEUE

_LONGEST: Final = timedelta(days=LONGEST_SENT_EVENTS_DAYS)

# The header tells the outbox's trigger that there is a copy. An event that waits there already is not put there twice.
_PUT_BACK = text(f"""
    WITH chosen AS (
        SELECT sent_at, message_id, type, payload, headers FROM sent_events
         WHERE sent_at >= :sent_at AND (sent_at, message_id) > (:sent_at, :message_id) AND sent_at < :until
         ORDER BY sent_at, message_id LIMIT :size
    ), put_back AS (
        INSERT INTO outbox (queue, payload, headers, timer_id)
        SELECT '{OUTBOX_QUEUE}', payload,
               CASE jsonb_typeof(headers) WHEN 'object' THEN headers ELSE '{{}}' END
                   || jsonb_build_object('sent_at', sent_at),
               CAST(message_id AS text)
          FROM chosen ORDER BY sent_at, message_id
            ON CONFLICT (queue, timer_id) WHERE timer_id IS NOT NULL DO NOTHING
    )
    SELECT sent_at, message_id, type FROM chosen ORDER BY sent_at, message_id
""")  # noqa: S608  # a constant of ours
_NOTIFY = text(f"SELECT {NOTIFY}")


class NotKept(ValueError):
    """The events of the period are not all there, or are older than what subscribers recognise."""


async def require_kept(database: Database, since: datetime, until: datetime | None = None) -> Period:
    """Return the period from `since` to `until`, or to now, if all events that were sent in it can be sent again.

    Raises:
        NotKept: with the reason.
    """
    async with database.read() as session:
        now = await database.server_time(session)
        kept = await periods(session)
    wanted = Period(since, min(until or now, now))
    _require(database.service, wanted, kept, now)
    return wanted


def _require(service: str, wanted: Period, kept: Sequence[Period], now: datetime) -> None:
    if wanted.start >= wanted.end:
        raise NotKept(f"{wanted.start} is not before {wanted.end}")
    if wanted.start < now - _LONGEST:
        days = LONGEST_SENT_EVENTS_DAYS
        raise NotKept(f"{wanted.start} is more than {days} days ago; for older events use `startline doctor --repair`")
    found = gapless(kept, wanted.start)
    if found is None:
        later = [period.start for period in kept if period.start > wanted.start]
        hint = f"those from {min(later)} on" if later else "none"
        raise NotKept(f"{service} kept no events that were sent at {wanted.start}, but {hint}")
    if found.end < wanted.end:
        raise NotKept(f"{service} kept no events that were sent at {found.end}; --until may be that at the latest")


async def republish(database: Database, period: Period, *, by: str, at_once: int = PORTION) -> Counter[str]:
    """Put the events that the service sent in the period back into the outbox; return their number by type.

    They keep their ids, so that subscribers which handled them ignore them. May be repeated. Each portion is a
    transaction with its entry in the audit log.

    Args:
        by: who asked for it.
        at_once: events in one transaction.
    """
    counts, last, portion = Counter[str](), (period.start, UUID(int=0)), at_once
    while portion >= at_once:
        async with database.work() as work:
            found = await _put_back(work, last, period, at_once)
            types = Counter(row.type for row in found)
            if found:
                await work.session.execute(_NOTIFY)
                await work.audit(by, "events.republish", database.service, **_facts(period, types))
        counts += types
        portion = len(found)
        if found:
            last = found[-1].sent_at, found[-1].message_id
    return counts


async def _put_back(
    work: UnitOfWork, last: tuple[datetime, UUID], period: Period, size: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    values = {"sent_at": last[0], "message_id": last[1], "until": period.end, "size": size}
    return (await work.session.execute(_PUT_BACK, values)).all()


def _facts(period: Period, types: Counter[str]) -> dict[str, Any]:
    return {"since": period.start.isoformat(), "until": period.end.isoformat(), "events": dict(types)}
