"""What transfers are worth, in SQL: for sums over all of them."""

from typing import Final

# `payment.usdt.pay.rules.worth`: at the newest quote when the block was made, else at the first one, and rounded
# half to even. `power` and division would round; a literal with an exponent is exact.
_WORTH: Final = "t.units * CAST('1e-' || n.decimals AS numeric) * q.idr_per_usdt"
TRANSFERS: Final = f"""
    SELECT t.id, n.network, t.registration_id, t.tx_hash, t.block_time, t.state, t.settled, t.confirmed_at, t.failed_at,
           t.units * CAST('1e-' || n.decimals AS numeric) AS usdt,
           round({_WORTH}, 2) - CASE WHEN mod({_WORTH} * 100, 2) = 0.5 THEN 0.01 ELSE 0 END AS worth
      FROM blockchain_transactions AS t JOIN usdt_networks AS n USING (chain_id)
      JOIN LATERAL (
           SELECT idr_per_usdt FROM usdt_quotes WHERE registration_id = t.registration_id
            ORDER BY locked_at > t.block_time, abs(extract(epoch FROM locked_at - t.block_time)) LIMIT 1
           ) AS q ON true
     WHERE t.kind = 'usdt'
"""  # noqa: S608  # constants of ours
"""SELECT of the transfers of USDT to addresses of invoices, with `usdt` and, in rupiah, `worth`. A WHERE ends it."""
