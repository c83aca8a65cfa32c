"""Lists of the participants of a race, in the order of their registrations, read a page at a time.

`sorted_participants` has the other orders.

Registrations are read as `listing` reads them, and their participants with them. No index has gender or size: with a
filter on them, the participants of a bounded number of registrations are looked through for one page.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries import listing
from registration.entries.listing import Sort
from registration.entries.queries import Filter, person_conditions
from registration.entries.tables import Participant, Registration

CHUNK: Final = 500
CHUNKS_AT_MOST: Final = 10

_BEHIND_ALL: Final = 100
"""A position within a registration that no participant has."""


class Position(NamedTuple):
    """A participant in the order of the list: what is compared, the id of the registration, and the place in it.

    What is compared is the time of the registration, the BIB, or the beginning of the folded name.
    """

    key: datetime | int | str
    registration_id: UUID
    position: int


@dataclass(frozen=True)
class People:
    """Filter of participants. `entries` is that of their registrations; its text has to fit the participant, too."""

    entries: Filter
    gender: str | None = None
    jersey_size: str | None = None
    without_bib: bool = False

    @property
    def is_looked_through(self) -> bool:
        """Return whether participants of matching registrations may not match."""
        return bool(self.gender or self.jersey_size)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on a participant and its registration."""
        found: list[ColumnElement[bool]] = []
        if self.gender:
            found.append(Participant.gender == self.gender)
        if self.jersey_size:
            found.append(Participant.jersey_size == self.jersey_size)
        if self.without_bib:
            found.append(Participant.bib_number.is_(None))
        if self.entries.q:
            by_number = Registration.registration_number == self.entries.q.upper()
            found.append(or_(by_number, *person_conditions(Participant, self.entries.q)))
        return found


@dataclass
class Found:
    """A page. `after` is where the next one begins; None if this is the last."""

    people: list[tuple[Participant, Registration]] = field(default_factory=list)
    after: Position | None = None


async def page(
    session: AsyncSession, wanted: People, *, limit: int, after: Position | None, sort: Sort = Sort.NEWEST
) -> Found:
    """Return participants, those of the newest registrations first, or of the oldest.

    A page has fewer than `limit` although there are more if `CHUNK * CHUNKS_AT_MOST` registrations were looked through.
    """
    found = Found()
    async for entries, is_last in _chunks(session, wanted, limit, after, sort):
        found.people += await _people(session, wanted, entries, after)
        if len(found.people) > limit:
            del found.people[limit:]
            found.after = _at(*found.people[-1])
            return found
        found.after = None if is_last else Position(entries[-1].created_at, entries[-1].id, _BEHIND_ALL)
    return found


def _at(person: Participant, entry: Registration) -> Position:
    return Position(entry.created_at, entry.id, person.position)


async def _chunks(
    session: AsyncSession, wanted: People, limit: int, after: Position | None, sort: Sort
) -> AsyncIterator[tuple[Sequence[Registration], bool]]:
    """Yield registrations behind a position, and whether they are the last; first the one that was shown in part."""
    size, most = (CHUNK, CHUNKS_AT_MOST) if wanted.is_looked_through else (limit + 1, 2)
    if wanted.without_bib:
        most = CHUNKS_AT_MOST
    here = None
    if after is not None:
        here = after[:2]
        if after.position < _BEHIND_ALL and (begun := await session.get(Registration, after.registration_id)):
            yield [begun], False
    for _ in range(most):
        rows = await listing.page(session, wanted.entries, limit=size, after=here, sort=sort)
        entries = [row.Registration for row in rows[:size]]
        if not entries:
            yield [], True
            return
        is_last = len(rows) <= size
        yield entries, is_last
        if is_last:
            return
        here = entries[-1].created_at, entries[-1].id


async def _people(
    session: AsyncSession, wanted: People, entries: Sequence[Registration], after: Position | None
) -> Sequence[tuple[Participant, Registration]]:
    """Return the matching participants of registrations, in the order of these, without those up to a position."""
    query = (
        select(Participant)
        .join(Registration, Registration.id == Participant.registration_id)
        .where(Registration.id.in_([each.id for each in entries]), *wanted.conditions())
        .order_by(Participant.position)
    )
    by_entry: dict[UUID, list[Participant]] = {each.id: [] for each in entries}
    for person in (await session.scalars(query)).all() if entries else ():
        by_entry[person.registration_id].append(person)
    return [
        (person, entry)
        for entry in entries
        for person in by_entry[entry.id]
        if after is None or entry.id != after.registration_id or person.position > after.position
    ]
