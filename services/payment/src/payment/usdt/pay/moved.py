"""Transfers that a reorganization has moved to another log index after their money was booked.

The watcher identifies a transfer by its log index, so that the old row failed and the transfer has a new one, whose
money would be booked once more.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_CONTENT: Final = "chain_id, tx_hash, token, recipient, units"
_OF_IT: Final = "FROM blockchain_transactions WHERE registration_id = :registration_id AND kind = 'usdt'"

# A transaction may have made equal transfers: the first of those that failed is the first of those that are new.
# The new row is deleted before the old one gets its place: the place is unique.
_REJOIN: Final = text(f"""
    WITH booked AS (
        SELECT id, {_CONTENT}, row_number() OVER (PARTITION BY {_CONTENT} ORDER BY log_index) AS number
          {_OF_IT} AND state = 'failed' AND settled IS NOT NULL
    ), found AS (
        SELECT id, {_CONTENT}, row_number() OVER (PARTITION BY {_CONTENT} ORDER BY log_index) AS number
          {_OF_IT} AND state <> 'failed' AND settled IS NULL
    ), moved AS (
        SELECT booked.id AS old, found.id AS new FROM booked JOIN found USING ({_CONTENT}, number)
    ), place AS (
        DELETE FROM blockchain_transactions AS t USING moved
         WHERE t.id = moved.new AND t.state <> 'failed' AND t.settled IS NULL
     RETURNING moved.old, t.log_index, t.block_number, t.block_hash, t.block_time, t.state, t.confirmed_at
    )
    UPDATE blockchain_transactions AS t
       SET log_index = place.log_index, block_number = place.block_number, block_hash = place.block_hash,
           block_time = place.block_time, state = place.state, confirmed_at = place.confirmed_at, failed_at = NULL
      FROM place WHERE t.id = place.old
""")  # noqa: S608  # constants of ours


async def rejoin(session: AsyncSession, registration_id: UUID) -> None:
    """Let the rows of transfers whose money was booked have the places where the transfers are now.

    The caller has locked the address of the registration, and has read none of its transfers.
    """
    await session.execute(_REJOIN, {"registration_id": registration_id})
