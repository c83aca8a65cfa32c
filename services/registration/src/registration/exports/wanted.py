"""What an export is to contain, checked against the races and earlier exports that it names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.wording import Wording
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.catalog.tables import Race, RaceCategory
from registration.entries.rules import Status
from registration.exports.rules import JERSEYS_KEPT, FileFormat, Kind, State
from registration.exports.tables import Export

NAME_THE_RACE: Final = Wording(en="Name the race; there are several.", id="Sebutkan lombanya; ada lebih dari satu.")
OTHER_RACE: Final = Wording(en="This category belongs to another race.", id="Kategori ini milik lomba lain.")
ONLY_PARTICIPANTS: Final = Wording(
    en="Only the export of participants has a status; the others contain confirmed participants.",
    id="Status hanya untuk ekspor peserta; berkas lain berisi peserta yang sudah terkonfirmasi.",
)
ONLY_OF_PARTICIPANTS: Final = Wording(
    en="Only the export of participants may be of chosen registrations.",
    id="Hanya ekspor peserta yang bisa dibatasi pada pendaftaran pilihan.",
)
ONLY_JERSEYS: Final = Wording(
    en="Only jerseys are compared with an earlier export.",
    id="Hanya jersey yang dibandingkan dengan ekspor sebelumnya.",
)
NOT_COMPARABLE: Final = Wording(
    en="Name a finished export of the jerseys of the same race and category.",
    id="Sebutkan ekspor jersey yang sudah selesai dari lomba dan kategori yang sama.",
)


@dataclass(frozen=True)
class Request:
    """What staff ask for.

    `registration_ids` are the registrations whose participants are meant; None for all.
    """

    kind: Kind
    format: FileFormat
    event_id: UUID | None = None
    category_id: UUID | None = None
    status: Status | None = None
    since: UUID | None = None
    registration_ids: Sequence[UUID] | None = None


@dataclass(frozen=True)
class Wanted:
    """What one attempt of an export writes.

    `earlier` is the export to compare with, and its attempt that succeeded.
    """

    export_id: UUID
    attempt: int
    request: Request
    race_day: date
    color: str | None
    bib_range: tuple[int, int]
    earlier: tuple[UUID, int] | None

    @property
    def event_id(self) -> UUID | None:
        """Return the race; None for participants of all races."""
        return self.request.event_id

    @property
    def category_id(self) -> UUID | None:
        """Return the category, if the export is of one only."""
        return self.request.category_id


async def completed(session: AsyncSession, request: Request) -> Request:
    """Return the request with its race, after checking that what it names exists and fits together.

    Without a race, that of the category is taken, or the only one there is; an export of participants may be of all.

    Raises:
        UnknownEvent, UnknownCategory, InvalidFields.
    """
    _check_fields(request)
    category = await _category(session, request)
    event_id = request.event_id or (category.event_id if category else None)
    if event_id is None and request.kind is not Kind.PARTICIPANTS:
        event_id = await _only_race(session)
    if category is not None and category.event_id != event_id:
        raise InvalidFields(("category_id", OTHER_RACE))
    if request.kind is not Kind.PARTICIPANTS and await session.get(Race, event_id) is None:
        raise UnknownEvent
    found = replace(request, event_id=event_id)
    if request.since is not None and await _earlier(session, found) is None:
        raise InvalidFields(("since", NOT_COMPARABLE))
    return found


def _check_fields(request: Request) -> None:
    if request.status is not None and request.kind is not Kind.PARTICIPANTS:
        raise InvalidFields(("status", ONLY_PARTICIPANTS))
    if request.registration_ids is not None and request.kind is not Kind.PARTICIPANTS:
        raise InvalidFields(("registration_ids", ONLY_OF_PARTICIPANTS))
    if request.since is not None and request.kind is not Kind.JERSEYS:
        raise InvalidFields(("since", ONLY_JERSEYS))


async def _category(session: AsyncSession, request: Request) -> RaceCategory | None:
    if request.category_id is None or request.kind is Kind.PARTICIPANTS:
        return None
    category = await session.get(RaceCategory, request.category_id)
    if category is None:
        raise UnknownCategory
    return category


async def _only_race(session: AsyncSession) -> UUID:
    found = (await session.execute(select(Race.id).limit(2))).scalars().all()
    if len(found) != 1:
        raise InvalidFields(("event_id", NAME_THE_RACE))
    return found[0]


async def _earlier(session: AsyncSession, request: Request) -> tuple[UUID, int] | None:
    query = select(Export.id, Export.attempts).where(
        Export.id == request.since,
        Export.kind == Kind.JERSEYS,
        Export.state == State.DONE,
        Export.requested_at > func.now() - JERSEYS_KEPT,
        Export.event_id == request.event_id,
        Export.category_id.is_not_distinct_from(request.category_id),
    )
    found = (await session.execute(query)).first()
    return None if found is None else (found.id, found.attempts)


async def wanted_by(session: AsyncSession, request: Request, *, export_id: UUID, attempt: int) -> Wanted:
    """Return what to write for a request that was completed.

    Raises:
        UnknownEvent, UnknownCategory, InvalidFields: what it names is not there any more.
    """
    race = None if request.event_id is None else await session.get(Race, request.event_id)
    category = await _category(session, request)
    return Wanted(
        export_id=export_id,
        attempt=attempt,
        request=request,
        race_day=race.event_date if race else date.max,
        color=race.brand_color if race else None,
        bib_range=(category.bib_start_number, category.bib_end_number) if category else (0, 0),
        earlier=None if request.since is None else await _earlier(session, request),
    )
