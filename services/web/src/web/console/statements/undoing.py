"""Taking back that a line is a payout, or no money of runners. The line is open again, and all of it is recorded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.console.statements.models import Line
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_PATH: Final = "/statements/lines/{line_id}/undo"
_REASON: Final = "undo_reason"
_DECIDED_AT: Final = "decided_at"
"""Field with the time of the decision that the page showed: another one since then stands."""

_TAKEN: Final = "line_decided"


@router.page(_PATH)
async def ask_to_undo(request: Request, line_id: UUID, staff: Finance, payment: Payment) -> Response:
    """Show what taking the decision back does, and the form for the reason."""
    return await _page(request, staff, payment, line_id, {})


@router.action(_PATH)
async def undo(request: Request, line_id: UUID, staff: Finance, payment: Payment) -> Response:
    """Take the decision back, and lead to the line; a form that is sent twice does it once."""
    async with form_of(request, max_fields=8) as form:
        values = typed(form)
    body = {"reason": values.get(_REASON, ""), "decided_at": values.get(_DECIDED_AT) or None}
    failure = await payment.change("POST", f"/statement-lines/{line_id}/undo", body)
    if failure is None:
        return done(request, f"{ROOT}/statements/lines/{line_id}", "undo")
    at_reason = [replace(each, field=_REASON) for each in failure.errors]
    return await _page(request, staff, payment, line_id, values, replace(failure, errors=at_reason))


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    line_id: UUID,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    is_taken = failure is not None and failure.code == _TAKEN
    return console_page(
        request,
        staff,
        "statements/undo.html",
        status=failure.status if failure else 200,
        line=await payment.get(Line, f"/statement-lines/{line_id}"),
        form=form_after(values, failure),
        message=failure.message if failure and not is_taken else None,
        is_taken=is_taken,
    )
