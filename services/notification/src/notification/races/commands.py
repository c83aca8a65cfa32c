"""Storing races: the newest revision wins, in any order of events."""

from collections.abc import Iterable
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import CategoryName, EventSummary
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.races.tables import Race, RaceCategory

_RACE = upsert(Race)
_KEEP_NEWEST_RACE = _RACE.on_conflict_do_update(
    index_elements=[Race.event_id],
    set_={
        name: _RACE.excluded[name] for name in ("name", "event_date", "location", "timezone", "revision", "updated_at")
    },
    where=Race.revision < _RACE.excluded.revision,
)
_CATEGORY = upsert(RaceCategory)
_KEEP_NEWEST_CATEGORY = _CATEGORY.on_conflict_do_update(
    index_elements=[RaceCategory.category_id],
    set_={name: _CATEGORY.excluded[name] for name in ("name", "revision")},
    where=RaceCategory.revision < _CATEGORY.excluded.revision,
)


async def is_newer(work: UnitOfWork, event: EventSummary, category_id: UUID) -> bool:
    """Return whether `event` is newer than the stored race or category.

    A summary without a time zone comes from a release whose revisions cannot be compared: it never is.
    """
    if event.timezone is None:
        return False
    known = (
        select(Race.revision, RaceCategory.revision)
        .outerjoin(RaceCategory, RaceCategory.category_id == category_id)
        .where(Race.event_id == event.event_id)
    )
    found = (await work.session.execute(known)).first()
    return found is None or None in found or min(found) < event.revision


async def lock_race(work: UnitOfWork, event_id: UUID) -> None:
    """Serialise changes of a race and links to it. Must be taken before any contact or code is locked.

    An advisory lock, so that it also works for a race that is not stored yet.
    """
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(event_id), 0))))


async def store_race(work: UnitOfWork, event: EventSummary, categories: Iterable[CategoryName]) -> None:
    """Store a race and its categories, unless newer ones are stored."""
    race = {**event.model_dump(), "updated_at": work.now}
    await work.session.execute(_KEEP_NEWEST_RACE, [race])
    rows = [
        {
            "category_id": each.category_id,
            "event_id": event.event_id,
            "name": each.name,
            "revision": event.revision,
        }
        for each in sorted(categories, key=lambda each: each.category_id)
    ]
    if rows:
        await work.session.execute(_KEEP_NEWEST_CATEGORY, rows)


async def record_announcement(work: UnitOfWork, event: EventSummary) -> bool:
    """Record that a revision is announced. Return False if the same or a newer one was announced before."""
    newest = (
        update(Race)
        .where(Race.event_id == event.event_id, Race.notified_revision < event.revision)
        .values(notified_revision=event.revision, announced_to=None)
        .returning(Race.event_id)
    )
    return (await work.session.execute(newest)).first() is not None
