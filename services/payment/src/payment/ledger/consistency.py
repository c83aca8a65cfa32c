"""Facts without the movements that record them, and movements without a fact (`startline doctor`)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.rules import payment_source
from payment.ledger.taken_back import TAKEN_BACK


class WrongBooking(NamedTuple):
    """A fact and its movements that differ: an amount is None if there is no fact, or no movement."""

    source: str
    expected: Decimal | None
    booked: Decimal | None


# A job of the worker books every five minutes what processes of older releases left out.
BOOKED_BY_NOW: Final = "now() - interval '15 minutes'"

# What came in is on the first leg. The second is what it differs from the invoice by, so that both together are the
# invoice's amount; if that became known after the first was booked, it corrects it, and does not touch `runners`. The
# id, not the source, joins them: as text, a hundred thousand would take a second.
_WRONG_PAYMENTS: Final = text(f"""
    WITH facts AS (
        SELECT id, registration_id, currency, amount, coalesce(received, amount) AS received, verified_at AS since
          FROM payments WHERE status = 'verified' AND (booked OR verified_at < {BOOKED_BY_NOW})
    ), booked AS (
        SELECT payment_id AS id, (array_agg(registration_id))[1] AS registration_id, min(currency) AS currency,
               min(occurred_at) AS since,
               sum(CASE 'runners' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS amount,
               sum(CASE WHEN leg = 1 THEN amount WHEN 'runners' IN (debit, credit) THEN 0
                        WHEN credit = 'rounding' THEN amount ELSE -amount END) AS received
          FROM movements WHERE payment_id IS NOT NULL AND kind IN ('payment', 'assignment', 'rounding')
         GROUP BY payment_id
    )
    SELECT id AS payment_id, coalesce(facts.registration_id, booked.registration_id) AS registration_id,
           coalesce(facts.currency, booked.currency) AS currency, coalesce(facts.since, booked.since) AS since,
           facts.amount AS expected, booked.amount AS booked
      FROM facts FULL JOIN booked USING (id)
     WHERE facts.amount IS DISTINCT FROM booked.amount OR facts.received IS DISTINCT FROM booked.received
     ORDER BY id LIMIT 100
""")  # noqa: S608  # constants of ours, here and below
_WRONG_OTHERS: Final = text(f"""
    WITH facts AS (
        SELECT 'refund:' || id AS source, 1 AS leg, amount FROM refunds
         WHERE done_at IS NOT NULL AND (booked OR done_at < {BOOKED_BY_NOW})
        UNION ALL
        SELECT 'money:' || id, 1, amount FROM unassigned_money
        UNION ALL
        SELECT 'money:' || id, 2, amount - gone_back FROM unassigned_money
         WHERE state = 'refunded' AND gone_back < amount
        UNION ALL
        SELECT 'line:' || id, 1, amount FROM statement_lines WHERE state = 'payout'
        UNION ALL
        SELECT 'line:' || id, 2, payout_fee FROM statement_lines WHERE state = 'payout' AND payout_fee > 0
    ), moved AS (
        SELECT source, source LIKE 'line:%' AS of_line, leg, kind, debit, amount FROM movements
         WHERE source LIKE 'refund:%' OR source LIKE 'money:%' OR source LIKE 'line:%'
    ), booked AS (
        SELECT source, leg, amount FROM moved WHERE NOT of_line
        UNION ALL
        SELECT source, CASE kind WHEN 'fee' THEN 2 ELSE 1 END AS leg,
               sum(CASE WHEN debit IN ('bank', 'fees') THEN amount ELSE -amount END)
          FROM moved WHERE of_line GROUP BY source, 2
        HAVING sum(CASE WHEN debit IN ('bank', 'fees') THEN amount ELSE -amount END) <> 0
    )
    SELECT source, facts.amount AS expected, booked.amount AS booked
      FROM facts FULL JOIN booked USING (source, leg)
     WHERE facts.amount IS DISTINCT FROM booked.amount
     ORDER BY source, leg LIMIT 100
""")  # noqa: S608
_WRONG_TAKEN_BACK: Final = text(f"""
    WITH back AS ({TAKEN_BACK})
    SELECT source, p.taken_back AS expected, back.amount AS booked FROM back JOIN payments p USING (source)
     WHERE p.taken_back <> back.amount AND back.recorded_at < {BOOKED_BY_NOW}
     UNION ALL
    SELECT source, p.taken_back, NULL FROM payments p LEFT JOIN back USING (source)
     WHERE p.taken_back > 0 AND back.source IS NULL
     ORDER BY source LIMIT 100
""")  # noqa: S608
# Every charge may have a fee: the sums of their hashes are compared first, as a join of them all takes long.
_FEES_DIFFER: Final = text("""
    SELECT (SELECT coalesce(sum(hashtextextended('charge:' || id || '\\:fee', CAST(fee * 100 AS bigint))), 0)
              FROM charges WHERE fee > 0)
        <> (SELECT coalesce(sum(hashtextextended(source, CAST(amount * 100 AS bigint))), 0)
              FROM movements WHERE kind = 'fee' AND source LIKE 'charge:%')
""")
_WRONG_FEES: Final = text("""
    WITH facts AS (SELECT 'charge:' || id || '\\:fee' AS source, fee AS amount FROM charges WHERE fee > 0),
         booked AS (SELECT source, amount FROM movements WHERE kind = 'fee' AND source LIKE 'charge:%')
    SELECT source, facts.amount AS expected, booked.amount AS booked FROM facts FULL JOIN booked USING (source)
     WHERE facts.amount IS DISTINCT FROM booked.amount ORDER BY source LIMIT 100
""")
_CHARGES_TAKEN_BACK: Final = text("""
    SELECT registration_id, status FROM charges
     WHERE status IN ('reversed', 'charged_back') ORDER BY updated_at DESC LIMIT 100
""")
_KEPT: Final = text("""
    SELECT kind, count(*) AS items, sum(amount - gone_back) AS amount FROM unassigned_money
     WHERE state IN ('open', 'refund_due', 'asked') AND received_at < now() - interval '3 days'
     GROUP BY kind ORDER BY kind
""")


async def wrong_payments(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return at most a hundred payments that the ledger has otherwise than they are.

    A row has `payment_id`, `registration_id`, `currency`, `since`, and the amounts `expected` and `booked` for the
    registration; one of them is null if there is no verified payment, or no movement. Both are equal if only what came
    in differs.
    """
    return (await session.execute(_WRONG_PAYMENTS)).all()


async def wrong_others(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return refunds, kept money, payouts, fees, and what was taken back, that the ledger has otherwise than they are.

    At most three hundred. A row has `source`, `expected` and `booked`; the source of what was taken back is the
    payment's.
    """
    wrong = [*(await session.execute(_WRONG_OTHERS)).all(), *(await session.execute(_WRONG_TAKEN_BACK)).all()]
    if (await session.execute(_FEES_DIFFER)).scalar_one():
        return [*wrong, *(await session.execute(_WRONG_FEES)).all()]
    return wrong


async def wrong_bookings(session: AsyncSession) -> Sequence[WrongBooking]:
    """Return at most four hundred facts that differ from their movements."""
    payments = [
        WrongBooking(payment_source(row.payment_id), row.expected, row.booked) for row in await wrong_payments(session)
    ]
    others = (WrongBooking(row.source, row.expected, row.booked) for row in await wrong_others(session))
    return [*payments, *others]


async def charges_taken_back(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return the registrations whose charge was reversed or charged back: `registration_id`, `status`."""
    return (await session.execute(_CHARGES_TAKEN_BACK)).all()


async def money_kept_for_days(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return sums of money that has waited three days for a decision or its refund: `kind`, `items`, `amount`."""
    return (await session.execute(_KEPT)).all()
