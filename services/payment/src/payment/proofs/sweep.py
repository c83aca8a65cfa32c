"""Images without a reference in the database: the process died between storing and committing, or they were replaced.

A database that was restored to an earlier moment does not know the images stored since, which may be all that is left
of somebody's payment. So orphans go to the trash first, and none is touched for a day after a first start or a sign of
such a restore.
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

_LONG_ENOUGH = timedelta(hours=1)
"""No upload takes this long: what is older and has no row will never get one."""

_UNDER_WAY = timedelta(minutes=10)
"""An upload may take this long; what is older and newer than every row was stored for a row that got lost."""

_QUIET = timedelta(days=1)
_KEEP_TRASH = timedelta(days=30)


async def sweep_orphans(database: Database, store: ImageStore) -> int:
    """Move images older than an hour that no row names to the trash, and empty that of what is older than 30 days.

    Return how many were moved: 0 for a day after the first sweep of this database, or after one that found an image
    that is newer than all rows.
    """
    now = database.clock()
    orphans = await _orphans(database, store, before=now - _UNDER_WAY)
    async with database.work() as work:
        quiet_until = await _note_sweep(work, newest=max(orphans.values(), default=None))
    if now < quiet_until:
        if orphans:
            log.warning("orphans_left_alone", found=len(orphans), until=quiet_until.isoformat())
        return 0
    old = [path for path, stored_at in orphans.items() if stored_at < now - _LONG_ENOUGH]
    await store.move_to_trash(old, on=now.date())
    await store.empty_trash(before=(now - _KEEP_TRASH).date())
    if old:
        log.info("orphans_swept", moved=len(old))
    return len(old)


async def _orphans(database: Database, store: ImageStore, *, before: datetime) -> Mapping[str, datetime]:
    """Paths of images stored before then that no row names, each with the moment it was stored."""
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


async def _note_sweep(work: UnitOfWork, *, newest: datetime | None) -> datetime:
    """Note a sweep whose newest orphan was stored at `newest`. Return until when orphans are left alone.

    One newer than every row, and than what earlier sweeps saw, is the sign of a restore.
    """
    newest_row = func.greatest(
        select(func.max(Payment.uploaded_at)).scalar_subquery(),
        select(func.max(PaymentSettings.updated_at)).scalar_subquery(),
    )
    quiet, seen = work.now + _QUIET, ImageSweep.seen_until
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
