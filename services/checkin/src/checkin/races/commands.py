"""Keeping the newest names, whatever the order in which events arrive."""

from collections.abc import Iterable
from typing import Any, Final, cast
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import CategoryName, EventSummary
from sqlalchemy import Integer, String, Table, Uuid, bindparam, exists, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from checkin.races.tables import Category, Race


def _keeping_the_newest(kind: type[Race] | type[Category]) -> Insert:
    """Return the statement that stores a name unless one of the same or a newer revision is stored.

    A conflicting row is locked even where nothing is changed, and every confirmation of a race tells its name: the
    `NOT EXISTS` lets those that know nothing new pass without waiting for each other.
    """
    table = cast("Table", kind.__table__)
    revision = bindparam("said_revision", type_=Integer)
    said = (bindparam("said_id", type_=Uuid), bindparam("said_name", type_=String), revision)
    known = exists().where(table.c.id == said[0], table.c.revision >= revision)
    storing = upsert(table).from_select(["id", "name", "revision"], select(*said).where(~known))
    return storing.on_conflict_do_update(
        index_elements=[table.c.id],
        set_={"name": storing.excluded.name, "revision": storing.excluded.revision},
        where=table.c.revision < storing.excluded.revision,
    )


_KEEP_RACE: Final = _keeping_the_newest(Race)
_KEEP_CATEGORY: Final = _keeping_the_newest(Category)


async def learn_names(work: UnitOfWork, race: EventSummary, categories: Iterable[CategoryName]) -> None:
    """Store the names of a race and of categories of it, where they are newer than what is stored."""
    known = sorted(categories, key=lambda category: category.category_id)
    await work.session.execute(_KEEP_RACE, [_said(race.event_id, race.name, race)])
    if known:
        await work.session.execute(_KEEP_CATEGORY, [_said(each.category_id, each.name, race) for each in known])


def _said(said_id: UUID, name: str, race: EventSummary) -> dict[str, Any]:
    return {"said_id": said_id, "said_name": name, "said_revision": race.revision}
