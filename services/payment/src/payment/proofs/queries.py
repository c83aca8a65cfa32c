"""Queries for proofs of payment."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.proofs.tables import Payment


async def payments_of(session: AsyncSession, registration_id: UUID) -> Sequence[Payment]:
    """Return the payments of a registration, oldest first."""
    sent = select(Payment).where(Payment.registration_id == registration_id).order_by(Payment.uploaded_at, Payment.id)
    return (await session.execute(sent)).scalars().all()
