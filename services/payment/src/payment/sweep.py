"""The sweep of images that no payment, no refund and no setting names."""

from collections.abc import Sequence
from typing import Any

from chassis.database import Database
from chassis.images import sweep
from chassis.images.store import ImageStore
from sqlalchemy import CompoundSelect, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.tables import PaymentSettings
from payment.proofs.tables import Payment
from payment.refunds.tables import Refund


async def sweep_orphans(database: Database, store: ImageStore) -> int:
    """Move images that have been orphans for a day to the trash; return how many."""
    return await sweep.sweep_orphans(database, store, _KEPT)


async def _named(session: AsyncSession, paths: Sequence[str]) -> set[str]:
    named: CompoundSelect[*tuple[Any, ...]] = union_all(
        select(Payment.payment_proof_path).where(Payment.payment_proof_path.in_(paths)),
        select(PaymentSettings.qris_image_path).where(PaymentSettings.qris_image_path.in_(paths)),
        select(Refund.evidence_path).where(Refund.evidence_path.in_(paths)),
    )
    return set((await session.execute(named)).scalars())


_KEPT = sweep.Kept({"proofs", "qris", "refunds"}, _named)
