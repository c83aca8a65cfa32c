"""Expiry of registrations that were not paid in time.

A registration does not expire while its deadline cannot be met or is not known: neither if it was never announced, nor
if payment may have published an event about it that is still being delivered.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.aside import work_off
from chassis.database import Database, UnitOfWork
from contracts import RegistrationCreated
from prometheus_client import Gauge
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries.rules import Trigger
from registration.entries.tables import Registration
from registration.entries.transitions import expired, move, release_people, uses_of
from registration.marks.rules import NEVER, SUBJECT, unsent
from registration.places import commands as places
from registration.places.commands import OnPlacesFreed
from registration.prices import uses

JOB = "expiry"

DEADLINES_WAIT: Final = Gauge(
    "startline_deadlines_wait_seconds", "For how long the longest overdue deadline or offer has been waiting"
)

_AT_ONCE = 200
PATIENCE: Final = timedelta(minutes=30)
"""Maximum time past the grace for which an undelivered event keeps a place, as an unreadable event must not keep it.

It runs only while marks are answered: while payment or the broker is unavailable, nothing can be delivered.
"""

# An event of another release may have any form, so only its head is used.
_SPOKEN_OF = f"""
    {unsent(RegistrationCreated.TYPE)}
    UNION
    SELECT CASE WHEN headers ->> 'event_type' LIKE 'payment.%' THEN {SUBJECT} END FROM event_retries
"""  # noqa: S608  # only constants are inserted

_PASSED_FOR_GOOD = f"""
    registrations.status = 'pending_payment' AND registrations.expires_at < :latest
    AND (registrations.expires_at < :impatient OR registrations.expires_at < :received
         AND registrations.id::text NOT IN (SELECT id FROM ({_SPOKEN_OF}) AS spoken_of WHERE id IS NOT NULL))
"""  # noqa: S608  # only constants are inserted

_DUE = text(f"""
    SELECT id FROM registrations
     WHERE {_PASSED_FOR_GOOD}
       AND NOT EXISTS (SELECT 1 FROM set_aside a WHERE a.job = '{JOB}' AND a.subject_id = registrations.id)
     ORDER BY expires_at LIMIT :at_most
""")  # noqa: S608  # only constants are inserted


@dataclass(frozen=True)
class Patience:
    """Limits that decide when a passed deadline ends a registration.

    Args:
        grace: for proofs that were in time and are still being received.
        received_until: the time until which payment's events have been received, which must be later than deadline and
            grace; None if this is not required.
        marks_until: the time until which marks have come back for so long that events which are still undelivered never
            will be; None if they may be. Ignored without `received_until`.
    """

    grace: timedelta
    received_until: datetime | None = None
    marks_until: datetime | None = None

    def moments(self, now: datetime) -> dict[str, datetime]:
        """Return the parameters with which `_PASSED_FOR_GOOD` compares deadlines."""
        marks_until = now if self.received_until is None else (self.marks_until or NEVER)
        received = min(now, self.received_until or now) - self.grace
        impatient = min(now, marks_until) - self.grace - PATIENCE
        return {"received": received, "impatient": impatient, "latest": max(received, impatient)}


async def sweep(database: Database, patience: Patience, on_freed: OnPlacesFreed) -> int:
    """Expire all due registrations, in bounded transactions, and one by one if one fails; return how many.

    Several sweeps may run concurrently.

    Args:
        on_freed: called for each category with places that became free.
    """

    async def expire_some(work: UnitOfWork, ids: Sequence[UUID]) -> int:
        return await expire(work, ids, patience=patience, on_freed=on_freed)

    async def find(session: AsyncSession) -> Sequence[UUID]:
        return await due(session, patience, now=database.clock())

    return await work_off(database, JOB, find, expire_some)


async def due(session: AsyncSession, patience: Patience, *, now: datetime, at_most: int = _AT_ONCE) -> Sequence[UUID]:
    """Return registrations whose deadline has passed for certain, longest overdue first; without those set aside."""
    return (await session.execute(_DUE, {**patience.moments(now), "at_most": at_most})).scalars().all()


_LONGEST_OVERDUE = text("SELECT min(expires_at) FROM registrations WHERE status = 'pending_payment'")


async def waiting_for(session: AsyncSession, grace: timedelta, *, now: datetime) -> timedelta | None:
    """Return for how long the longest overdue registration is past its deadline and grace; None if there is none."""
    first: datetime | None = (await session.execute(_LONGEST_OVERDUE)).scalar_one()
    if first is None or first + grace >= now:
        return None
    return now - (first + grace)


async def expire(work: UnitOfWork, ids: Sequence[UUID], *, patience: Patience, on_freed: OnPlacesFreed) -> int:
    """Expire the registrations that are still due and not locked; return how many."""
    overdue = (
        select(Registration)
        .where(Registration.id.in_(ids), text(_PASSED_FOR_GOOD))
        .order_by(Registration.expires_at)
        .with_for_update(skip_locked=True)
    )
    entries = (await work.session.execute(overdue, patience.moments(work.now))).scalars().all()
    if not entries:
        return 0
    for entry in entries:
        move(work, entry, Trigger.DEADLINE_PASSED)
        entry.expired_at = work.now
        work.publish(expired(entry), subject=entry.id)
    await work.session.flush()
    await _release(work, entries)
    await release_people(work, [entry.id for entry in entries])
    for category_id in sorted({entry.race_category_id for entry in entries}):
        await on_freed(work, category_id)
    return len(entries)


async def _release(work: UnitOfWork, entries: Sequence[Registration]) -> None:
    counts: Counter[UUID] = Counter()
    for entry in entries:
        counts[entry.race_category_id] += entry.total_participants
    for category_id in sorted(counts):
        await places.release(work, category_id, counts[category_id])
    await uses.give_back(work, uses_of(entries))
