"""The sweep of orphaned images: those without a row, after a crash before the commit or a replaced QRIS image.

After a restore of the database to an earlier time, images stored since then have no row and may be the only trace of a
payment. So an orphan stays for a day from the first sweep that saw it, which the database records: a restored one does
not know the images that became orphans with it, and they get their day. Then they are moved to the trash, not deleted.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from chassis.aside import SET_ASIDE
from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger
from sqlalchemy import CompoundSelect, select, text, union_all

from payment.images.store import ImageStore
from payment.instructions.tables import PaymentSettings
from payment.proofs.tables import ImageOrphan, Payment

log = logger(__name__)

_MINIMUM_AGE = timedelta(hours=1)
"""Longer than any upload: an older image without a row will not get one."""

_QUARANTINE = timedelta(days=1)
_KEEP_TRASH = timedelta(days=30)
_LONGEST_PATH = 255
"""Of the columns with paths: a longer one is not of this service."""


async def sweep_orphans(database: Database, store: ImageStore) -> int:
    """Move images that have been orphans for a day to the trash, and delete those 30 days in the trash.

    Return how many were moved. Images that cannot be moved or deleted are logged and counted by a metric.
    """
    now = database.clock()
    orphans = await _orphans(database, store, before=now - _MINIMUM_AGE)
    async with database.work() as work:
        due = await record_orphans(work, orphans)
    failed = await store.move_to_trash(due, on=now.date())
    stuck = await _empty_trash(database, store, before=(now - _KEEP_TRASH).date())
    SET_ASIDE.labels("sweep_orphans").set(failed + stuck)
    if orphans:
        log.info("orphans_swept", moved=len(due) - failed, failed=failed, left_alone=len(orphans) - len(due))
    return len(due) - failed


async def _orphans(database: Database, store: ImageStore, *, before: datetime) -> list[str]:
    """Return the paths of the images stored before `before` without a row."""
    found: list[str] = []
    async for images in store.older_than(before):
        found += await _unknown(database, [path for path in images if len(path) <= _LONGEST_PATH])
    return found


async def _empty_trash(database: Database, store: ImageStore, *, before: date) -> int:
    """Delete images discarded before the day `before`, and move back those with a row; return for how many it failed.

    A row may be back after another restore.
    """
    failed = 0
    async for images in store.discarded(before=before):
        unknown = set(await _unknown(database, list(images)))
        failed += await store.delete_discarded([images[path] for path in unknown])
        failed += await store.take_back([path for path in images if path not in unknown])
    return failed


async def _unknown(database: Database, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    named: CompoundSelect[*tuple[Any, ...]] = union_all(
        select(Payment.payment_proof_path).where(Payment.payment_proof_path.in_(paths)),
        select(PaymentSettings.qris_image_path).where(PaymentSettings.qris_image_path.in_(paths)),
    )
    async with database.read() as session:
        known = set((await session.execute(named)).scalars())
    return [path for path in paths if path not in known]


_NO_LONGER_THERE = text("""
    DELETE FROM image_orphans
     WHERE NOT EXISTS (SELECT 1 FROM unnest(CAST(:paths AS text[])) AS here (path) WHERE here.path = image_orphans.path)
""")
_SEEN = text("""
    INSERT INTO image_orphans (path, seen_at) SELECT path, :now FROM unnest(CAST(:paths AS text[])) AS here (path)
     ORDER BY path ON CONFLICT DO NOTHING
""")


async def record_orphans(work: UnitOfWork, paths: Collection[str]) -> list[str]:
    """Record which images are orphans now. Return those that have been orphans for a day."""
    await work.session.execute(_NO_LONGER_THERE, {"paths": list(paths)})
    await work.session.execute(_SEEN, {"paths": list(paths), "now": work.now})
    long_since = select(ImageOrphan.path).where(ImageOrphan.seen_at <= work.now - _QUARANTINE)
    return list((await work.session.execute(long_since)).scalars())
