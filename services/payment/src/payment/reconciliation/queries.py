"""Reading stored reconciliations."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.reconciliation.errors import UnknownReconciliation
from payment.reconciliation.tables import Reconciliation


async def of_day(session: AsyncSession, day: date) -> Reconciliation:
    """Return the reconciliation of a day.

    Raises:
        UnknownReconciliation.
    """
    found = await session.get(Reconciliation, day)
    if found is None:
        raise UnknownReconciliation
    return found


async def ran_since(session: AsyncSession, day: date, moment: datetime) -> bool:
    """Return whether the reconciliation of a day ran at a moment or later."""
    later = select(Reconciliation.day).where(Reconciliation.day == day, Reconciliation.ran_at >= moment)
    return (await session.execute(later)).first() is not None


async def newest(session: AsyncSession, *, limit: int) -> Sequence[RowMapping]:
    """Return when the reconciliations of the newest days ran, and how many differences they found."""
    columns = (Reconciliation.day.label("date"), Reconciliation.ran_at, Reconciliation.differences)
    return (await session.execute(select(*columns).order_by(Reconciliation.day.desc()).limit(limit))).mappings().all()
