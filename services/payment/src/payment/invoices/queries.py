"""Queries over invoices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice

_MOST: Final = 10


async def newest_of_amount(session: AsyncSession, amount: Decimal) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the newest invoices over exactly this amount, at most ten."""
    return (await session.execute(of_amount(amount))).all()


def of_amount(amount: Decimal) -> Select[*tuple[Any, ...]]:
    """Return the query of `newest_of_amount`."""
    columns = (Invoice.registration_id, Invoice.registration_number, Invoice.payer_name, Invoice.status)
    newest = (Invoice.created_at.desc(), Invoice.registration_id.desc())
    return select(*columns).where(Invoice.amount == amount).order_by(*newest).limit(_MOST)
