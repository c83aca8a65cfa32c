"""Deadlines that wait for the chain: what is paid in time is not lost because the chain was read late."""

from datetime import timedelta
from typing import Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import select, text

from payment.invoices.commands import deadline_moved
from payment.invoices.tables import Invoice

_SOON: Final = timedelta(minutes=1)
_LONGER: Final = timedelta(minutes=5)
_AT_MOST: Final = timedelta(hours=6)
"""For which a deadline waits for a chain that cannot be read."""
_SEEN_AT_MOST: Final = timedelta(hours=24)
"""For which it waits until what was seen in full is confirmed."""

# Each address is locked before its invoice, as where transfers are settled.
# A deadline that was held is not a new one: the chain has to be read up to the one before it, which is remembered.
_HOLD: Final = text("""
    WITH due AS (
        SELECT a.registration_id, a.seen_in_full,
               CASE WHEN a.held_until IS DISTINCT FROM i.expires_at THEN i.expires_at ELSE a.due_at END AS due_at
          FROM payment_addresses AS a JOIN invoices AS i USING (registration_id)
         WHERE i.status = 'open' AND i.registration_ended IS NULL AND i.expires_at < :soon
         ORDER BY a.registration_id FOR UPDATE OF a, i
    ), waits AS (
        SELECT registration_id, due_at FROM due
         WHERE CASE WHEN seen_in_full THEN due_at > :seen_after
                    ELSE due_at > :unread_after AND EXISTS (
                         SELECT FROM usdt_networks AS n LEFT JOIN chain_cursors AS c USING (chain_id)
                          WHERE (n.enabled OR EXISTS (
                                    SELECT FROM usdt_quotes AS q
                                     WHERE q.registration_id = due.registration_id AND q.network = n.network))
                            AND coalesce(c.confirmed_time, '-infinity') < due.due_at) END
    ), later AS (
        UPDATE invoices SET expires_at = :until, sequence = sequence + 1, updated_at = :now FROM waits
         WHERE invoices.registration_id = waits.registration_id RETURNING invoices.registration_id
    )
    UPDATE payment_addresses AS a SET due_at = waits.due_at, held_until = :until
      FROM waits JOIN later USING (registration_id)
     WHERE a.registration_id = waits.registration_id
 RETURNING a.registration_id
""")


async def hold_all(database: Database) -> int:
    """Let deadlines wait for the chain, see `hold_deadlines`; return how many."""
    async with database.work() as work:
        return await hold_deadlines(work)


async def hold_deadlines(work: UnitOfWork) -> int:
    """Move the deadlines that would pass soon, and publish the new ones; return how many.

    They are those of invoices whose whole amount was seen on a chain and is not confirmed, and those with an address
    while a network is not read, with confirmations, up to their deadline. That is any network that is offered, and one
    that was switched off if the payer chose it.
    """
    moments = {
        "now": work.now,
        "soon": work.now + _SOON,
        "until": work.now + _LONGER,
        "seen_after": work.now - _SEEN_AT_MOST,
        "unread_after": work.now - _AT_MOST,
    }
    held = (await work.session.execute(_HOLD, moments)).scalars().all()
    if held:
        query = select(Invoice).where(Invoice.registration_id.in_(held)).execution_options(populate_existing=True)
        for invoice in (await work.session.execute(query)).scalars():
            work.publish(deadline_moved(invoice, at=work.now), subject=invoice.registration_id)
    return len(held)
