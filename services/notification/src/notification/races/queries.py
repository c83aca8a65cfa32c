"""Queries for races."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from notification.races.tables import Race, RaceCategory


async def current_names(session: AsyncSession, event_id: UUID | None, category_id: UUID | None) -> Mapping[str, Any]:
    """Return race and category by the names of template variables; those that are not stored are missing."""
    race = None if event_id is None else await session.get(Race, event_id)
    category = None if category_id is None else await session.get(RaceCategory, category_id)
    names: dict[str, Any] = {}
    if race is not None:
        names |= {
            "event_name": race.name,
            "event_date": race.event_date,
            "event_location": race.location,
            "timezone": race.timezone,
        }
    if category is not None:
        names["category_name"] = category.name
    return names


async def notified_revision(session: AsyncSession, event_id: UUID | None) -> int:
    """Return the newest announced revision of a race; 0 if there is none."""
    race = None if event_id is None else await session.get(Race, event_id)
    return 0 if race is None else race.notified_revision
