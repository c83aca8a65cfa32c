"""The page of the bank statement: read it, look at what fits, verify what is ticked.

Nothing is stored: the page holds the statement, and all of it can be repeated.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response
from starlette.datastructures import FormData, UploadFile

from web.console.access import Finance
from web.console.apis import Payment, StaffApi
from web.console.pages import console_page
from web.console.payments.statement.matching import match
from web.console.payments.statement.reading import MAX_BYTES, MAX_LINES, Problem, StatementProblem, statement_in
from web.console.payments.statement.sources import claims_for
from web.console.payments.statement.verifying import Ticked, ticked_in, verify_all
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/payments/statement"
FORM_BYTES: Final = MAX_BYTES + 512 * 1024
"""Maximum of the form: the statement, and the payments that are ticked."""

_TEXT, _FILE = "text", "file"
_FIELDS: Final = MAX_LINES + 10
_SHOWN: Final = 200
_PROBLEMS: Final[Mapping[Problem, Wording]] = {
    Problem.EMPTY: Wording(
        en="Paste lines of the statement, or choose its file.", id="Tempel baris mutasi, atau pilih berkasnya."
    ),
    Problem.TOO_LONG: Wording(
        en="This is more than 2,000 lines or 1 MB. Send the statement in parts.",
        id="Ini lebih dari 2.000 baris atau 1 MB. Kirim mutasinya per bagian.",
    ),
    Problem.NO_AMOUNTS: Wording(
        en="No amount was found. Each line needs date, amount and description, or a first line that names the columns.",
        id="Tidak ada jumlah yang terbaca. Tiap baris perlu tanggal, jumlah, dan keterangan, atau baris pertama yang"
        " menyebut nama kolomnya.",
    ),
}
_NONE_TICKED: Final = Wording(en="Tick at least one payment.", id="Centang paling sedikit satu pembayaran.")


@router.page(PATH)
async def show_form(request: Request, staff: Finance) -> Response:
    """The form for a statement."""
    return _form_page(request, staff, "")


@router.action(PATH)
async def work_off(request: Request, staff: Finance, payment: Payment) -> Response:
    """Show what fits the statement, or verify what was ticked and show what became of each."""
    async with form_of(request, max_files=1, max_fields=_FIELDS, max_part_size=FORM_BYTES) as form:
        text, is_verifying, ticked = await _text_in(form), form.get("do") == "verify", ticked_in(form)
    if not is_verifying:
        return await _proposals(request, staff, payment, text)
    if not ticked:
        message = _NONE_TICKED.said(language_of_path(request.url.path))
        return await _proposals(request, staff, payment, text, message=message)
    results = await verify_all(payment, ticked)
    return console_page(request, staff, "payments/statement_done.html", results=results, text=text)


async def _proposals(
    request: Request, staff: StaffSession, payment: StaffApi, text: str, *, message: str | None = None
) -> Response:
    try:
        statement = await asyncio.to_thread(statement_in, text)
    except StatementProblem as wrong:
        said = _PROBLEMS[wrong.problem].said(language_of_path(request.url.path))
        return _form_page(request, staff, text, FieldError(_TEXT, said))
    zone = ZoneInfo(request.app.state.settings.timezone)
    claims = await claims_for(payment, statement, zone)
    found = await asyncio.to_thread(
        match, statement.lines, claims.waiting, claims.verified, knows_all_verified=not claims.is_verified_cut
    )
    shown: Mapping[str, Any] = {
        "text": text,
        "statement": statement,
        "match": found,
        "sure": [each for each in found.proposals if each.is_sure],
        "unsure": [each for each in found.proposals if not each.is_sure],
        "ticked": Ticked.of,
        "is_cut": claims.is_cut,
        "is_verified_cut": claims.is_verified_cut,
        "most_shown": _SHOWN,
        "message": message,
    }
    return console_page(request, staff, "payments/statement_match.html", status=422 if message else 200, **shown)


def _form_page(request: Request, staff: StaffSession, text: str, *errors: FieldError) -> Response:
    form = Form({_TEXT: text}, errors)
    return console_page(request, staff, "payments/statement.html", status=422 if errors else 200, form=form)


async def _text_in(form: FormData) -> str:
    """Return the statement that was chosen as a file, or else pasted."""
    file, pasted = form.get(_FILE), form.get(_TEXT)
    if isinstance(file, UploadFile) and file.size:
        content = await file.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", "replace")
    return pasted if isinstance(pasted, str) else ""
