"""The sweep of orphaned images: those without a row, after a crash before the commit or when they were replaced.

After a restore of the database to an earlier time, images stored since then have no row and may be the only trace of a
payment. So an orphan stays for a day from the first sweep that saw it, which the database records: a restored one does
not know the images that became orphans with it, and they get their day. Then they are moved to the trash, not deleted.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.aside import SET_ASIDE
from chassis.database import Database, UnitOfWork
from chassis.images.store import ImageStore
from chassis.telemetry import logger

log = logger(__name__)


@dataclass(frozen=True)
class Kept:
    """The images of a service.

    Attributes:
        folders: in which it stores them; it leaves others alone, as another service may have the same bucket.
        named: returns which of some paths its rows name.
    """

    folders: Collection[str]
    named: Callable[[AsyncSession, Sequence[str]], Awaitable[set[str]]]

    def takes(self, path: str) -> bool:
        """Return whether an image may be one of this service."""
        return path.partition("/")[0] in self.folders and len(path) <= _LONGEST_PATH


_MINIMUM_AGE = timedelta(hours=1)
"""Longer than any upload: an older image without a row will not get one."""

_QUARANTINE = timedelta(days=1)
_KEEP_TRASH = timedelta(days=30)
_LONGEST_PATH = 255
"""Of the columns with paths."""


async def sweep_orphans(database: Database, store: ImageStore, kept: Kept) -> int:
    """Move images that have been orphans for a day to the trash, and delete those 30 days in the trash.

    Return how many were moved. Images that cannot be moved or deleted are logged and counted by a metric.

    Args:
        database: of a service with a table `image_orphans`.
    """
    now = database.clock()
    orphans = await _orphans(database, store, kept, before=now - _MINIMUM_AGE)
    async with database.work() as work:
        due = await record_orphans(work, orphans)
    failed = await store.move_to_trash(due, on=now.date())
    stuck = await _empty_trash(database, store, kept, before=(now - _KEEP_TRASH).date())
    SET_ASIDE.labels("sweep_orphans").set(failed + stuck)
    if orphans:
        log.info("orphans_swept", moved=len(due) - failed, failed=failed, left_alone=len(orphans) - len(due))
    return len(due) - failed


async def _orphans(database: Database, store: ImageStore, kept: Kept, *, before: datetime) -> list[str]:
    """Return the paths of the images stored before `before` without a row."""
    found: list[str] = []
    async for images in store.older_than(before):
        found += await _unknown(database, kept, [path for path in images if kept.takes(path)])
    return found


async def _empty_trash(database: Database, store: ImageStore, kept: Kept, *, before: date) -> int:
    """Delete images discarded before the day `before`, and move back those with a row; return for how many it failed.

    A row may be back after another restore.
    """
    failed = 0
    async for images in store.discarded(before=before):
        own = [path for path in images if kept.takes(path)]
        unknown = set(await _unknown(database, kept, own))
        failed += await store.delete_discarded([images[path] for path in unknown])
        failed += await store.take_back([path for path in own if path not in unknown])
    return failed


async def _unknown(database: Database, kept: Kept, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    async with database.read() as session:
        named = await kept.named(session, paths)
    return [path for path in paths if path not in named]


_NO_LONGER_THERE = text("""
    DELETE FROM image_orphans
     WHERE NOT EXISTS (SELECT 1 FROM unnest(CAST(:paths AS text[])) AS here (path) WHERE here.path = image_orphans.path)
""")
_SEEN = text("""
    INSERT INTO image_orphans (path, seen_at) SELECT path, :now FROM unnest(CAST(:paths AS text[])) AS here (path)
     ORDER BY path ON CONFLICT DO NOTHING
""")
_LONG_SINCE = text("SELECT path FROM image_orphans WHERE seen_at <= :until")


async def record_orphans(work: UnitOfWork, paths: Collection[str]) -> list[str]:
    """Record which images are orphans now. Return those that have been orphans for a day."""
    await work.session.execute(_NO_LONGER_THERE, {"paths": list(paths)})
    await work.session.execute(_SEEN, {"paths": list(paths), "now": work.now})
    return list((await work.session.execute(_LONG_SINCE, {"until": work.now - _QUARANTINE})).scalars())
