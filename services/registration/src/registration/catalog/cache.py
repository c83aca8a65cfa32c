"""Cache of categories for one second, so that a load spike does not read the catalog for each request."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from chassis.database import Database
from chassis.single_flight import SingleFlightCache
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.errors import UnknownCategory
from registration.catalog.queries import get_category
from registration.catalog.rules import CategorySnapshot

_CATEGORY_AGE = timedelta(seconds=1)


class CategoryCache:
    """Reads each category at most once a second.

    Args:
        database: registration's own.
        deadline_scale: factor of payment deadlines; below 1 only for rehearsals.
    """

    def __init__(self, database: Database, *, deadline_scale: float) -> None:
        self._database = database
        self._deadline_scale = deadline_scale
        self._known: dict[UUID, SingleFlightCache[CategorySnapshot]] = {}

    async def get(self, category_id: UUID) -> CategorySnapshot:
        """Return the category as it was at most a second ago.

        Raises:
            UnknownCategory.
        """
        if category_id not in self._known:
            read = partial(self._read, category_id)
            self._known[category_id] = SingleFlightCache(read, age=_CATEGORY_AGE, clock=self._database.clock)
        try:
            return await self._known[category_id].get()
        except UnknownCategory:
            self._known.pop(category_id, None)
            raise

    async def _read(self, category_id: UUID) -> CategorySnapshot:
        async with self._database.read() as session:
            found = await self.current(session, category_id)
        if found is None:
            raise UnknownCategory
        return found

    async def current(self, session: AsyncSession, category_id: UUID) -> CategorySnapshot | None:
        """Return the category as the session's transaction sees it; None if it does not exist."""
        found = await get_category(session, category_id)
        if found is None:
            return None
        return replace(found, payment_deadline=found.payment_deadline * self._deadline_scale)
