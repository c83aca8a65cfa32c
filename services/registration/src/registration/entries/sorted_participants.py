"""Lists of the participants of a race by name or BIB, read a page at a time.

An index has all participants of a race in each of these orders: a page is a part of it. What a text is compared with
is gathered and sorted instead, as those who fit may be anywhere in the order. No index has gender or size: with a
filter on them, a bounded number of participants is looked through for one page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, text, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.tables import RaceCategory
from registration.entries import listing, participants
from registration.entries.listing import Order
from registration.entries.participants import Found, People, Position
from registration.entries.queries import LIKE_A_NUMBER, Filter, person_conditions
from registration.entries.rules import Status
from registration.entries.tables import NAME_ORDER, Participant, Registration

CHUNK: Final = 1000
CHUNKS_AT_MOST: Final = 5

GATHERED_AT_MOST: Final = 50_000
"""Of more who fit a text, the order is read instead until a page is full: they are not rare in any part of it."""

_NEVER_WITH_BIB: Final = frozenset({Status.PENDING_PAYMENT, Status.PAYMENT_UPLOADED, Status.EXPIRED})


class ParticipantSort(Order):
    """Orders of participants. Equal ones are in the order of their registrations' ids, and of the form."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_DOWN = "-name"
    BIB = "bib"
    BIB_DOWN = "-bib"


async def page(
    session: AsyncSession, wanted: People, *, sort: ParticipantSort, limit: int, after: Position | None
) -> Found:
    """Return participants in an order. Those without a BIB come last in both directions, the newest of them first.

    A page may have fewer than `limit` although there are more, as those of `participants.page`.
    """
    if sort.key == "created_at":
        return await participants.page(session, wanted, limit=limit, after=after, sort=listing.Sort(sort.value))
    # The best plan depends on how many match, so no generic plan is used.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if sort.key == "name":
        return await _page(session, wanted, await _by_name(session, wanted, sort), limit, after)
    return await _by_bib(session, wanted, sort, limit, after)


async def _by_bib(
    session: AsyncSession, wanted: People, sort: ParticipantSort, limit: int, after: Position | None
) -> Found:
    """Return those with a BIB, and behind them those without."""
    without = replace(wanted, entries=replace(wanted.entries, other_than=Status.PAYMENT_VERIFIED), without_bib=True)
    if after is not None and isinstance(after.key, datetime):
        return await participants.page(session, without, limit=limit, after=after)
    found = Found()
    if wanted.entries.status not in _NEVER_WITH_BIB:
        found = await _page(session, wanted, await _with_bib(session, wanted, sort), limit, after)
    if found.after is not None or wanted.entries.status is Status.PAYMENT_VERIFIED:
        return found
    left = limit - len(found.people)
    rest = await participants.page(session, without, limit=left or 1, after=None)
    if left:
        return Found([*found.people, *rest.people], rest.after)
    last = found.people[-1][0]
    if last.bib_number is not None and (rest.people or rest.after):
        found.after = Position(last.bib_number, last.registration_id, last.position)
    return found


@dataclass(frozen=True)
class _Reading:
    """Where the keys of participants are read.

    Attributes:
        query: of all who match, besides gender and size.
        key: what is compared, the last column to make it unique.
        is_gathered: whether those who match may be far from each other in the order.
    """

    query: Select[Any]
    key: tuple[Any, ...]
    sort: ParticipantSort
    is_gathered: bool

    def ordered(self, query: Select[Any], key: Sequence[Any], after: Position | None) -> Select[Any]:
        """Return a query in the order, behind a position."""
        if after is not None:
            here, there = tuple_(*key), tuple(after)[: len(key)]
            query = query.where(here < there if self.sort.descending else here > there)
        return query.order_by(*((each.desc() if self.sort.descending else each.asc()) for each in key))


async def _by_name(session: AsyncSession, wanted: People, sort: ParticipantSort) -> _Reading:
    key = NAME_ORDER, Participant.registration_id, Participant.position
    query = await _matching(session, wanted.entries, NAME_ORDER)
    return _Reading(query, key, sort, is_gathered=bool(wanted.entries.q))


async def _with_bib(session: AsyncSession, wanted: People, sort: ParticipantSort) -> _Reading:
    """Return the reading of those with a BIB. Among these, cancelled ones are rare; a category has a range of BIBs."""
    bib, category_id = Participant.bib_number, wanted.entries.category_id
    query = (await _matching(session, wanted.entries, bib)).where(bib.is_not(None))
    if category_id:
        limits = select(RaceCategory.bib_start_number, RaceCategory.bib_end_number)
        for first, last in (await session.execute(limits.where(RaceCategory.id == category_id))).all():
            query = query.where(bib.between(first, last))
    is_rare = wanted.entries.status is Status.CANCELLED
    return _Reading(query, (bib,), sort, is_gathered=is_rare or bool(wanted.entries.q))


async def _matching(session: AsyncSession, wanted: Filter, key: Any) -> Select[Any]:
    """Return the query for the keys of the participants whose registrations match, and whom the text fits."""
    query = select(
        Participant.id,
        key.label("key"),
        Participant.registration_id,
        Participant.position,
        Participant.gender,
        Participant.jersey_size,
    ).where(Participant.event_id == wanted.event_id)
    if wanted.q:
        query = query.where(or_(*_meant_by(wanted.q)))
    if conditions := replace(wanted, event_id=None, q=None).conditions():
        query = query.join(Registration, Registration.id == Participant.registration_id)
        query = query.where(*conditions, *await listing.narrowing(session, wanted))
    return query


def _meant_by(q: str) -> list[ColumnElement[bool]]:
    """Return conditions of which one fits a participant who is meant by the text, or by the registration's number."""
    found = person_conditions(Participant, q)
    if LIKE_A_NUMBER.search(q):
        entry = select(Registration.id).where(Registration.registration_number == q.upper())
        found.append(Participant.registration_id == entry.scalar_subquery())
    return found


async def _page(session: AsyncSession, wanted: People, reading: _Reading, limit: int, after: Position | None) -> Found:
    matching: list[Row[Any]] = []
    size, most = (CHUNK, CHUNKS_AT_MOST) if wanted.is_looked_through else (limit + 1, 1)
    for _ in range(most):
        rows = await _gathered(session, wanted, reading, after, size) if reading.is_gathered else None
        if rows is None:
            reading = replace(reading, is_gathered=False)
            rows = (await session.execute(reading.ordered(reading.query, reading.key, after).limit(size))).all()
        matching += [row for row in rows if _fits(wanted, row)]
        after = _position(rows[-1]) if len(rows) == size else None
        if len(matching) > limit:
            matching, after = matching[:limit], _position(matching[limit - 1])
        if after is None or len(matching) == limit:
            break
    return Found(await _people(session, [row.id for row in matching]), after)


def _fits(wanted: People, row: Row[Any]) -> bool:
    return wanted.gender in (None, row.gender) and wanted.jersey_size in (None, row.jersey_size)


def _position(row: Row[Any]) -> Position:
    return Position(row.key, row.registration_id, row.position)


async def _gathered(
    session: AsyncSession, wanted: People, reading: _Reading, after: Position | None, size: int
) -> Sequence[Row[Any]] | None:
    """Return the keys behind a position after all that match were gathered; None if these are too many."""
    of_person = [
        column == value
        for column, value in ((Participant.gender, wanted.gender), (Participant.jersey_size, wanted.jersey_size))
        if value is not None
    ]
    hits = reading.query.where(*of_person).limit(GATHERED_AT_MOST + 1).cte("hits")
    key = (hits.c.key, hits.c.registration_id, hits.c.position)[: len(reading.key)]
    behind = reading.ordered(select(hits), key, after).limit(size).subquery("behind")
    counted = select(func.count().label("hits")).select_from(hits).subquery("counted")
    query = select(counted.c.hits, *behind.c).select_from(counted.outerjoin(behind, true()))
    key = (behind.c.key, behind.c.registration_id, behind.c.position)[: len(reading.key)]
    rows = (await session.execute(reading.ordered(query, key, None))).all()
    return [row for row in rows if row.id is not None] if rows[0].hits <= GATHERED_AT_MOST else None


async def _people(session: AsyncSession, ids: Sequence[UUID]) -> list[tuple[Participant, Registration]]:
    """Return participants with their registrations, in the order of their ids."""
    query = select(Participant, Registration).join(Registration, Registration.id == Participant.registration_id)
    rows = (await session.execute(query.where(Participant.id.in_(ids)))).all() if ids else ()
    found = {person.id: (person, entry) for person, entry in rows}
    return [found[each] for each in ids if each in found]
