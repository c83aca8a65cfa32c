"""Merging the rows of payment sums."""

from typing import Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import text

_KEY = "state, at, event_id, category_id, registration_type, payment_method, currency"

_FOLD = text(f"""
    WITH folded AS (
        DELETE FROM payment_sums WHERE id IN (
            SELECT id FROM payment_sums
             WHERE ({_KEY}) IN (SELECT {_KEY} FROM payment_sums GROUP BY {_KEY} HAVING count(*) > 1)
             LIMIT :at_most FOR UPDATE SKIP LOCKED)
        RETURNING {_KEY}, payments, amount
    ), sums AS (
        INSERT INTO payment_sums ({_KEY}, payments, amount)
        SELECT {_KEY}, sum(payments), sum(amount) FROM folded GROUP BY {_KEY}
        HAVING sum(payments) <> 0 OR sum(amount) <> 0
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM folded) - (SELECT count(*) FROM sums)
""")  # noqa: S608  # constants of ours
_FOLDED_AT_ONCE: Final = 20_000


async def fold_sums(work: UnitOfWork, *, at_most: int = _FOLDED_AT_ONCE) -> int:
    """Merge a portion of the rows of each key into one row; return how many fewer there are.

    Workers may do so concurrently, and while other transactions add rows.
    """
    return int((await work.session.execute(_FOLD, {"at_most": at_most})).scalar_one())


async def fold_all_sums(database: Database) -> None:
    """Merge rows in portions, each in its own transaction, until there is one per key."""
    fewer = 1
    while fewer:
        async with database.work() as work:
            fewer = await fold_sums(work)
