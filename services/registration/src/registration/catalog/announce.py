"""Publishing the facts of a race that other services copy."""

from collections.abc import Collection
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import CategoryName, EventSummary, RaceChanged
from sqlalchemy import select, update

from registration.catalog.tables import Race, RaceCategory

REPEATED_ELSEWHERE = frozenset({"name", "event_date", "location", "timezone"})
"""The fields of a race that messages and other services copy."""


async def announce_race(work: UnitOfWork, event_id: UUID, changed: Collection[str], *, notify_runners: bool) -> None:
    """Publish the current facts of a race, with a new revision.

    Args:
        changed: names of what changed, `categories` for the name of one.
        notify_runners: whether confirmed runners get a message.
    """
    counted = update(Race).where(Race.id == event_id).values(revision=Race.revision + 1).returning(*_REPEATED)
    row = (await work.session.execute(counted)).mappings().one()
    names = (
        select(RaceCategory.id, RaceCategory.name).where(RaceCategory.event_id == event_id).order_by(RaceCategory.id)
    )
    categories = (await work.session.execute(names)).all()
    race = RaceChanged(
        event=EventSummary(event_id=event_id, **row),
        categories=tuple(CategoryName(category_id=each.id, name=each.name) for each in categories),
        changed=tuple(sorted(changed)),
        notify_runners=notify_runners,
    )
    work.publish(race, subject=event_id)


async def announce_unknown_races(work: UnitOfWork) -> int:
    """Publish races that were never published, and return how many.

    They were created before races were published. Workers may do so concurrently.
    """
    unknown = select(Race.id).where(Race.revision == 0).with_for_update(skip_locked=True).limit(100)
    event_ids = (await work.session.execute(unknown)).scalars().all()
    for event_id in event_ids:
        await announce_race(work, event_id, (), notify_runners=False)
    return len(event_ids)


_REPEATED = (Race.name, Race.event_date, Race.location, Race.timezone, Race.revision)
