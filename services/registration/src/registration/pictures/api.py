"""Routes for banner and logo of an event: admins set them, everybody loads them."""

from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, public
from chassis.auth.principals import Staff
from chassis.errors import InvalidFields, PayloadTooLarge, TooBusy, Unavailable
from chassis.images.errors import ImageMissing, UnsupportedImage
from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore
from chassis.web.dependencies import OwnDatabase, from_state
from chassis.web.models import Slug
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Path, Request, Response

from registration.catalog import queries as catalog
from registration.catalog.api import ChangeOfCatalog, EventView, OwnCatalog
from registration.catalog.errors import UnknownEvent
from registration.catalog.pictures import SHARED, PictureKind
from registration.catalog.versions import Version, kept_for
from registration.pictures import commands, queries
from registration.pictures.commands import NewPicture
from registration.pictures.errors import NoPicture
from registration.pictures.files import RecentFiles
from registration.pictures.forms import REQUEST_BODY, read_picture

router = Router(tags=["pictures"])

Images = Annotated[ImageStore, from_state("images")]
OwnImageProcessor = Annotated[ImageProcessor, from_state("image_processor")]
Files = Annotated[RecentFiles, from_state("picture_files")]

FileName = Annotated[str, Path(max_length=20, description="of the file, the last part of its address")]

_SET = errors(UnknownEvent, UnsupportedImage, PayloadTooLarge, InvalidFields, TooBusy, Unavailable)
_SHOWN = errors(NoPicture, ImageMissing, Unavailable)
_WEBP = {200: {"content": {"image/webp": {}}}, **_SHOWN}


@router.put("/events/{event_id}/banner", responses=_SET, openapi_extra=REQUEST_BODY)
async def set_banner(
    event_id: UUID,
    staff: Admin,
    request: Request,
    database: OwnDatabase,
    catalog: OwnCatalog,
    image_processor: OwnImageProcessor,
    images: Images,
) -> EventView:
    """Set the banner, such as the poster, from a JPEG, PNG or WebP of up to 5 MB and 25 million pixels."""
    await _set(request, event_id, PictureKind.BANNER, staff, database, image_processor, images)
    catalog.forget()
    return await _shown(database, event_id)


@router.put("/events/{event_id}/logo", responses=_SET, openapi_extra=REQUEST_BODY)
async def set_logo(
    event_id: UUID,
    staff: Admin,
    request: Request,
    database: OwnDatabase,
    catalog: OwnCatalog,
    image_processor: OwnImageProcessor,
    images: Images,
) -> EventView:
    """Set the logo, from a JPEG, PNG or WebP of up to 5 MB and 25 million pixels."""
    await _set(request, event_id, PictureKind.LOGO, staff, database, image_processor, images)
    catalog.forget()
    return await _shown(database, event_id)


async def _set(
    request: Request,
    event_id: UUID,
    kind: PictureKind,
    staff: Staff,
    database: OwnDatabase,
    image_processor: ImageProcessor,
    images: ImageStore,
) -> None:
    async with database.read() as session:  # before reading the body, which may be large
        await catalog.require_event(session, event_id)
    new = NewPicture(event_id, kind, await read_picture(request))
    await commands.set_picture(database, image_processor, images, new, by=staff.actor)


async def _shown(database: OwnDatabase, event_id: UUID) -> EventView:
    async with database.read() as session:
        return EventView.model_validate(await catalog.event_by_id(session, event_id, now=database.clock()))


@router.delete("/events/{event_id}/banner", status_code=204, responses=errors(UnknownEvent))
async def delete_banner(event_id: UUID, staff: Admin, work: ChangeOfCatalog) -> None:
    """Delete the banner, if there is one."""
    await commands.delete_picture(work, event_id, PictureKind.BANNER, by=staff.actor)


@router.delete("/events/{event_id}/logo", status_code=204, responses=errors(UnknownEvent))
async def delete_logo(event_id: UUID, staff: Admin, work: ChangeOfCatalog) -> None:
    """Delete the logo, if there is one."""
    await commands.delete_picture(work, event_id, PictureKind.LOGO, by=staff.actor)


@router.get("/events/{slug}/banner/{width}.webp", dependencies=[public], response_class=Response, responses=_WEBP)
async def show_banner(
    slug: Slug, width: str, request: Request, catalog: OwnCatalog, files: Files, version: Version = None
) -> Response:
    """Return the banner of an active event, at most 320, 768 or 1280 pixels wide."""
    return await _file(request, (slug, PictureKind.BANNER, f"{width}.webp"), catalog, files, version)


@router.get(
    f"/events/{{slug}}/banner/{SHARED}",
    dependencies=[public],
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **_SHOWN},
)
async def show_shared_banner(
    slug: Slug, request: Request, catalog: OwnCatalog, files: Files, version: Version = None
) -> Response:
    """Return the banner of an active event as JPEG, for previews of links."""
    return await _file(request, (slug, PictureKind.BANNER, SHARED), catalog, files, version)


@router.get("/events/{slug}/logo/{width}.webp", dependencies=[public], response_class=Response, responses=_WEBP)
async def show_logo(
    slug: Slug, width: str, request: Request, catalog: OwnCatalog, files: Files, version: Version = None
) -> Response:
    """Return the logo of an active event, at most 96 or 192 pixels wide."""
    return await _file(request, (slug, PictureKind.LOGO, f"{width}.webp"), catalog, files, version)


@router.get(
    "/catalog/{event_id}/{kind}/{name}",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}, "image/jpeg": {}}}, **_SHOWN},
)
async def show_to_staff(
    event_id: UUID, kind: PictureKind, name: FileName, _: AnyStaff, database: OwnDatabase, files: Files
) -> Response:
    """Return a file of the banner or logo of any event, active or not."""
    async with database.read() as session:
        path = await queries.path_of_file(session, event_id, kind, name)
    return Response(await files.get(path), media_type=_media_type(name), headers={"Cache-Control": "no-store"})


async def _file(
    request: Request, key: tuple[str, str, str], catalog: OwnCatalog, files: RecentFiles, version: str | None
) -> Response:
    found = (await catalog.get()).pictures.get(key)
    if found is None:
        raise NoPicture
    etag = f'"{found.version}-{key[2]}"'
    headers = {"ETag": etag, "Cache-Control": kept_for(version, found.version)}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(await files.get(found.path), media_type=_media_type(key[2]), headers=headers)


def _media_type(name: str) -> str:
    return "image/jpeg" if name == SHARED else "image/webp"
