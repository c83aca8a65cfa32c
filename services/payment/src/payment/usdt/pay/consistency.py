"""Transfers that are booked otherwise than they arrived, networks that are not read, and addresses that differ.

`startline doctor` reads these.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.pay.worth import TRANSFERS
from payment.usdt.quotes.commands import WATCHED_AFTER
from payment.usdt.watch.queries import LONG

# The transfers that paid an invoice together are booked by the source of one of them: sums are compared. The payments
# that kept money became are booked by its own source, and that money is already among those that transfers brought.
_WRONG: Final = text(f"""
    WITH transfers AS ({TRANSFERS} AND t.settled IN ('paid', 'kept')), arrived AS (
        SELECT registration_id, settled, sum(worth) AS amount FROM transfers GROUP BY registration_id, settled
    ), named AS (
        SELECT source, registration_id, coalesce(received, amount) AS amount FROM payments
         WHERE channel = 'usdt' AND source NOT LIKE 'money:%'
        UNION ALL
        SELECT source, registration_id, amount FROM unassigned_money WHERE channel = 'usdt'
    ), booked AS (
        SELECT coalesce(t.registration_id, named.registration_id) AS registration_id, t.settled,
               sum(named.amount) AS amount
          FROM named LEFT JOIN blockchain_transactions AS t ON 'usdt:' || t.id = left(named.source, 41)
         GROUP BY 1, 2
    )
    SELECT coalesce(arrived.registration_id, booked.registration_id) AS registration_id,
           arrived.amount AS expected, booked.amount AS booked
      FROM arrived FULL JOIN booked ON arrived.registration_id = booked.registration_id
                                   AND arrived.settled = booked.settled
     WHERE arrived.amount IS DISTINCT FROM booked.amount
     ORDER BY 1 LIMIT 100
""")  # noqa: S608  # constants of ours, here and below
# A job settles them every half minute. What arrived for an invoice that waits for the rest is not settled yet.
_UNSETTLED: Final = text("""
    SELECT t.id, t.registration_id, i.status
      FROM blockchain_transactions AS t JOIN invoices AS i USING (registration_id)
     WHERE t.state = 'confirmed' AND t.kind = 'usdt' AND t.settled IS NULL
       AND i.status IN ('paid', 'expired', 'cancelled')
       AND greatest(t.confirmed_at, i.updated_at) < now() - interval '10 minutes'
     ORDER BY t.confirmed_at LIMIT 100
""")
_LOST: Final = text("""
    SELECT id, registration_id, settled FROM blockchain_transactions
     WHERE state = 'failed' AND settled IN ('paid', 'kept') ORDER BY failed_at DESC LIMIT 100
""")
# One that was switched off counts as long as those who chose it may pay on it.
_TROUBLED: Final = text("""
    SELECT n.network, coalesce(c.stopped, false) AS stopped, c.trouble, c.trouble_since
      FROM usdt_networks AS n LEFT JOIN chain_cursors AS c USING (chain_id)
     WHERE (n.enabled OR EXISTS (
               SELECT FROM usdt_quotes AS q
                WHERE q.network = n.network AND q.locked_at > now() - CAST(:watched AS interval)))
       AND (c.stopped OR c.trouble = 'balance_differs' OR c.trouble_since < now() - CAST(:long AS interval)
            OR coalesce(c.updated_at, n.updated_at) < now() - CAST(:long AS interval))
     ORDER BY n.network
""")
_DIFFERING: Final = text("""
    SELECT key_id, unnest(differing) AS number FROM usdt_key_checks ORDER BY key_id, number LIMIT 100
""")
_UNCHECKED: Final = text("""
    SELECT key_id, is_readable, checked_at FROM usdt_key_checks
     WHERE NOT is_readable OR checked_at < now() - interval '6 hours'
     ORDER BY key_id
""")


async def wrong_transfers(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return at most a hundred registrations whose transfers are not worth what was booked for them.

    A row has `registration_id`, and in rupiah the amounts `expected` and `booked` of what paid or of what was kept. One
    of them is null if nothing was booked, or if no transfer is named that was settled so.
    """
    return (await session.execute(_WRONG)).all()


async def unsettled_transfers(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return confirmed transfers for invoices that are paid or ended, about which nothing was decided for ten minutes.

    A row has `id`, `registration_id` and the invoice's `status`.
    """
    return (await session.execute(_UNSETTLED)).all()


async def lost_transfers(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return transfers that were booked and that the chain took back later: `id`, `registration_id`, `settled`."""
    return (await session.execute(_LOST)).all()


async def troubled_networks(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return networks that were stopped, have not been read for long, or whose balances differ.

    A row has `network`, `stopped`, and `trouble` since `trouble_since`: null if no pass was made for long.
    """
    return (await session.execute(_TROUBLED, {"long": LONG, "watched": WATCHED_AFTER})).all()


async def differing_addresses(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return addresses that are not those of their key, as the last check found: `key_id`, and the index as `number`.

    A hundred at most.
    """
    return (await session.execute(_DIFFERING)).all()


async def unchecked_keys(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return receiving keys that cannot be decrypted, or whose addresses were not compared for six hours.

    A row has `key_id`, `is_readable` and `checked_at`.
    """
    return (await session.execute(_UNCHECKED)).all()
