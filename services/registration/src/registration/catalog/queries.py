"""Reading races and categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts import RegistrationType
from sqlalchemy import ColumnElement, Select, func, select, text, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Bundle

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.catalog.phases import active_phases, with_prices
from registration.catalog.pictures import pictures_of
from registration.catalog.rules import CategorySnapshot, PricePhase
from registration.catalog.tables import EventPicture, Race, RaceCategory, folded_sql
from registration.places.tables import CategoryPlaces

EventWithCategories = dict[str, Any]
Position = tuple[date, UUID]
"""Date and id of the last race of a page."""

_ACTIVE = select(Race).where(Race.is_active).order_by(Race.event_date, Race.id)
_WORDS_OF_Q = f"btrim({folded_sql('CAST(:q AS text)')})"
# The last word may be unfinished. A text without words gives NULL, which matches nothing.
_QUERY_OF_Q = f"to_tsquery('simple'::regconfig, replace(NULLIF({_WORDS_OF_Q}, ''), ' ', ' & ') || ':*')"


@dataclass(frozen=True)
class Search:
    """Filter of races: words of name, description and location, of which the last may be unfinished, and the day."""

    q: str | None = None
    first_day: date | None = None
    last_day: date | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        found: list[ColumnElement[bool]] = []
        if self.q:
            found.append(Race.search_words.op("@@")(text(_QUERY_OF_Q).bindparams(q=self.q)))
        if self.first_day:
            found.append(Race.event_date >= self.first_day)
        if self.last_day:
            found.append(Race.event_date <= self.last_day)
        return found


async def active_events(session: AsyncSession, *, now: datetime) -> list[EventWithCategories]:
    """Return active races, soonest first, with their active categories at the prices of `now`."""
    return await _shown(session, _ACTIVE, now)


async def search(
    session: AsyncSession, wanted: Search, *, limit: int, after: Position | None, now: datetime
) -> list[EventWithCategories]:
    """Return active races that match, soonest first, as in `active_events`; one more than `limit` if there are more."""
    query = _ACTIVE.where(*wanted.conditions()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Race.event_date, Race.id) > after)
    if wanted.q:
        # As for registrations, the best plan depends on how many events have the words.
        await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    return await _shown(session, query, now)


async def _shown(session: AsyncSession, query: Select[Any], now: datetime) -> list[EventWithCategories]:
    return await _complete(session, (await session.execute(query)).scalars().all(), now, public=True)


async def _complete(
    session: AsyncSession, events: Sequence[Race], now: datetime, *, public: bool
) -> list[EventWithCategories]:
    """Return events with their categories and pictures.

    Args:
        public: leave out categories that are not active, and show the prices of `now` in place of the regular ones.
    """
    event_ids = [event.id for event in events]
    categories = await _categories(session, event_ids, now, public=public)
    pictures = await _pictures(session, event_ids)
    return [_event(event, categories[event.id], pictures[event.id]) for event in events]


async def _pictures(session: AsyncSession, event_ids: Sequence[UUID]) -> dict[UUID, list[EventPicture]]:
    by_event: dict[UUID, list[EventPicture]] = {event_id: [] for event_id in event_ids}
    query = (
        select(EventPicture)
        .where(EventPicture.event_id.in_(event_ids))
        .order_by(EventPicture.width, func.length(EventPicture.name), EventPicture.name)
    )
    for row in (await session.execute(query)).scalars():
        by_event[row.event_id].append(row)
    return by_event


async def require_event(session: AsyncSession, event_id: UUID) -> None:
    """Check that there is such a race.

    Raises:
        UnknownEvent.
    """
    if (await session.execute(select(Race.id).where(Race.id == event_id))).first() is None:
        raise UnknownEvent


async def event_by_id(session: AsyncSession, event_id: UUID, *, now: datetime) -> EventWithCategories:
    """Return a race for staff, active or not, with all its categories.

    Raises:
        UnknownEvent.
    """
    event = await session.get(Race, event_id)
    if event is None:
        raise UnknownEvent
    [found] = await _complete(session, [event], now, public=False)
    return found


async def all_events(session: AsyncSession, *, now: datetime) -> list[EventWithCategories]:
    """Return every race for staff, newest first."""
    events = (await session.execute(select(Race).order_by(Race.event_date.desc(), Race.id))).scalars().all()
    return await _complete(session, events, now, public=False)


async def category_by_id(session: AsyncSession, category_id: UUID, *, now: datetime) -> dict[str, Any]:
    """Return a category for staff, with its places and its phase of prices at `now`.

    Raises:
        UnknownCategory.
    """
    found = await session.execute(_with_places().where(RaceCategory.id == category_id))
    row: RowMapping | None = found.mappings().first()
    if row is None:
        raise UnknownCategory
    phases = await active_phases(session, [category_id])
    return with_prices(row, phases[category_id], now, public=False)


async def get_category(session: AsyncSession, category_id: UUID) -> CategorySnapshot | None:
    """Return the data of a category that admission needs; None if it does not exist."""
    query = (
        select(RaceCategory, _FACTS).join(Race, Race.id == RaceCategory.event_id).where(RaceCategory.id == category_id)
    )
    found = (await session.execute(query)).first()
    if found is None:
        return None
    phases = await active_phases(session, [category_id])
    return _snapshot(*found, phases=phases[category_id])


_FACTS: Bundle[Any] = Bundle(
    "race", Race.id, Race.name, Race.event_date, Race.location, Race.timezone, Race.revision, Race.is_active
)
"""What admission needs of a race: its texts may be long, so they are not read with it."""


def _snapshot(category: RaceCategory, event: Any, *, phases: tuple[PricePhase, ...]) -> CategorySnapshot:
    return CategorySnapshot(
        category_id=category.id,
        category_name=category.name,
        event_id=event.id,
        event_name=event.name,
        event_date=event.event_date,
        location=event.location,
        timezone=event.timezone,
        race_revision=event.revision,
        prefix=category.registration_prefix,
        currency=category.currency,
        prices={
            RegistrationType.INDIVIDUAL: category.price_individual,
            RegistrationType.COLLECTIVE_5: category.price_collective_5,
            RegistrationType.COLLECTIVE_10: category.price_collective_10,
        },
        phases=phases,
        code_required=category.code_required,
        is_active=category.is_active and event.is_active,
        opens_at=category.registration_open_at,
        closes_at=category.registration_close_at,
        payment_deadline=timedelta(hours=category.payment_deadline_hours),
    )


def _with_places() -> Select[Any]:
    left = (CategoryPlaces.quota - CategoryPlaces.taken).label("places_left")
    return select(*RaceCategory.__table__.columns, left).join(
        CategoryPlaces, CategoryPlaces.category_id == RaceCategory.id
    )


async def _categories(
    session: AsyncSession, event_ids: Sequence[UUID], now: datetime, *, public: bool
) -> dict[UUID, list[dict[str, Any]]]:
    query = _with_places().where(RaceCategory.event_id.in_(event_ids)).order_by(RaceCategory.bib_start_number)
    if public:
        query = query.where(RaceCategory.is_active)
    rows = (await session.execute(query)).mappings().all()
    phases = await active_phases(session, [row["id"] for row in rows])
    by_event: dict[UUID, list[dict[str, Any]]] = {event_id: [] for event_id in event_ids}
    for row in rows:
        by_event[row["event_id"]].append(with_prices(row, phases[row["id"]], now, public=public))
    return by_event


_COLUMNS = [column.key for column in Race.__table__.columns if column.key != Race.search_words.key]


def _event(event: Race, categories: list[dict[str, Any]], pictures: Sequence[EventPicture]) -> EventWithCategories:
    columns = {name: getattr(event, name) for name in _COLUMNS}
    shown = {**pictures_of(event.slug, pictures), "has_course": event.course_version is not None}
    return {**columns, **shown, "picture_files": pictures, "categories": categories}
