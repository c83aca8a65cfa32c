"""Asking payers for an amount that no other payer is asked to transfer."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import select, text

from payment.instructions.queries import settings_row
from payment.instructions.rules import TransferCode
from payment.invoices.commands import ensure_payable
from payment.invoices.tables import Invoice, TransferAmount
from payment.transfers.errors import TransferNotOffered
from payment.transfers.rules import Codes, codes_for

_RUPIAH: Final = "IDR"

# A random code whose amount is free, or none. The unique index decides: of concurrent statements with one amount the
# second waits for the first, and inserts nothing. Amounts of invoices are left out, as their payers may transfer them.
# The conditions are scalar subqueries, which are not turned into joins: they are asked until one code is free.
_ASK: Final = text("""
    WITH free AS MATERIALIZED (
        SELECT code, payable FROM (
            SELECT code, currency, amount + CAST(:sign AS int) * code AS payable
              FROM invoices, generate_series(1, CAST(:last AS int)) AS code
             WHERE registration_id = CAST(:registration_id AS uuid) ORDER BY random()
        ) AS shuffled
         WHERE (SELECT 1 FROM transfer_amounts AS other WHERE other.code IS NOT NULL
                   AND other.currency = shuffled.currency AND other.payable_amount = payable) IS NULL
           AND (SELECT 1 FROM invoices AS other WHERE other.amount = payable LIMIT 1) IS NULL
         LIMIT 1
    )
    INSERT INTO transfer_amounts (registration_id, amount, currency, code, payable_amount, created_at)
    SELECT registration_id, amount, currency, code, coalesce(payable, amount), CAST(:now AS timestamptz)
      FROM invoices LEFT JOIN free ON true WHERE registration_id = CAST(:registration_id AS uuid)
        ON CONFLICT DO NOTHING RETURNING *
""")
_ASKED: Final = select(TransferAmount).from_statement(_ASK)


@dataclass(frozen=True)
class Transfer:
    """What a payer has to transfer, where to, and until when.

    Attributes:
        unique_code: the difference to the price; None if the price is to be transferred.
    """

    payable_amount: Decimal
    unique_code: int | None
    bank_name: str | None
    account_number: str
    account_holder_name: str | None
    valid_until: datetime


async def ask_transfer(work: UnitOfWork, registration_id: UUID, *, by: Staff | None) -> Transfer:
    """Return what the payer of an invoice has to transfer; the same amount again when it is repeated.

    That is the amount of the invoice if codes are switched off, or none is free.

    Args:
        by: the member of staff who asks for the runner; None for the runner.

    Raises:
        TransferNotOffered.
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    settings = await settings_row(work.session)
    if settings.account_number is None:
        raise TransferNotOffered
    await ensure_payable(work.session, registration_id, now=work.now)
    invoice = await work.session.get_one(Invoice, registration_id)
    asked = await work.session.get(TransferAmount, registration_id)
    if asked is None:
        asked = await _ask(work, invoice, TransferCode(settings.transfer_code))
        if by is not None:
            await work.audit(by.actor, "transfer.ask", str(registration_id), amount=shown_value(asked.payable_amount))
    return Transfer(
        payable_amount=asked.payable_amount,
        unique_code=asked.code,
        bank_name=settings.bank_name,
        account_number=settings.account_number,
        account_holder_name=settings.account_holder_name,
        valid_until=invoice.expires_at,
    )


async def _ask(work: UnitOfWork, invoice: Invoice, way: TransferCode) -> TransferAmount:
    """Store what the payer of an invoice is asked for, and return it. Each repetition lost a code to another payer."""
    codes = _codes(invoice, way)
    parameters = {
        "registration_id": invoice.registration_id,
        "sign": codes.sign,
        "last": codes.last,
        "now": work.now,
    }
    asked: TransferAmount | None = None
    while asked is None:
        inserted = (await work.session.execute(_ASKED, parameters)).scalar_one_or_none()
        asked = inserted or await work.session.get(TransferAmount, invoice.registration_id)
    return asked


def _codes(invoice: Invoice, way: TransferCode) -> Codes:
    """Return the codes for an invoice; they are small amounts in rupiah only."""
    return codes_for(invoice.amount, way if invoice.currency == _RUPIAH else TransferCode.OFF)
