"""Searching the roster."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, cast, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.queries import CATEGORY_NAME, EVENT_NAME
from checkin.roster.tables import SEARCH_WORDS, RosterEntry
from checkin.search.rules import Search, prefixes


async def find_participants(
    session: AsyncSession, search: Search, *, event_id: UUID | None = None, limit: int
) -> Sequence[RowMapping]:
    """Return the matching participants ordered by name, of one race if `event_id` is given. Every condition is indexed.

    Cancelled participants are included, so that a station can say so.
    """
    current = (Checkin.participant_id == RosterEntry.participant_id) & Checkin.undone_at.is_(None)
    query = (
        select(
            RosterEntry.participant_id,
            RosterEntry.full_name,
            RosterEntry.bib_number,
            RosterEntry.event_id,
            EVENT_NAME,
            CATEGORY_NAME,
            RosterEntry.jersey_size,
            RosterEntry.registration_number,
            RosterEntry.is_pic,
            RosterEntry.cancelled_at.is_(None).label("is_valid"),
            Checkin.checked_in_at,
            Checkin.station_name,
            Checkin.location_name,
        )
        .outerjoin(Checkin, current)
        .where(or_(*_conditions(search)))
        .order_by(RosterEntry.full_name, RosterEntry.participant_id)
        .limit(limit)
    )
    if event_id:
        query = query.where(RosterEntry.event_id == event_id)
    return (await session.execute(query)).mappings().all()


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    ways = [func.lower(RosterEntry.registration_number) == search.registration_number]
    if search.words:
        named = cast(prefixes(search.words), TSQUERY)
        ways.append(literal_column(SEARCH_WORDS).op("@@", is_comparison=True)(named))
    if search.unfolded_words:
        named_before = func.to_tsquery(literal("simple", REGCONFIG), prefixes(search.unfolded_words))
        found_before = RosterEntry.name_words.op("@@", is_comparison=True)(named_before)
        ways.append(RosterEntry.search_text.is_(None) & found_before)
    if search.bib_number is not None:
        ways.append(RosterEntry.bib_number == search.bib_number)
    return ways
