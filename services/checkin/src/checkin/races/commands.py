"""Storing the newest names, independent of the order in which events arrive."""

from collections.abc import Iterable
from typing import Any, Final, cast
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import CategoryName, EventSummary
from sqlalchemy import Integer, String, Table, Uuid, bindparam, exists, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from checkin.races.tables import Category, Race


def _upsert_if_newer(kind: type[Race] | type[Category]) -> Insert:
    """Return the statement that stores a name unless the same or a newer revision is stored.

    ON CONFLICT locks the existing row even if nothing changes, and every confirmation carries the name of its race. The
    `NOT EXISTS` avoids that lock when the revision is known.
    """
    table = cast("Table", kind.__table__)
    revision = bindparam("new_revision", type_=Integer)
    parameters = (bindparam("new_id", type_=Uuid), bindparam("new_name", type_=String), revision)
    known = exists().where(table.c.id == parameters[0], table.c.revision >= revision)
    storing = upsert(table).from_select(["id", "name", "revision"], select(*parameters).where(~known))
    return storing.on_conflict_do_update(
        index_elements=[table.c.id],
        set_={"name": storing.excluded.name, "revision": storing.excluded.revision},
        where=table.c.revision < storing.excluded.revision,
    )


_UPSERT_RACE: Final = _upsert_if_newer(Race)
_UPSERT_CATEGORY: Final = _upsert_if_newer(Category)


async def update_names(work: UnitOfWork, race: EventSummary, categories: Iterable[CategoryName]) -> None:
    """Store the names of a race and its categories if they are newer than the stored ones."""
    known = sorted(categories, key=lambda category: category.category_id)
    await work.session.execute(_UPSERT_RACE, [_parameters(race.event_id, race.name, race)])
    if known:
        await work.session.execute(_UPSERT_CATEGORY, [_parameters(each.category_id, each.name, race) for each in known])


def _parameters(new_id: UUID, name: str, race: EventSummary) -> dict[str, Any]:
    return {"new_id": new_id, "new_name": name, "new_revision": race.revision}
