"""Queries for proofs of payment."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.errors import InvoiceNotFound
from payment.invoices.tables import Invoice
from payment.proofs.tables import Payment


async def invoice_of(session: AsyncSession, registration_id: UUID) -> tuple[Invoice, Sequence[Payment]]:
    """Return the invoice of a registration and its payments, oldest first.

    Raises:
        InvoiceNotFound.
    """
    invoice = await session.get(Invoice, registration_id)
    if invoice is None:
        raise InvoiceNotFound
    sent = select(Payment).where(Payment.registration_id == registration_id).order_by(Payment.uploaded_at, Payment.id)
    return invoice, (await session.execute(sent)).scalars().all()
