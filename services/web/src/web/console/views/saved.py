"""Saving, finding, renaming and deleting views. Each member of staff has their own."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.errors import NotFound
from sqlalchemy import ColumnElement, delete, func, select, update

from web.console.views.errors import TooManyViews, ViewNameTaken
from web.console.views.tables import SavedView

AT_MOST: Final = 50
"""Views of one member of staff, on all pages together."""


class SavedViews:
    """The views in the pages' own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, staff_id: UUID, page: str) -> Sequence[SavedView]:
        """Return the views of a list that a member of staff saved, by name."""
        query = select(SavedView).where(SavedView.staff_id == staff_id, SavedView.page == page)
        async with self._database.read() as session:
            found = (await session.scalars(query)).all()
        return sorted(found, key=lambda view: view.name.casefold())

    async def one(self, staff_id: UUID, page: str, view_id: UUID) -> SavedView:
        """Return a view.

        Raises:
            NotFound: there is none, or it belongs to another person.
        """
        async with self._database.read() as session:
            found: SavedView | None = await session.scalar(select(SavedView).where(*_own(staff_id, page, view_id)))
        if found is None:
            raise NotFound
        return found

    async def save(self, staff_id: UUID, page: str, name: str, query: str) -> None:
        """Save a state under a name. Saving the same again changes nothing.

        Raises:
            ViewNameTaken, TooManyViews.
        """
        async with self._database.work() as work:
            await _in_turn(work, staff_id)
            named = SavedView.staff_id == staff_id, SavedView.page == page, SavedView.name == name
            earlier = await work.session.scalar(select(SavedView.query).where(*named))
            if earlier == query:
                return
            if earlier is not None:
                raise ViewNameTaken
            count = select(func.count()).select_from(SavedView).where(SavedView.staff_id == staff_id)
            if (await work.session.scalar(count) or 0) >= AT_MOST:
                raise TooManyViews
            values = {"page": page, "name": name, "query": query}
            work.session.add(SavedView(staff_id=staff_id, created_at=work.now, **values))

    async def rename(self, staff_id: UUID, page: str, view_id: UUID, name: str) -> None:
        """Give a view another name.

        Raises:
            ViewNameTaken.
            NotFound: there is no such view, or it belongs to another person.
        """
        async with self._database.work() as work:
            await _in_turn(work, staff_id)
            others = SavedView.staff_id == staff_id, SavedView.page == page, SavedView.name == name
            if await work.session.scalar(select(SavedView.id).where(*others, SavedView.id != view_id)):
                raise ViewNameTaken
            change = update(SavedView).where(*_own(staff_id, page, view_id)).values(name=name)
            if await work.session.scalar(change.returning(SavedView.id)) is None:
                raise NotFound

    async def delete(self, staff_id: UUID, page: str, view_id: UUID) -> None:
        """Delete a view if it is there."""
        async with self._database.work() as work:
            await work.session.execute(delete(SavedView).where(*_own(staff_id, page, view_id)))


def _own(staff_id: UUID, page: str, view_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return SavedView.staff_id == staff_id, SavedView.page == page, SavedView.id == view_id


async def _in_turn(work: UnitOfWork, staff_id: UUID) -> None:
    """Have changes of the views of one member of staff wait for each other."""
    lock: Any = select(func.pg_advisory_xact_lock(func.hashtextextended(str(staff_id), 0)))
    await work.session.execute(lock)
