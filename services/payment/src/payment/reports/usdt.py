"""What came in as USDT, and the rate at which it was taken."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.pay.worth import TRANSFERS

_TAKEN: Final = text(f"""
    SELECT network, count(*) AS transfers, sum(usdt) AS amount, sum(worth) AS worth
      FROM ({TRANSFERS} AND t.state = 'confirmed' AND t.settled IN ('paid', 'kept')
               AND (CAST(:after AS timestamptz) IS NULL OR t.block_time >= :after)
               AND (CAST(:before AS timestamptz) IS NULL OR t.block_time < :before)) AS taken
     WHERE CAST(:event_id AS uuid) IS NULL OR EXISTS (
           SELECT FROM invoices WHERE invoices.registration_id = taken.registration_id AND event_id = :event_id)
     GROUP BY network HAVING sum(usdt) > 0 ORDER BY network
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


@dataclass(frozen=True)
class TakenOn(Taken):
    """USDT that came in on a network."""

    network: str


async def taken(
    session: AsyncSession, event_id: UUID | None, *, after: datetime | None, before: datetime | None
) -> Sequence[TakenOn]:
    """Return the USDT in blocks of a period, of a race or of all, by network; no network without any.

    Args:
        after: the period's first moment, `before` the first one after it; None is open.
    """
    asked = {"event_id": event_id, "after": after, "before": before}
    rows = (await session.execute(_TAKEN, asked)).all()
    return [TakenOn(row.transfers, row.amount, row.worth, row.network) for row in rows]


def total(found: Collection[Taken]) -> Taken:
    """Return what came in on some networks together."""
    amount, worth = sum((each.amount for each in found), Decimal()), sum((each.worth for each in found), Decimal())
    return Taken(sum(each.transfers for each in found), amount, worth)
