"""The sweep of files that no picture of an event names, as it was replaced, deleted or never committed."""

from collections.abc import Sequence

from chassis.database import Database
from chassis.images import sweep
from chassis.images.store import ImageStore
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.pictures import PictureKind
from registration.catalog.tables import EventPicture


async def sweep_orphans(database: Database, store: ImageStore) -> int:
    """Move files that have been orphans for a day to the trash; return how many."""
    return await sweep.sweep_orphans(database, store, _KEPT)


async def _named(session: AsyncSession, paths: Sequence[str]) -> set[str]:
    return set((await session.execute(select(EventPicture.path).where(EventPicture.path.in_(paths)))).scalars())


_KEPT = sweep.Kept([kind.value for kind in PictureKind], _named)
