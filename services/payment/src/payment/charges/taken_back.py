"""Storing what was taken back of payments, where processes of older releases only booked it."""

from typing import Final
from uuid import UUID

from chassis.database import Database, UnitOfWork
from sqlalchemy import text

from payment.ledger.taken_back import TAKEN_BACK
from payment.refunds.commands import lock_payment

_MISSING: Final = text(f"""
    SELECT p.id FROM ({TAKEN_BACK}) AS back JOIN payments p USING (source)
     WHERE p.taken_back <> back.amount ORDER BY p.id
""")  # noqa: S608  # constants of ours, here and below
_STORE: Final = text(f"""
    UPDATE payments SET taken_back = back.amount FROM ({TAKEN_BACK}) AS back
     WHERE payments.source = back.source AND payments.id = :id AND payments.taken_back <> back.amount
""")  # noqa: S608


async def store_missing_taken_back(database: Database) -> int:
    """Store what was taken back of payments that have another sum of it than the ledger; return of how many."""
    async with database.read() as session:
        missing = (await session.execute(_MISSING)).scalars().all()
    for payment_id in missing:
        async with database.work() as work:
            await _store(work, payment_id)
    return len(missing)


async def _store(work: UnitOfWork, payment_id: UUID) -> None:
    """Store it after the lock, so that what is booked meanwhile is in the sum."""
    if await lock_payment(work, payment_id) is not None:
        await work.session.execute(_STORE, {"id": payment_id})
