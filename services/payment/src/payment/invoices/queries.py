"""Queries over invoices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice, TransferAmount

_MOST: Final = 10
_COLUMNS: Final = (
    Invoice.registration_id,
    Invoice.registration_number,
    Invoice.payer_name,
    Invoice.status,
    Invoice.amount,
    Invoice.list_amount,
    Invoice.discount,
    Invoice.promo_code,
    Invoice.price_phase,
)


async def found_by_amount(session: AsyncSession, amount: Decimal) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the invoice whose payer was asked to transfer this amount, then the newest over it; at most ten."""
    rupiah = TransferAmount.currency == "IDR"  # others have no codes; the index begins with it
    unique = (rupiah, TransferAmount.payable_amount == amount, TransferAmount.code.is_not(None))
    of = TransferAmount.registration_id == Invoice.registration_id
    asked = (await session.execute(select(*_COLUMNS).join_from(Invoice, TransferAmount, of).where(*unique))).all()
    return [*asked, *(await session.execute(of_amount(amount))).all()][:_MOST]


def of_amount(amount: Decimal) -> Select[*tuple[Any, ...]]:
    """Return the query for the newest invoices over exactly this amount."""
    newest = (Invoice.created_at.desc(), Invoice.registration_id.desc())
    return select(*_COLUMNS).where(Invoice.amount == amount).order_by(*newest).limit(_MOST)


async def payable_amount(session: AsyncSession, registration_id: UUID) -> Decimal | None:
    """Return what the payer of an invoice was asked to transfer; None if that was not asked for."""
    asked = select(TransferAmount.payable_amount).where(TransferAmount.registration_id == registration_id)
    return (await session.execute(asked)).scalar_one_or_none()
