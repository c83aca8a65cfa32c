"""Images that nobody refers to: the process died between storing and committing, or they were replaced."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chassis.database import Database
from chassis.telemetry import logger
from sqlalchemy import CompoundSelect, select, union_all

from payment.instructions.tables import PaymentSettings
from payment.proofs.store import ImageStore
from payment.proofs.tables import Payment

log = logger(__name__)

_LONG_ENOUGH = timedelta(hours=1)
"""No upload takes this long: what is older and has no row will never get one."""


async def sweep_orphans(database: Database, store: ImageStore) -> int:
    """Remove images older than an hour that no row names. Returns how many."""
    removed = 0
    async for paths in store.older_than(database.clock() - _LONG_ENOUGH):
        orphans = await _unknown(database, paths)
        await store.drop(orphans)
        removed += len(orphans)
    if removed:
        log.info("orphans_swept", removed=removed)
    return removed


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
