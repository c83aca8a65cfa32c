"""The state of each roster entry, for comparison with the other services, and of counts (`startline doctor`)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.tables import RosterEntry

_CURRENT_CHECKIN = (Checkin.participant_id == RosterEntry.participant_id) & Checkin.undone_at.is_(None)


@dataclass(frozen=True)
class RosterState:
    """The state of a participant. `live` is False if the registration was cancelled."""

    registration_id: UUID
    participant_id: UUID
    bib_number: int
    live: bool
    checked_in: bool


_WRONG_COUNTS: Final = text("""
    WITH there AS (
        SELECT event_id, category_id, count(*) AS entries, count(*) FILTER (WHERE cancelled_at IS NULL) AS live,
               count(c.id) AS handed_out
          FROM roster r LEFT JOIN checkins c ON c.participant_id = r.participant_id AND c.undone_at IS NULL
         GROUP BY event_id, category_id
    ), counted AS (
        SELECT event_id, category_id, sum(entries) AS entries, sum(live) AS live, sum(handed_out) AS handed_out
          FROM pack_counts GROUP BY event_id, category_id
    )
    SELECT category_id, coalesce(counted.live, 0) - coalesce(there.live, 0) AS live,
           coalesce(counted.handed_out, 0) - coalesce(there.handed_out, 0) AS handed_out
      FROM there FULL JOIN counted USING (event_id, category_id)
     WHERE coalesce(counted.entries, 0) <> coalesce(there.entries, 0)
        OR coalesce(counted.live, 0) <> coalesce(there.live, 0)
        OR coalesce(counted.handed_out, 0) <> coalesce(there.handed_out, 0)
     ORDER BY category_id
""")


async def wrong_counts(session: AsyncSession) -> Sequence[Row[Any]]:
    """Return categories whose counts of packs, used for statistics, differ from roster and check-ins.

    A row has `category_id`, and by how much too many are `live` and `handed_out`.
    """
    return (await session.execute(_WRONG_COUNTS)).all()


async def snapshot(session: AsyncSession) -> AsyncIterator[RosterState]:
    """Stream the whole roster, ordered by registration and BIB, from one database snapshot."""
    query = (
        select(
            RosterEntry.registration_id,
            RosterEntry.participant_id,
            RosterEntry.bib_number,
            RosterEntry.cancelled_at.is_(None).label("live"),
            Checkin.id.is_not(None).label("checked_in"),
        )
        .outerjoin(Checkin, _CURRENT_CHECKIN)
        .order_by(RosterEntry.registration_id, RosterEntry.bib_number)
        .execution_options(yield_per=1000)
    )
    async for row in await session.stream(query):
        yield RosterState(*row)
