"""Files: sent at once, asked for to be written by a job, and fetched once they are written."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from chassis.errors import NotFound, Unavailable
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Query, Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Identity, Registration, StaffApi
from web.console.catalog import Race, all_races, race_for
from web.console.exports.answers import Export
from web.console.exports.downloads import passed_on
from web.console.exports.kinds import FileFormat, Kind, file_name
from web.console.exports.pages import FAILED, PATH, STATUSES, category_of, exports_page
from web.console.menu import ROOT
from web.console.pages import DONE
from web.console.routing import ConsoleRouter
from web.forms import typed
from web.languages import language_of_path
from web.pages import see_other
from web.upstream.client import Refused

router = ConsoleRouter()

_OF_THE_CALLER: Final = frozenset({401, 403})
_NOT_THERE: Final = Wording(en="Choose a file of this page.", id="Pilih berkas di halaman ini.")

Word = Annotated[str, Query(max_length=255)]


@router.page(f"{PATH}/file")
async def send_file(
    request: Request,
    staff: Admin,  # noqa: ARG001  # the gate
    registration: Registration,
    kind: Kind,
    format: FileFormat,  # noqa: A002  # the name in the address
    race: Word = "",
    category: Word = "",
    status: Word = "",
    since: Word = "",
) -> Response:
    """Send a file at once; if it is refused, say why on the page of files."""
    chosen = race_for(await all_races(registration), race)
    asked = _asked(chosen, kind, format, {"category": category, "status": status, "since": since})
    query = {name: value for name, value in asked.items() if name not in ("kind", "format")}
    try:
        name = file_name(request, format, kind.value, chosen.slug, *([category] if asked["category_id"] else []))
        return await passed_on(registration, f"{kind.path}.{format}", name, **query)
    except Refused as refused:
        return _back(request, refused, race=chosen.slug, category=category)


@router.action(PATH)
async def ask_for_file(request: Request, staff: Admin, registration: Registration, identity: Identity) -> Response:
    """Have a file written. A form that is sent again asks for the same file, not for another."""
    async with form_of(request) as form:
        values = typed(form)
    race, category = values.get("race", ""), values.get("category", "")
    try:
        kind, file_format = Kind(values.get("kind", "")), FileFormat(values.get("format", ""))
    except ValueError:
        failure = Failure(422, "invalid_fields", _NOT_THERE.said(language_of_path(request.url.path)))
        return await exports_page(request, staff, registration, identity, race, category, failure)
    chosen = race_for(await all_races(registration), race)
    asked = _asked(chosen, kind, file_format, values)
    refused = await _ask(registration, asked, values.get("key", ""))
    if refused is not None:
        may_be_heard = refused.status == Unavailable.status
        key = values.get("key", "").removesuffix(kind.value) if may_be_heard else ""
        return await exports_page(request, staff, registration, identity, race, category, refused, key)
    where = {name: value for name, value in (("race", chosen.slug), ("category", category)) if value}
    return see_other(request, f"{ROOT}{PATH}?{urlencode({**where, DONE: 'asked'})}#taken")


@router.page(f"{PATH}/{{export_id}}/file")
async def fetch_file(request: Request, staff: Admin, registration: Registration, export_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Send a file that was written; if it is not kept any more, say so on the page of files."""
    export = await registration.get(Export, f"{PATH}/{export_id}")
    race = next((each for each in await all_races(registration) if each.id == export.event_id), None)
    name = file_name(request, export.format, export.kind, race.slug if race else "all")
    try:
        return await passed_on(registration, f"{PATH}/{export_id}/file", name)
    except Refused as refused:
        return _back(request, refused)


def _asked(race: Race, kind: Kind, file_format: FileFormat, values: Mapping[str, str]) -> Mapping[str, str | None]:
    """Return what registration is asked for. Statuses are of participants only, comparisons of jerseys only.

    Raises:
        NotFound: the category is not there (any more).
    """
    category = category_of(race, values.get("category", ""))
    if category is None and values.get("category"):
        raise NotFound
    status = values.get("status") if kind is Kind.PARTICIPANTS else None
    return {
        "kind": kind.value,
        "format": file_format.value,
        "event_id": str(race.id),
        "category_id": str(category.id) if category else None,
        "status": status if status in STATUSES else None,
        "since": (values.get("since") or None) if kind is Kind.JERSEYS else None,
    }


async def _ask(registration: StaffApi, asked: Mapping[str, str | None], key: str) -> Failure | None:
    """Ask for a file; return why it will not be written, or None."""
    body = {name: value for name, value in asked.items() if value is not None}
    headers = {"Idempotency-Key": key} if key.isascii() and key.isalnum() else {}
    try:
        await registration.call("POST", PATH, json=body, headers=headers)
    except Unavailable as error:
        return Failure(error.status, error.code, error.wording.said(registration.visitor.language))
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        text = next(iter(refused.field_errors.values()), refused.wording.en)
        return Failure(refused.status, refused.code, text)
    return None


def _back(request: Request, refused: Refused, **where: str) -> Response:
    """Go to the page of files, which says why a file was refused.

    Raises:
        Refused: of the caller, which has a page of its own.
    """
    if refused.status in _OF_THE_CALLER:
        raise refused
    kept = {name: value for name, value in where.items() if value}
    return see_other(request, f"{ROOT}{PATH}?{urlencode({**kept, FAILED: refused.code})}")
