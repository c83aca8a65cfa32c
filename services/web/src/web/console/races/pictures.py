"""Banner and logo of a race: shown to staff, sent on to registration, and removed."""

import re
from typing import Annotated, Final, Literal
from uuid import UUID

from chassis.errors import NotFound, Unavailable
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Path, Request, Response
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

PICTURE_BYTES: Final = 5 * 1024 * 1024 + 48 * 1024
"""Maximum of the form: a file of 5 MB and the fields; a little less than registration accepts from us."""

MAX_FILE_BYTES: Final = 5 * 1024 * 1024
PATTERN: Final = r"(?:/en)?/console/races/[^/]+/(?:pictures/[^/]+|course)"
"""Paths of forms with a picture or a course, which is as large."""

_ONE: Final = f"{ONE}/pictures/{{kind}}"
_REMOVE: Final = f"{_ONE}/remove"
_SCALED_WITHIN: Final = 30.0
_OF_THE_CALLER: Final = frozenset({401, 403})
_NAME: Final = re.compile(r"[0-9a-z]{1,8}\.(webp|jpg)")

_NO_FILE: Final = Wording(en="Choose a picture first.", id="Pilih gambar dahulu.")
_TOO_LARGE: Final = Wording(
    en="This picture is larger than 5 MB. Choose a smaller one.",
    id="Gambar ini lebih dari 5 MB. Pilih yang lebih kecil.",
)
_MAYBE_LOST: Final = Wording(
    en="We could not hear whether the picture arrived. Send it once more: the same picture is never there twice.",
    id="Kami belum tahu apakah gambarnya sudah masuk. Kirim sekali lagi: gambar yang sama tidak akan menjadi dua.",
)

Kind = Literal["banner", "logo"]


@router.page(_ONE)
async def show_picture(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, kind: Kind
) -> Response:
    """Show a picture with the form that replaces it."""
    return await _page(request, staff, registration, race_id, kind)


@router.action(_ONE)
async def upload(request: Request, staff: Admin, registration: Registration, race_id: UUID, kind: Kind) -> Response:
    """Replace a picture."""
    async with form_of(request, max_files=1, max_fields=4) as form:
        failure = await _sent(request, registration, f"/events/{race_id}/{kind}", form)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{race_id}", f"{kind}_set")
    return await _page(request, staff, registration, race_id, kind, failure)


@router.page(_REMOVE)
async def ask_to_remove(
    request: Request, staff: Admin, registration: Registration, race_id: UUID, kind: Kind
) -> Response:
    """Name what removing a picture does."""
    race = await race_by_id(registration, race_id)
    return console_page(request, staff, "races/picture_remove.html", race=race, kind=kind, picture=race.picture(kind))


@router.action(_REMOVE)
async def remove(request: Request, staff: Admin, registration: Registration, race_id: UUID, kind: Kind) -> Response:  # noqa: ARG001  # the gate
    """Remove a picture; removing it again changes nothing."""
    await registration.call("DELETE", f"/events/{race_id}/{kind}")
    return done(request, f"{ROOT}{PATH}/{race_id}", f"{kind}_removed")


@router.page(f"{ONE}/images/{{kind}}/{{name}}")
async def show_file(
    staff: AnyStaff,  # noqa: ARG001  # the gate
    registration: Registration,
    race_id: UUID,
    kind: Kind,
    name: Annotated[str, Path(max_length=20)],
) -> Response:
    """Return a file of a picture, also of a race that is not published."""
    if not _NAME.fullmatch(name):
        raise NotFound
    found = await registration.call("GET", f"/catalog/{race_id}/{kind}/{name}")
    media_type = "image/jpeg" if name.endswith("jpg") else "image/webp"
    return Response(found.content, media_type=media_type, headers=PRIVATE)


async def _sent(request: Request, registration: StaffApi, path: str, form: FormData) -> Failure | None:
    """Send the form's picture on; return why it was not stored, or None.

    Raises:
        Refused: 401, 403 or 404, which have pages of their own.
    """
    file, language = form.get("file"), language_of_path(request.url.path)
    if not isinstance(file, UploadFile) or not file.size:
        return _at_file(422, "no_file", _NO_FILE.said(language))
    if file.size > MAX_FILE_BYTES:
        return _at_file(413, "payload_too_large", _TOO_LARGE.said(language))
    try:
        files = {"file": ("picture", file.file, "application/octet-stream")}
        await registration.call("PUT", path, files=files, timeout=_SCALED_WITHIN)
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
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    race_id: UUID,
    kind: Kind,
    failure: Failure | None = None,
) -> Response:
    race = await race_by_id(registration, race_id)
    return console_page(
        request,
        staff,
        "races/picture.html",
        form=form_after({}, failure),
        race=race,
        kind=kind,
        picture=race.picture(kind),
        **forms.shown(failure),
    )
