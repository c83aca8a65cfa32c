"""Decisions of staff about a network that cannot be read."""

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import delete, update

from payment.usdt.watch.tables import ChainBlock, ChainCursor


async def resume(work: UnitOfWork, chain_id: int, *, by: Staff) -> None:
    """Let a network be read again, from a while before its last final block on. Idempotent.

    Transfers whose block was replaced meanwhile fail with the next pass, and those in the new blocks are found.
    """
    this = ChainCursor.chain_id == chain_id
    values = {"stopped": False, "scanned_block": None, "leased_until": None, "trouble": None, "trouble_since": None}
    resumed = update(ChainCursor).where(this, ChainCursor.stopped).values(**values, updated_at=work.now)
    if (await work.session.execute(resumed.returning(ChainCursor.chain_id))).one_or_none() is None:
        return
    await work.session.execute(delete(ChainBlock).where(ChainBlock.chain_id == chain_id))
    await work.audit(by.actor, "usdt_network.resume", str(chain_id))
