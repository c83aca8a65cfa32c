"""The page of all statements, and the form that imports one."""

import asyncio
from typing import Final
from urllib.parse import urlencode

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, StaffApi, unless_away
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import DONE, console_page
from web.console.routing import ConsoleRouter
from web.console.statements.columns import guessed
from web.console.statements.mappings import choosing_page
from web.console.statements.models import Statements
from web.console.statements.uploading import ACCOUNT, FORM_BYTES, Upload, figures, uploaded
from web.forms import Form
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/statements"
_FORMER: Final = "/payments/statement"
_LONGEST: Final = 50


@router.page(_FORMER)
async def lead_from_the_former_address(request: Request, staff: Finance) -> Response:  # noqa: ARG001  # the gate
    """Lead to the page of statements."""
    return see_other(request, ROOT + PATH)


@router.page(PATH)
async def list_statements(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """List statements, the newest first, below the form that imports one, with the account number of the address."""
    return await _page(request, staff, payment, identity, account=request.query_params.get(ACCOUNT, "")[:_LONGEST])


@router.action(PATH)
async def import_statement(request: Request, staff: Finance, payment: Payment, identity: Identity) -> Response:
    """Import a file: lead to its lines, to the choice of columns, or say what is wrong with it."""
    async with form_of(request, max_files=1, max_fields=4, max_part_size=FORM_BYTES) as form:
        account = str(form.get(ACCOUNT) or "").strip()
        upload = await uploaded(request, form, payment)
    if upload.imported is not None:
        what = "repeated" if upload.imported.repeated_file else "imported"
        query = urlencode({DONE: what, **figures(upload.imported)})
        return see_other(request, f"{ROOT}{PATH}/{upload.imported.statement_id}?{query}")
    if upload.head is not None:
        return choosing_page(request, staff, upload.head, {**guessed(upload.head), ACCOUNT: account})
    return await _page(request, staff, payment, identity, upload=upload, account=account)


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    *,
    upload: Upload | None = None,
    account: str = "",
) -> Response:
    """Return the list. After a refusal, it is shown also while payment does not answer."""
    state = ListState.of(request, ())
    asked = payment.get(Statements, "/statements", cursor=state.cursor)
    found, names = await asyncio.gather(unless_away(asked) if upload else asked, staff_names(identity, staff))
    return console_page(
        request,
        staff,
        "statements/list.html",
        status=upload.status if upload else 200,
        state=state,
        statements=found.items if found else (),
        next_cursor=found.next_cursor if found else None,
        is_known=found is not None,
        form=Form({ACCOUNT: account}, upload.errors if upload else ()),
        quoted=upload.quoted if upload else {},
        names=names,
    )
