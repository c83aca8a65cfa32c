"""The QRIS code of an invoice."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from payment.amount_codes.errors import NoAmountCode, QrisLimit
from payment.instructions.codes import code_for_amounts
from payment.instructions.queries import settings_row
from payment.invoices.commands import ensure_payable
from payment.invoices.tables import Invoice
from payment.qris.rules import with_amount

_RUPIAH: Final = "IDR"


async def amount_code(session: AsyncSession, registration_id: UUID, *, now: datetime) -> str:
    """Return the text of the QRIS code that pays exactly an invoice.

    Raises:
        NoAmountCode: it is not switched on, or the invoice is not in rupiah.
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
        QrisLimit: the amount is above the limit of the settings.
    """
    settings = await settings_row(session)
    code = code_for_amounts(settings)
    if code is None:
        raise NoAmountCode
    await ensure_payable(session, registration_id, now=now)
    invoice = await session.get_one(Invoice, registration_id)
    if invoice.currency != _RUPIAH:
        raise NoAmountCode
    if invoice.amount > settings.qris_limit:
        raise QrisLimit.of(settings.qris_limit)
    return with_amount(code, invoice.amount, invoice.registration_number)
