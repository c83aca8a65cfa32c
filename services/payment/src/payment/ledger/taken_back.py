"""What banks and the gateway took back of payments, as the ledger has it."""

from typing import Final

# Movements of these kinds are few, and found by the index of those that are no payments. A payment of money that was
# kept before has another source than its charge.
TAKEN_BACK: Final = """
    SELECT coalesce('money:' || kept.id, moved.source) AS source, moved.amount, moved.recorded_at
      FROM (SELECT substring(source FROM '^charge:[^:]+') AS source, sum(amount) AS amount,
                   max(recorded_at) AS recorded_at FROM movements
             WHERE kind IN ('reversal', 'chargeback') AND source LIKE 'charge:%' GROUP BY 1) AS moved
      LEFT JOIN unassigned_money kept ON kept.source = moved.source
"""
"""Selects `source` of a payment, or of money that never became one, the `amount` taken back of it, and when that was
recorded last."""
