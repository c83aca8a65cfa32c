"""The sweep of orphaned images: those without a row, after a crash before the commit or a replaced QRIS image.

After a restore of the database to an earlier time, images stored since then have no row and may be the only trace of a
payment. So orphans are moved to the trash, not deleted, and none is touched for a day after the first start or after
a sign of a restore.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger
from sqlalchemy import CompoundSelect, case, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert

from payment.images.store import ImageStore
from payment.instructions.tables import PaymentSettings
from payment.proofs.tables import ImageSweep, Payment

log = logger(__name__)

_MINIMUM_AGE = timedelta(hours=1)
"""Longer than any upload: an older image without a row will not get one."""

_MAX_UPLOAD_TIME = timedelta(minutes=10)
"""An image older than this, newer than every row, and without a row is a sign of a restore."""

_QUARANTINE = timedelta(days=1)
_KEEP_TRASH = timedelta(days=30)


async def sweep_orphans(database: Database, store: ImageStore) -> int:
    """Move orphaned images older than an hour to the trash, and delete those 30 days in the trash.

    Return how many were moved. Nothing is moved for a day after the first sweep of this database, or after a sweep that
    found an orphan newer than all rows.
    """
    now = database.clock()
    orphans = await _orphans(database, store, before=now - _MAX_UPLOAD_TIME)
    async with database.work() as work:
        quiet_until = await record_sweep(work, newest=max(orphans.values(), default=None))
    if now < quiet_until:
        if orphans:
            log.warning("orphans_left_alone", found=len(orphans), until=quiet_until.isoformat())
        return 0
    old = [path for path, stored_at in orphans.items() if stored_at < now - _MINIMUM_AGE]
    await store.move_to_trash(old, on=now.date())
    await store.empty_trash(before=(now - _KEEP_TRASH).date())
    if old:
        log.info("orphans_swept", moved=len(old))
    return len(old)


async def _orphans(database: Database, store: ImageStore, *, before: datetime) -> Mapping[str, datetime]:
    """Return the images stored before `before` without a row: path -> time it was stored."""
    found: dict[str, datetime] = {}
    async for images in store.older_than(before):
        unknown = await _unknown(database, list(images))
        found |= {path: images[path] for path in unknown}
    return found


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


async def record_sweep(work: UnitOfWork, *, newest: datetime | None) -> datetime:
    """Record a sweep whose newest orphan was stored at `newest`. Return until when orphans are not moved.

    An orphan newer than every row and than those of earlier sweeps is taken as a sign of a restore.
    """
    newest_row = func.greatest(
        select(func.max(Payment.uploaded_at)).scalar_subquery(),
        select(func.max(PaymentSettings.updated_at)).scalar_subquery(),
    )
    quiet, seen = work.now + _QUARANTINE, ImageSweep.seen_until
    changes: dict[str, Any] = {"id": 1}
    if newest is not None:
        restored = literal(newest) > func.greatest(seen, newest_row)
        changes = {
            "quiet_until": case((restored, literal(quiet)), else_=ImageSweep.quiet_until),
            "seen_until": func.greatest(seen, literal(newest)),
        }
    sweep = insert(ImageSweep).values(id=1, quiet_until=quiet, seen_until=work.now)
    noted = sweep.on_conflict_do_update(index_elements=["id"], set_=changes).returning(ImageSweep.quiet_until)
    return (await work.session.execute(noted)).scalar_one()
