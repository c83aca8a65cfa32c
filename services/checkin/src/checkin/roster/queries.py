"""Finding somebody on the roster."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, func, literal, or_, select
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.rules import Search
from checkin.roster.tables import RosterEntry


async def find_participants(session: AsyncSession, search: Search, *, limit: int) -> Sequence[RowMapping]:
    """Participants that fit, by name; cancelled ones, too, so that the desk can say so. Every way is indexed."""
    standing = (Checkin.participant_id == RosterEntry.participant_id) & Checkin.undone_at.is_(None)
    query = (
        select(
            RosterEntry.participant_id,
            RosterEntry.full_name,
            RosterEntry.bib_number,
            RosterEntry.category_name,
            RosterEntry.jersey_size,
            RosterEntry.registration_number,
            RosterEntry.is_pic,
            RosterEntry.cancelled_at.is_(None).label("is_valid"),
            Checkin.checked_in_at,
            Checkin.station_name,
            Checkin.location_name,
        )
        .outerjoin(Checkin, standing)
        .where(or_(*_ways(search)))
        .order_by(RosterEntry.full_name, RosterEntry.participant_id)
        .limit(limit)
    )
    return (await session.execute(query)).mappings().all()


def _ways(search: Search) -> list[ColumnElement[bool]]:
    ways = [func.lower(RosterEntry.registration_number) == search.registration_number]
    if search.words:
        named = func.to_tsquery(literal("simple", REGCONFIG), search.name_prefixes)
        ways.append(RosterEntry.name_words.op("@@")(named))
    if search.bib_number is not None:
        ways.append(RosterEntry.bib_number == search.bib_number)
    return ways
