"""Reports of the gateway: uploading one, all that were uploaded, and each with what differs."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from chassis.errors import InvalidFields, Unavailable
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request, Response
from starlette.datastructures import UploadFile

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment, StaffApi, unless_away
from web.console.gateway.models import Report, Reports
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/gateway/reports"
FORM_BYTES: Final = 5 * 1024 * 1024 + 64 * 1024
"""Maximum of the form: a file of 5 MB and what surrounds it."""

_FILE: Final = "file"
_READ_WITHIN: Final = 28.0
_QUOTED: Final = ("line", "expected", "found", "limit", "missing", "header")
_LONGEST_QUOTE: Final = 300

_NO_FILE: Final = Wording(
    en="Choose the file that the dashboard of the gateway offers.", id="Pilih berkas dari dasbor gerbang pembayaran."
)
_NO_ANSWER: Final = Wording(
    en="There was no answer. Upload the file once more: no fee is booked twice.",
    id="Tidak ada jawaban. Unggah berkas ini sekali lagi: tidak ada biaya yang dicatat dua kali.",
)


@router.page(PATH)
async def list_reports(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """List reports, the newest first, below the form that uploads one."""
    return await _page(request, staff, payment, identity)


@router.action(PATH)
async def upload_report(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """Let payment compare a report, and lead to what it found, or say what is wrong with the file."""
    async with form_of(request, max_files=1, max_fields=4, max_part_size=FORM_BYTES) as form:
        outcome = await _compared(payment, form.get(_FILE), language_of_path(request.url.path))
    if isinstance(outcome, Failure):
        return await _page(request, staff, payment, identity, outcome)
    what = "repeated" if outcome.repeated_file else "compared"
    return done(request, f"{ROOT}{PATH}/{outcome.report_id}", what)


@router.page(f"{PATH}/{{report_id}}")
async def show_report(
    request: Request, report_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Show what a report says, which fees were booked by it, and every difference."""
    report, names = await asyncio.gather(payment.get(Report, f"{PATH}/{report_id}"), staff_names(identity, staff))
    return console_page(request, staff, "gateway/report.html", report=report, names=names)


async def _compared(payment: StaffApi, file: object, language: Language) -> Report | Failure:
    if not isinstance(file, UploadFile) or not file.size:
        return _wrong(Failure(InvalidFields.status, InvalidFields.code), _NO_FILE.said(language))
    files = {_FILE: ("report.csv", file.file, "text/csv")}
    outcome = await payment.create(Report, PATH, files=files, timeout=_READ_WITHIN)
    if not isinstance(outcome, Failure):
        return outcome
    if outcome.code == Unavailable.code:
        return _wrong(outcome, _NO_ANSWER.said(language))
    return _wrong(outcome, *(each.message for each in outcome.errors), *([outcome.message] if outcome.message else []))


def _wrong(failure: Failure, *messages: str) -> Failure:
    """Return a failure whose messages stand at the file."""
    return replace(failure, message=None, errors=[FieldError(_FILE, each) for each in messages])


def _quoted(members: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a refusal names of the file, such as the columns that it has."""
    named = {name: members.get(name) for name in _QUOTED}
    shown = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in named.items()
        if value not in (None, "", [])
    }
    return {name: text[:_LONGEST_QUOTE] for name, text in shown.items()}


async def _page(
    request: Request, staff: StaffSession, payment: StaffApi, identity: StaffApi, failure: Failure | None = None
) -> Response:
    """Return the list. After a refusal, it is shown also while payment does not answer."""
    state = ListState.of(request, ())
    asked = payment.get(Reports, PATH, cursor=state.cursor)
    found, names = await asyncio.gather(unless_away(asked) if failure else asked, staff_names(identity, staff))
    return console_page(
        request,
        staff,
        "gateway/reports.html",
        status=failure.status if failure else 200,
        state=state,
        reports=found.items if found else (),
        next_cursor=found.next_cursor if found else None,
        is_known=found is not None,
        form=Form({}, failure.errors if failure else ()),
        quoted=_quoted(failure.members) if failure else {},
        names=names,
    )
