"""Storing what events say about races."""

from chassis.database import UnitOfWork
from contracts import RegistrationCreated
from sqlalchemy import and_, exists, select
from sqlalchemy.dialects.postgresql import insert

from payment.races.tables import Category, Race


async def store_race(work: UnitOfWork, created: RegistrationCreated) -> None:
    """Store the race and the category of a registration, if the event is the first or newest about them.

    Looks first: an upsert would lock the row of the race for each of thousands of registrations.
    """
    if await _is_known(work, created):
        return
    race = {
        "event_id": created.event.event_id,
        "name": created.event.name,
        "timezone": created.event.timezone,
        "revision": created.event.revision,
    }
    category = {
        "category_id": created.category_id,
        "event_id": created.event.event_id,
        "name": created.category_name,
        "number_prefix": number_prefix(created.registration_number),
        "revision": created.event.revision,
    }
    await _upsert(work, Race, "event_id", race)
    await _upsert(work, Category, "category_id", category)


async def _is_known(work: UnitOfWork, created: RegistrationCreated) -> bool:
    known = and_(
        exists().where(Race.event_id == created.event.event_id, Race.revision >= created.event.revision),
        exists().where(Category.category_id == created.category_id, Category.revision >= created.event.revision),
    )
    return (await work.session.execute(select(known))).scalar_one()


async def _upsert(work: UnitOfWork, table: type[Race] | type[Category], key: str, row: dict[str, object]) -> None:
    statement = insert(table).values(row)
    newer = table.revision < statement.excluded.revision
    await work.session.execute(statement.on_conflict_do_update(index_elements=[key], set_=row, where=newer))


def number_prefix(registration_number: str) -> str:
    """Return the part of a registration number that its category has for itself: `FR5K` of `FR5K-00042`."""
    return registration_number.rpartition("-")[0]
