"""Counts of jerseys by size."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts import JerseySize
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.tables import RosterEntry
from checkin.stock.tables import JerseyStock

_CURRENT_CHECKIN: Final = (Checkin.participant_id == RosterEntry.participant_id) & Checkin.undone_at.is_(None)


@dataclass(frozen=True)
class SizeCount:
    """The jerseys of one size.

    Attributes:
        brought: to the pick-up; None if staff have not entered it.
        handed_out: in this size, which need not be the one that was or is ordered.
        waiting: participants who ordered this size and have not collected their pack.
    """

    jersey_size: str
    brought: int | None
    handed_out: int
    waiting: int


async def count_jerseys(session: AsyncSession, event_id: UUID) -> Sequence[SizeCount]:
    """Return the jerseys of a race by size, the smallest first: every size that was brought, ordered or handed out."""
    brought = await brought_of(session, event_id)
    handed_out, waiting = Counter[str](), Counter[str]()
    for row in await session.execute(_counted(event_id)):
        handed_out[row.handed_size or row.jersey_size] += row.handed_out
        waiting[row.jersey_size] += row.waiting
    return [
        SizeCount(size, brought.get(size), handed_out[size], waiting[size])
        for size in _ordered({*brought, *handed_out, *waiting})
    ]


async def brought_of(session: AsyncSession, event_id: UUID, *, for_update: bool = False) -> Mapping[str, int]:
    """Return how many jerseys were brought to the pick-up of a race, by size.

    Args:
        for_update: lock the rows until the transaction ends.
    """
    query = select(JerseyStock.jersey_size, JerseyStock.brought).where(JerseyStock.event_id == event_id)
    query = query.order_by(JerseyStock.jersey_size)
    found = await session.execute(query.with_for_update() if for_update else query)
    return {row.jersey_size: row.brought for row in found}


def _counted(event_id: UUID) -> Select[str, str | None, int, int]:
    waiting = func.count().filter(Checkin.id.is_(None), RosterEntry.cancelled_at.is_(None))
    return (
        select(
            RosterEntry.jersey_size,
            Checkin.handed_size,
            func.count(Checkin.id).label("handed_out"),
            waiting.label("waiting"),
        )
        .outerjoin(Checkin, _CURRENT_CHECKIN)
        .where(RosterEntry.event_id == event_id)
        .group_by(RosterEntry.jersey_size, Checkin.handed_size)
    )


def _ordered(sizes: AbstractSet[str]) -> list[str]:
    """Return sizes from the smallest to the largest, then by name those that only a newer release knows."""
    return [*(size.value for size in JerseySize if size in sizes), *sorted(sizes - set(JerseySize))]
