"""The course of a race: uploaded, downloaded by staff, and removed."""

from typing import Final
from uuid import UUID

from chassis.errors import NotFound, Unavailable
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response
from starlette.datastructures import FormData, UploadFile

from web.console.access import Admin, AnyStaff
from web.console.apis import Failure, Registration, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.races import forms
from web.console.races.listing import PATH
from web.console.races.race_page import ONE
from web.console.races.upstream import race_by_id
from web.console.routing import ConsoleRouter
from web.forms import FieldError
from web.languages import language_of_path
from web.pages import PRIVATE
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_COURSE: Final = f"{ONE}/course"
_READ_WITHIN: Final = 30.0
_MAX_FILE_BYTES: Final = 5 * 1024 * 1024
_OF_THE_CALLER: Final = frozenset({401, 403})
_NO_FILE: Final = Wording(en="Choose a GPX file first.", id="Pilih berkas GPX dahulu.")
_TOO_LARGE: Final = Wording(
    en="This file is larger than 5 MB. Save the course with fewer points.",
    id="Berkas ini lebih dari 5 MB. Simpan rutenya dengan lebih sedikit titik.",
)
_MAYBE_LOST: Final = Wording(
    en="We could not hear whether the file arrived. Send it once more: it replaces the one before.",
    id="Kami belum tahu apakah berkasnya sudah masuk. Kirim sekali lagi: berkas itu menggantikan yang lama.",
)


@router.page(_COURSE)
async def show_course(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Show the form that replaces the course."""
    return await _page(request, staff, registration, race_id)


@router.action(_COURSE)
async def upload(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:
    """Replace the course."""
    async with form_of(request, max_files=1, max_fields=4) as form:
        failure = await _sent(request, registration, race_id, form)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", "course_set")
    return await _page(request, staff, registration, race_id, failure)


@router.action(f"{_COURSE}/remove")
async def remove(request: Request, staff: Admin, registration: Registration, race_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Remove the course; removing it again changes nothing."""
    await registration.call("DELETE", f"/events/{race_id}/course")
    return done(request, f"{ROOT}{PATH}/{race_id}", "course_removed")


@router.page(f"{_COURSE}/file")
async def show_file(staff: AnyStaff, registration: Registration, race_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Return the course as GPX, also of a race that is not published."""
    found = await course_of(registration, race_id)
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{race_id}.gpx"'}
    return Response(found, media_type="application/gpx+xml", headers=headers)


async def course_of(registration: StaffApi, race_id: UUID) -> bytes:
    """Return the course of a race as GPX.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return (await registration.call("GET", f"/catalog/{race_id}/course.gpx")).content


async def set_course(registration: StaffApi, race_id: UUID, gpx: object) -> None:
    """Set the course of a race.

    Args:
        gpx: the file, as bytes or open.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    files = {"file": ("course.gpx", gpx, "application/gpx+xml")}
    await registration.call("PUT", f"/events/{race_id}/course", files=files, timeout=_READ_WITHIN)


async def _sent(request: Request, registration: StaffApi, race_id: UUID, form: FormData) -> Failure | None:
    """Send the form's file on; return why it was not stored, or None.

    Raises:
        Refused: 401, 403 or 404, which have pages of their own.
    """
    file, language = form.get("file"), language_of_path(request.url.path)
    if not isinstance(file, UploadFile) or not file.size:
        return _at_file(422, "no_file", _NO_FILE.said(language))
    if file.size > _MAX_FILE_BYTES:
        return _at_file(413, "payload_too_large", _TOO_LARGE.said(language))
    try:
        await set_course(registration, race_id, file.file)
    except Unavailable as error:
        return _at_file(error.status, error.code, _MAYBE_LOST.said(language))
    except Refused as refused:
        if refused.status in {*_OF_THE_CALLER, NotFound.status}:
            raise
        return _at_file(refused.status, refused.code, next(iter(refused.field_errors.values()), refused.wording.en))
    return None


def _at_file(status: int, code: str, message: str) -> Failure:
    return Failure(status, code, None, [FieldError("file", message)])


async def _page(
    request: Request, staff: StaffSession, registration: StaffApi, race_id: UUID, failure: Failure | None = None
) -> Response:
    race = await race_by_id(registration, race_id)
    form = form_after({}, failure)
    return console_page(request, staff, "races/course.html", form=form, race=race, **forms.shown(failure))
