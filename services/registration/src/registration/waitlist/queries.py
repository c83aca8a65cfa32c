"""Reading waiting lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.facts import FACTS
from registration.catalog.tables import Race, RaceCategory
from registration.entries.tables import Participant
from registration.waitlist.errors import UnknownWaitlistEntry
from registration.waitlist.rules import IN_LINE, WaitlistStatus
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant


async def detail(session: AsyncSession, entry_id: UUID) -> dict[str, Any]:
    """Return an entry with its position, if it is waiting, participants, category's name and facts of its event.

    Raises:
        UnknownWaitlistEntry.
    """
    query = (
        select(WaitlistEntry, RaceCategory.name.label("category_name"), FACTS)
        .join(RaceCategory, RaceCategory.id == WaitlistEntry.race_category_id)
        .join(Race, Race.id == RaceCategory.event_id)
        .where(WaitlistEntry.id == entry_id)
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise UnknownWaitlistEntry
    entry = found.WaitlistEntry
    people = (
        select(WaitlistParticipant)
        .where(WaitlistParticipant.entry_id == entry_id)
        .order_by(WaitlistParticipant.position)
    )
    return {
        **columns_of(entry),
        "category_name": found.category_name,
        "event": found.event,
        "position": await position(session, entry),
        "participants": (await session.execute(people)).scalars().all(),
    }


def columns_of(entry: WaitlistEntry) -> dict[str, Any]:
    """Return the entry's columns, under their names in the API."""
    columns = {column.key: getattr(entry, column.key) for column in WaitlistEntry.__table__.columns}
    return {**columns, "waitlist_id": entry.id, "category_id": entry.race_category_id}


async def position(session: AsyncSession, entry: WaitlistEntry) -> int | None:
    """Return the position of an entry among those that wait, from 1; None if it is not waiting."""
    return await place_in_line(session, entry) if entry.status == WaitlistStatus.WAITING else None


async def place_in_line(session: AsyncSession, entry: WaitlistEntry) -> int:
    """Return the position of an entry that waits, from 1."""
    ahead = select(func.count()).where(
        WaitlistEntry.race_category_id == entry.race_category_id,
        WaitlistEntry.status == WaitlistStatus.WAITING,
        WaitlistEntry.turn <= entry.turn,
    )
    return (await session.execute(ahead)).scalar_one()


async def registered_again(session: AsyncSession, entry_id: UUID) -> list[int]:
    """Return the positions of an entry's participants who have a live registration for the race."""
    mine = WaitlistParticipant
    query = (
        select(mine.position)
        .join(WaitlistEntry, WaitlistEntry.id == mine.entry_id)
        .join(
            Participant,
            and_(
                Participant.event_id == WaitlistEntry.event_id,
                Participant.person_key == mine.person_key,
                Participant.live,
            ),
        )
        .where(mine.entry_id == entry_id)
        .order_by(mine.position)
    )
    return list((await session.execute(query)).scalars())


@dataclass(frozen=True)
class Filter:
    """Filter of entries."""

    category_id: UUID | None = None
    status: WaitlistStatus | None = None


async def page(
    session: AsyncSession, wanted: Filter, *, limit: int, after: int | None
) -> Sequence[Row[WaitlistEntry, WaitlistParticipant]]:
    """Return entries in the order of turns, with the person in charge; one more than `limit` if there are more."""
    in_charge = and_(WaitlistParticipant.entry_id == WaitlistEntry.id, WaitlistParticipant.is_pic)
    query = (
        select(WaitlistEntry, WaitlistParticipant)
        .join(WaitlistParticipant, in_charge)
        .order_by(WaitlistEntry.turn)
        .limit(limit + 1)
    )
    if wanted.category_id is not None:
        query = query.where(WaitlistEntry.race_category_id == wanted.category_id)
    if wanted.status is not None:
        query = query.where(WaitlistEntry.status == wanted.status)
    if after is not None:
        query = query.where(WaitlistEntry.turn > after)
    return (await session.execute(query)).all()


async def categories_with_a_line(session: AsyncSession) -> Sequence[UUID]:
    """Return the categories that have entries with the status `waiting` or `offered`."""
    in_line = WaitlistEntry.status.in_(IN_LINE)
    query = select(WaitlistEntry.race_category_id).where(in_line).distinct().order_by(WaitlistEntry.race_category_id)
    return (await session.execute(query)).scalars().all()
