"""The state of each roster entry, for comparison with the other services (`startline doctor`)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
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
