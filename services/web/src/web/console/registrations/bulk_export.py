"""A file of many registrations, which registration's worker writes."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from chassis.errors import Unavailable
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi
from web.console.menu import ROOT
from web.console.pages import DONE, console_page
from web.console.registrations.selection import Selection
from web.console.registrations.sent_form import SentForm
from web.console.routing import ConsoleRouter
from web.languages import language_of_path, with_query
from web.pages import see_other
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

FORMATS: Final = ("xlsx", "csv")

_PATH: Final = "/registrations/bulk/export"
_MOST_CHOSEN: Final = 200
_MOST_LISTED: Final = 10_000
_OF_THE_CALLER: Final = frozenset({401, 403})
_NOTHING: Final = Wording(en="Nothing matches any more.", id="Sudah tidak ada yang cocok.")


@router.page(_PATH)
async def confirm(request: Request, staff: Admin, registration: Registration) -> Response:
    """Name what the file is of, and have its format chosen."""
    selection = await Selection.of(request, request.query_params, registration, at_once=_MOST_CHOSEN)
    return _page(request, staff, selection, {"key": uuid4().hex})


@router.action(_PATH)
async def ask(request: Request, staff: Admin, registration: Registration) -> Response:
    """Have the file written; its state is shown among the files."""
    sent = await SentForm.of(request)
    selection = await Selection.described(request, sent.asked, registration)
    failure = await _ask(request, registration, selection, sent)
    if failure is None:
        where = urlencode({"race": selection.wanted.race.slug, DONE: "asked"})
        return see_other(request, with_query(f"{ROOT}/exports", f"{where}#taken"))
    if not selection.is_all:
        selection = selection.of_form(sent.ids)
    return _page(request, staff, selection, sent.values, failure)


async def _ask(request: Request, registration: StaffApi, selection: Selection, sent: SentForm) -> Failure | None:
    """Ask for the file; return why it will not be written, or None."""
    language = language_of_path(request.url.path)
    try:
        body = await _wanted(registration, selection, sent)
        if body.get("registration_ids") == []:
            return Failure(422, "invalid_fields", _NOTHING.said(language))
        await registration.call("POST", "/exports", json=body, headers=sent.headers)
    except Unavailable as error:
        return Failure(error.status, error.code, error.wording.said(language))
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        return Failure(refused.status, refused.code, next(iter(refused.field_errors.values()), refused.wording.en))
    return None


async def _wanted(registration: StaffApi, selection: Selection, sent: SentForm) -> Mapping[str, Any]:
    """Return what registration is asked for: by its own filters where they suffice, or else by the ids."""
    file_format = sent.values.get("format", "")
    wanted = selection.wanted
    body = {
        "kind": "participants",
        "format": file_format if file_format in FORMATS else FORMATS[0],
        "event_id": str(wanted.race.id),
    }
    if selection.is_all and wanted.is_counted:
        own = {"category_id": wanted.asked()["category_id"], "status": wanted.asked()["status"]}
        return {**body, **{name: value for name, value in own.items() if value is not None}}
    ids = sent.ids
    if selection.is_all:
        ids = (await selection.matching(registration, at_once=_MOST_LISTED)).ids
    return {**body, "registration_ids": [str(each) for each in ids]}


def _page(
    request: Request,
    staff: StaffSession,
    selection: Selection,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "registrations/export.html",
        status=failure.status if failure else 200,
        race=selection.wanted.race,
        selection=selection,
        message=failure.message if failure else None,
        values=values,
        formats=FORMATS,
    )
