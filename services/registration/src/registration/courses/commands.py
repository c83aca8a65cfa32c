"""Setting and deleting the course of an event."""

import hashlib
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.catalog.errors import UnknownEvent
from registration.catalog.tables import EventCourse, Race
from registration.courses.gpx import read_tracks, written
from registration.courses.rules import length

_VERSION_DIGITS: Final = 16


@dataclass(frozen=True)
class NewCourse:
    """A course to set: the file that is served, its version and its length."""

    gpx: bytes
    version: str
    meters: int

    @classmethod
    def of(cls, file: bytes) -> Self:
        """Return the course in an uploaded file.

        Raises:
            InvalidFields: it is not GPX, or has no line.
        """
        tracks = read_tracks(file)
        gpx = written(tracks)
        return cls(gpx, hashlib.sha256(gpx).hexdigest()[:_VERSION_DIGITS], length(tracks))


async def set_course(work: UnitOfWork, event_id: UUID, course: NewCourse, *, by: str) -> None:
    """Have an event show a course.

    Raises:
        UnknownEvent.
    """
    before = await _show(work, event_id, course)
    row = {"event_id": event_id, "gpx": course.gpx}
    stored = upsert(EventCourse).values(row).on_conflict_do_update(index_elements=["event_id"], set_=row)
    await work.session.execute(stored)
    versions = {"before": {"version": before}, "after": {"version": course.version, "meters": course.meters}}
    await work.audit(by, "event.set_course", f"event:{event_id}", **versions)


async def delete_course(work: UnitOfWork, event_id: UUID, *, by: str) -> None:
    """Have an event show no course any more.

    Raises:
        UnknownEvent.
    """
    before = await _show(work, event_id, None)
    await work.session.execute(delete(EventCourse).where(EventCourse.event_id == event_id))
    if before is not None:
        await work.audit(by, "event.delete_course", f"event:{event_id}", before={"version": before})


async def _show(work: UnitOfWork, event_id: UUID, course: NewCourse | None) -> str | None:
    """Change what the event shows, and return the version that it showed before."""
    race = await work.session.get(Race, event_id, with_for_update=True, populate_existing=True)
    if race is None:
        raise UnknownEvent
    before = race.course_version
    shown = {"course_version": course.version if course else None, "course_meters": course.meters if course else None}
    await work.session.execute(update(Race).where(Race.id == event_id).values(updated_at=work.now, **shown))
    return before
