"""Merging the rows of counts of packs."""

from typing import Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import text

_KEY: Final = "event_id, category_id, station_id, hour"
_FOLD: Final = text(f"""
    WITH folded AS (
        DELETE FROM pack_counts WHERE id IN (
            SELECT id FROM pack_counts
             WHERE ({_KEY}) IN (SELECT {_KEY} FROM pack_counts GROUP BY {_KEY} HAVING count(*) > 1)
             LIMIT :at_most FOR UPDATE SKIP LOCKED)
        RETURNING {_KEY}, entries, live, handed_out
    ), sums AS (
        INSERT INTO pack_counts ({_KEY}, entries, live, handed_out)
        SELECT {_KEY}, sum(entries), sum(live), sum(handed_out) FROM folded GROUP BY {_KEY}
        HAVING sum(entries) <> 0 OR sum(live) <> 0 OR sum(handed_out) <> 0
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM folded) - (SELECT count(*) FROM sums)
""")  # noqa: S608  # constants of ours
_FOLDED_AT_ONCE: Final = 20_000
_FEW: Final = 1_000
_PORTIONS: Final = 20


async def fold_counts(work: UnitOfWork, *, at_most: int = _FOLDED_AT_ONCE) -> int:
    """Merge a portion of the rows of each key into one row; return how many fewer there are.

    Workers may do so concurrently, and while other transactions add rows.
    """
    return int((await work.session.execute(_FOLD, {"at_most": at_most})).scalar_one())


async def fold_all_counts(database: Database) -> None:
    """Merge rows in portions, each in its own transaction, until one merges few of them.

    Rows arrive meanwhile, so a run is limited; the next one continues.
    """
    for _ in range(_PORTIONS):
        async with database.work() as work:
            fewer = await fold_counts(work)
        if fewer < _FEW:
            break
