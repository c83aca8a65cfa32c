"""Reading races and categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from contracts import RegistrationType
from sqlalchemy import ColumnElement, Select, func, select, text, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Bundle

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.catalog.pictures import pictures_of
from registration.catalog.rules import CategorySnapshot
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


async def active_events(session: AsyncSession) -> list[EventWithCategories]:
    """Return active races, soonest first, with their active categories."""
    return await _shown(session, _ACTIVE)


async def search(
    session: AsyncSession, wanted: Search, *, limit: int, after: Position | None
) -> list[EventWithCategories]:
    """Return active races that match, soonest first; one more than `limit` if there are more."""
    query = _ACTIVE.where(*wanted.conditions()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Race.event_date, Race.id) > after)
    if wanted.q:
        # As for registrations, the best plan depends on how many events have the words.
        await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    return await _shown(session, query)


async def _shown(session: AsyncSession, query: Select[Any]) -> list[EventWithCategories]:
    return await _complete(session, (await session.execute(query)).scalars().all(), only_active=True)


async def _complete(session: AsyncSession, events: Sequence[Race], *, only_active: bool) -> list[EventWithCategories]:
    """Return events with their categories and pictures."""
    event_ids = [event.id for event in events]
    categories = await _categories(session, event_ids, only_active=only_active)
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


async def event_by_id(session: AsyncSession, event_id: UUID) -> EventWithCategories:
    """Return a race for staff, active or not, with all its categories.

    Raises:
        UnknownEvent.
    """
    event = await session.get(Race, event_id)
    if event is None:
        raise UnknownEvent
    [found] = await _complete(session, [event], only_active=False)
    return found


async def all_events(session: AsyncSession) -> list[EventWithCategories]:
    """Return every race for staff, newest first."""
    events = (await session.execute(select(Race).order_by(Race.event_date.desc(), Race.id))).scalars().all()
    return await _complete(session, events, only_active=False)


async def category_by_id(session: AsyncSession, category_id: UUID) -> RowMapping:
    """Return a category with its places.

    Raises:
        UnknownCategory.
    """
    found = await session.execute(_with_places().where(RaceCategory.id == category_id))
    row: RowMapping | None = found.mappings().first()
    if row is None:
        raise UnknownCategory
    return row


async def get_category(session: AsyncSession, category_id: UUID) -> CategorySnapshot | None:
    """Return the data of a category that admission needs; None if it does not exist."""
    query = (
        select(RaceCategory, _FACTS).join(Race, Race.id == RaceCategory.event_id).where(RaceCategory.id == category_id)
    )
    found = (await session.execute(query)).first()
    return None if found is None else _snapshot(*found)


_FACTS: Bundle[Any] = Bundle(
    "race", Race.id, Race.name, Race.event_date, Race.location, Race.timezone, Race.revision, Race.is_active
)
"""What admission needs of a race: its texts may be long, so they are not read with it."""


def _snapshot(category: RaceCategory, event: Any) -> CategorySnapshot:
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
    session: AsyncSession, event_ids: Sequence[UUID], *, only_active: bool
) -> dict[UUID, list[RowMapping]]:
    query = _with_places().where(RaceCategory.event_id.in_(event_ids)).order_by(RaceCategory.bib_start_number)
    if only_active:
        query = query.where(RaceCategory.is_active)
    by_event: dict[UUID, list[RowMapping]] = {event_id: [] for event_id in event_ids}
    for row in (await session.execute(query)).mappings():
        by_event[row["event_id"]].append(row)
    return by_event


_COLUMNS = [column.key for column in Race.__table__.columns if column.key != Race.search_words.key]


def _event(event: Race, categories: list[RowMapping], pictures: Sequence[EventPicture]) -> EventWithCategories:
    columns = {name: getattr(event, name) for name in _COLUMNS}
    return {**columns, **pictures_of(event.slug, pictures), "picture_files": pictures, "categories": categories}
