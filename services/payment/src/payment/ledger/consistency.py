"""Facts without the movement that records them, and movements without a fact (`startline doctor`)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

# A job of the worker books every five minutes what processes of older releases left out.
_WRONG_BOOKINGS: Final = text("""
    WITH facts AS (
        SELECT 'payment:' || id AS source, amount FROM payments
         WHERE status = 'verified' AND (booked OR verified_at < now() - interval '15 minutes')
        UNION ALL
        SELECT 'refund:' || refunds.payment_id, payments.amount
          FROM refunds JOIN payments ON payments.id = refunds.payment_id
         WHERE refunds.booked OR refunds.done_at < now() - interval '15 minutes'
        UNION ALL
        SELECT 'money:' || id, amount FROM unassigned_money
    ), booked AS (
        SELECT source, amount FROM movements
         WHERE leg = 1 AND split_part(source, ':', 1) IN ('payment', 'refund', 'money')
    )
    SELECT source, facts.amount AS expected, booked.amount AS booked
      FROM facts FULL JOIN booked USING (source)
     WHERE facts.amount IS DISTINCT FROM booked.amount
     ORDER BY source LIMIT 100
""")
_TAKEN_BACK: Final = text("""
    SELECT registration_id, status FROM charges
     WHERE status IN ('reversed', 'charged_back') ORDER BY updated_at DESC LIMIT 100
""")
_KEPT: Final = text("""
    SELECT kind, count(*) AS items, sum(amount) AS amount FROM unassigned_money
     WHERE state IN ('open', 'refund_due') AND received_at < now() - interval '3 days' GROUP BY kind ORDER BY kind
""")


async def wrong_bookings(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return at most a hundred sources whose fact and movement differ: `source`, `expected`, `booked`."""
    return (await session.execute(_WRONG_BOOKINGS)).all()


async def charges_taken_back(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return the registrations whose charge was reversed or charged back: `registration_id`, `status`."""
    return (await session.execute(_TAKEN_BACK)).all()


async def money_kept_for_days(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return sums of money that has waited three days for a decision or its refund: `kind`, `items`, `amount`."""
    return (await session.execute(_KEPT)).all()
