"""Routes for the course of an event: admins set it, everybody downloads it."""

from typing import Annotated, Any, Final
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, public
from chassis.errors import InvalidFields, PayloadTooLarge, TooBusy
from chassis.images.processing import ImageProcessor
from chassis.web.dependencies import OwnDatabase, Read, from_state
from chassis.web.models import Slug
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Request, Response

from registration.catalog import queries as catalog
from registration.catalog.api import ChangeOfCatalog, EventView, OwnCatalog
from registration.catalog.errors import UnknownEvent
from registration.catalog.versions import Version, kept_for
from registration.courses import commands, queries
from registration.courses.commands import NewCourse
from registration.courses.errors import NoCourse
from registration.courses.forms import REQUEST_BODY, read_course

router = Router(tags=["courses"])

Processor = Annotated[ImageProcessor, from_state("image_processor")]
"""Reads files in threads, a few at a time: here courses, which take a second at most."""

_MEDIA_TYPE: Final = "application/gpx+xml"
_GPX: Final[dict[int | str, Any]] = {200: {"content": {_MEDIA_TYPE: {}}}, **errors(NoCourse)}


@router.put(
    "/events/{event_id}/course",
    responses=errors(UnknownEvent, InvalidFields, PayloadTooLarge, TooBusy),
    openapi_extra=REQUEST_BODY,
)
async def set_course(
    event_id: UUID,
    staff: Admin,
    request: Request,
    database: OwnDatabase,
    catalog_cache: OwnCatalog,
    processor: Processor,
) -> EventView:
    """Set the course from a GPX file of up to 5 MB and 50,000 points. Its lines and heights are kept, nothing else."""
    async with database.read() as session:  # before reading the body, which may be large
        await catalog.require_event(session, event_id)
    file = await read_course(request)
    course = await processor.run(lambda: NewCourse.of(file))
    async with database.work() as work:
        await commands.set_course(work, event_id, course, by=staff.actor)
    catalog_cache.forget()
    async with database.read() as session:
        return EventView.model_validate(await catalog.event_by_id(session, event_id, now=database.clock()))


@router.delete("/events/{event_id}/course", status_code=204, responses=errors(UnknownEvent))
async def delete_course(event_id: UUID, staff: Admin, work: ChangeOfCatalog) -> None:
    """Delete the course, if there is one."""
    await commands.delete_course(work, event_id, by=staff.actor)


@router.get("/events/{slug}/course.gpx", dependencies=[public], response_class=Response, responses=_GPX)
async def show_course(
    slug: Slug, request: Request, catalog_cache: OwnCatalog, database: OwnDatabase, version: Version = None
) -> Response:
    """Return the course of an active event."""
    found = (await catalog_cache.get()).courses.get(slug)
    if found is None:
        raise NoCourse
    headers = _headers(version, found.version)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    async with database.read() as session:  # which may know a newer one
        _, current, gpx = await queries.course_of(session, found.event_id)
    return _download(slug, gpx, _headers(version, current))


def _headers(asked: str | None, current: str) -> dict[str, str]:
    return {"ETag": f'"{current}"', "Cache-Control": kept_for(asked, current)}


@router.get("/catalog/{event_id}/course.gpx", response_class=Response, responses=_GPX)
async def show_course_to_staff(event_id: UUID, _: AnyStaff, session: Read) -> Response:
    """Return the course of any event, active or not."""
    slug, _version, gpx = await queries.course_of(session, event_id)
    return _download(slug, gpx, {"Cache-Control": "no-store"})


def _download(slug: str, gpx: bytes, headers: dict[str, str]) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{slug}.gpx"', "X-Content-Type-Options": "nosniff"}
    return Response(gpx, media_type=_MEDIA_TYPE, headers={**headers, **named})
