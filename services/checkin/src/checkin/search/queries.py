"""Searching the roster and the check-ins."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from chassis.web.models import Moment
from contracts import TicketNumber
from sqlalchemy import (
    ColumnElement,
    Interval,
    RowMapping,
    Select,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.pickup.tables import Checkin
from checkin.roster.queries import CATEGORY_NAME, EVENT_NAME
from checkin.roster.tables import SEARCH_WORDS, RosterEntry
from checkin.search.rules import PackState, Search, prefixes
from checkin.stations.tables import Device


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
    if search.ticket is not None:
        ways.append(_holds(search.ticket))
    return ways


def _holds(ticket: TicketNumber) -> ColumnElement[bool]:
    """Return the condition on the participant with this ticket: the BIBs of a registration are in its order."""
    number = ticket.registration_number.lower()
    members = select(RosterEntry.participant_id).where(func.lower(RosterEntry.registration_number) == number)
    held = members.order_by(RosterEntry.bib_number).offset(ticket.sequence - 1).limit(1)
    return RosterEntry.participant_id == held.correlate(None).scalar_subquery()


class CheckinPosition(NamedTuple):
    """The position of a check-in in the list: its time and id."""

    at: Moment
    id: UUID


_STANDING: Final = Checkin.undone_at.is_(None)
_IN_STATE: Final[Mapping[PackState, ColumnElement[bool]]] = {
    PackState.HANDED_OUT: _STANDING,
    PackState.UNDONE: ~_STANDING,
    PackState.CANCELLED: _STANDING & RosterEntry.cancelled_at.is_not(None),
}


async def list_checkins(
    session: AsyncSession,
    *,
    event_id: UUID | None = None,
    state: PackState | None = None,
    search: Search | None = None,
    limit: int,
    after: CheckinPosition | None = None,
) -> Sequence[RowMapping]:
    """Return a page of check-ins, undone ones too, the newest first."""
    query = _checkins().order_by(_time_for_order(state).desc(), Checkin.id.desc()).limit(limit)
    if event_id:
        query = query.where(RosterEntry.event_id == event_id)
    if state:
        query = query.where(_IN_STATE[state])
    if search:
        query = query.where(or_(*_conditions(search)))
    if after:
        query = query.where(tuple_(Checkin.checked_in_at, Checkin.id) < tuple_(*after))
    return (await session.execute(query)).mappings().all()


def _time_for_order(state: PackState | None) -> ColumnElement[datetime]:
    """Return the time to sort by: an expression if few have the state.

    Those that were cancelled are found by an index of their own. In the order of the index by time the planner expects
    to meet enough of them soon, and reads all check-ins if there are fewer.
    """
    at: ColumnElement[datetime] = Checkin.checked_in_at.expression
    return at + literal(timedelta(), Interval) if state is PackState.CANCELLED else at


async def newest_checkin(session: AsyncSession, participant_id: UUID) -> RowMapping | None:
    """Return the newest check-in of a participant, which may be undone; None if there was none."""
    newest = _checkins().where(Checkin.participant_id == participant_id).order_by(_STANDING.desc())
    query = newest.order_by(Checkin.checked_in_at.desc(), Checkin.id.desc()).limit(1)
    return (await session.execute(query)).mappings().one_or_none()


def _checkins() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Checkin.id,
            Checkin.participant_id,
            RosterEntry.full_name,
            RosterEntry.bib_number,
            RosterEntry.event_id,
            EVENT_NAME,
            CATEGORY_NAME,
            RosterEntry.jersey_size,
            RosterEntry.registration_number,
            RosterEntry.cancelled_at.is_(None).label("is_valid"),
            Checkin.checked_in_at,
            Checkin.station_name,
            Checkin.location_name,
            Device.name.label("device_name"),
            Checkin.notes,
            Checkin.collected_by,
            Checkin.letter_seen,
            Checkin.identity_seen,
            Checkin.handed_size,
            Checkin.undone_at,
            Checkin.undone_by,
            Checkin.undo_reason,
        )
        .join(RosterEntry, RosterEntry.participant_id == Checkin.participant_id)
        .join(Device, Device.id == Checkin.device_id)
    )
