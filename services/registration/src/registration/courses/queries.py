"""Reading courses of events."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.tables import EventCourse, Race
from registration.courses.errors import NoCourse


async def course_of(session: AsyncSession, event_id: UUID) -> tuple[str, str, bytes]:
    """Return the slug of an event, the version of its course, and the course as GPX.

    Raises:
        NoCourse.
    """
    query = select(Race.slug, Race.course_version, EventCourse.gpx).join(EventCourse, EventCourse.event_id == Race.id)
    found = (await session.execute(query.where(Race.id == event_id))).first()
    if found is None:
        raise NoCourse
    return found.slug, found.course_version, found.gpx
