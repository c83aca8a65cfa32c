"""What an amount that was transferred pays."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.errors import AmountMismatch, InvoiceNotFound
from payment.invoices.tables import Invoice, TransferAmount


async def amount_paid_by(
    session: AsyncSession, registration_id: UUID, transferred: Decimal, currency: str | None = None
) -> Decimal:
    """Return the amount of the invoice, whatever its status, if it is paid by the amount that was transferred.

    That is the amount of the invoice, or the one that its payer was asked to transfer.

    Args:
        currency: of what was transferred; None for that of the invoice.

    Raises:
        InvoiceNotFound.
        AmountMismatch: neither; `expected` is what the payer was asked for.
    """
    asked = TransferAmount.registration_id == Invoice.registration_id
    columns = (Invoice.amount, Invoice.currency, TransferAmount.payable_amount)
    query = select(*columns).join_from(Invoice, TransferAmount, asked, isouter=True)
    found = (await session.execute(query.where(Invoice.registration_id == registration_id))).first()
    if found is None:
        raise InvoiceNotFound
    amount, payable = found.amount, found.payable_amount or found.amount
    if currency not in {None, found.currency} or transferred not in {amount, payable}:
        raise AmountMismatch.of(payable, found.currency)
    return Decimal(amount)
