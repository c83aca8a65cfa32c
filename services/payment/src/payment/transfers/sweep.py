"""Releasing amounts of invoices that ended long ago."""

from typing import Final

from chassis.database import Database
from chassis.portions import delete_in_portions
from sqlalchemy import exists

from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice, TransferAmount
from payment.transfers.rules import KEPT

_ENDED: Final = (InvoiceStatus.PAID, InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED)


async def release_amounts(database: Database) -> int:
    """Let other payers be asked for the amounts of invoices that ended `KEPT` ago; return how many.

    The time of an invoice's last change is that of its end or later, so an event that comes late only delays this.
    """
    ended = (
        Invoice.registration_id == TransferAmount.registration_id,
        Invoice.status.in_(_ENDED),
        Invoice.updated_at <= database.clock() - KEPT,
    )
    return await delete_in_portions(database, TransferAmount, exists().where(*ended))
