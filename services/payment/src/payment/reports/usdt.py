"""What came in as USDT, and the rate at which it was taken."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.pay.worth import TRANSFERS

_TAKEN: Final = text(f"""
    SELECT count(*) AS transfers, coalesce(sum(usdt), 0) AS amount, coalesce(sum(worth), 0) AS worth
      FROM ({TRANSFERS} AND t.state = 'confirmed' AND t.settled IN ('paid', 'kept')
               AND (CAST(:after AS timestamptz) IS NULL OR t.block_time >= :after)
               AND (CAST(:before AS timestamptz) IS NULL OR t.block_time < :before)) AS taken
     WHERE CAST(:event_id AS uuid) IS NULL OR EXISTS (
           SELECT FROM invoices WHERE invoices.registration_id = taken.registration_id AND event_id = :event_id)
""")  # noqa: S608  # constants of ours
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Taken:
    """USDT that came in and was confirmed; what is too little to be booked is not in it.

    Attributes:
        amount: in USDT.
        worth: in rupiah, at the rates that were quoted.
    """

    transfers: int
    amount: Decimal
    worth: Decimal

    @property
    def average_rate(self) -> Decimal:
        """Return the rupiah for one USDT, on average."""
        return (self.worth / self.amount).quantize(_CENT)


async def taken(
    session: AsyncSession, event_id: UUID | None, *, after: datetime | None, before: datetime | None
) -> Taken | None:
    """Return the USDT in blocks of a period, of a race or of all; None if there is none.

    Args:
        after: the period's first moment, `before` the first one after it; None is open.
    """
    asked = {"event_id": event_id, "after": after, "before": before}
    row = (await session.execute(_TAKEN, asked)).one()
    return Taken(row.transfers, row.amount, row.worth) if row.amount else None
