"""The list of payments, one payment with its history, and decisions about it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from chassis.errors import InvalidFields
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, Registration, StaffApi
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import DONE, console_page
from web.console.payments.around import around
from web.console.payments.decisions import (
    OWN_REASON,
    Outcome,
    line_in,
    payment_of,
    reason_in,
    refuse,
    undo,
    verify,
    verify_with_line,
)
from web.console.payments.filtered import filtered
from web.console.payments.history import history_of
from web.console.payments.models import METHODS, STATUSES, UPLOADED, Payments, reasons_of
from web.console.routing import ConsoleRouter
from web.console.second_person import SECOND, awaited
from web.forms import FieldError, Form
from web.languages import with_query
from web.pages import see_other
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

PATH: Final = "/payments"
AGES: Final[Mapping[str, timedelta]] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
}
"""What the filter of the age offers, by the value in the address."""

_ONE: Final = f"{PATH}/{{payment_id}}"
_FILTERS: Final = ("race", "q", "status", "method", "age", SECOND)


@router.page(PATH)
async def list_payments(request: Request, staff: Finance, payment: Payment, registration: Registration) -> Response:
    """List payments: those to review first, each group oldest first."""
    state = ListState.of(request, _FILTERS)
    now = request.app.state.clock()
    listed = await filtered(
        Payments, "/payments", state, _query(state, now), payment=payment, registration=registration
    )
    return console_page(
        request,
        staff,
        "payments/list.html",
        **listed.shown,
        state=state,
        payments=listed.found.items if listed.found else (),
        next_cursor=listed.found.next_cursor if listed.found else None,
        now=now,
        me=staff.account.id,
        choices={"status": STATUSES, "method": METHODS, "age": tuple(AGES)},
    )


@router.page(_ONE)
async def show_payment(
    request: Request, payment_id: UUID, staff: Finance, payment: Payment, registration: Registration, identity: Identity
) -> Response:
    """One payment: its picture, the facts, what happened, and what can be decided."""
    return await _page(request, staff, payment, registration, identity, payment_id)


@router.action(f"{_ONE}/verify")
async def verify_payment(request: Request, payment_id: UUID, staff: Finance, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """Verify a payment."""
    return _shown(request, payment_id, await verify(payment, payment_id))


@router.action(f"{_ONE}/confirm")
async def confirm_line(request: Request, payment_id: UUID, staff: Finance, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """Verify a payment together with the line of a statement."""
    line_id, _ = await line_in(request)
    outcome = Outcome.LINE_TAKEN if line_id is None else await verify_with_line(payment, payment_id, line_id)
    return _shown(request, payment_id, outcome)


@router.action(f"{_ONE}/refuse")
async def refuse_payment(
    request: Request, payment_id: UUID, staff: Finance, payment: Payment, registration: Registration, identity: Identity
) -> Response:
    """Refuse a proof for the reason that was chosen or written."""
    reason, _ = await reason_in(request)
    try:
        outcome = await refuse(payment, payment_id, reason)
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        message = next(iter(refused.field_errors.values()), refused.wording.en)
        wrong = Form({OWN_REASON: reason}, [FieldError(OWN_REASON, message)])
        return await _page(request, staff, payment, registration, identity, payment_id, form=wrong)
    return _shown(request, payment_id, outcome)


@router.action(f"{_ONE}/undo")
async def undo_decision(request: Request, payment_id: UUID, staff: Finance, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """Take the last decision back, while it is not in effect."""
    return _shown(request, payment_id, await undo(payment, payment_id))


def _query(state: ListState, now: datetime) -> Mapping[str, str | None]:
    """Return the query of the API. An age means proofs that still wait, unless a status is named."""
    age = AGES.get(state.value("age"))
    status = state.value("status") or (UPLOADED if age else "")
    asked = {"q": state.value("q"), "status": status, "method": state.value("method")}
    asked["to"] = (now - age).isoformat() if age else ""
    return {**{name: value or None for name, value in asked.items()}, "waits_for_second": awaited(state)}


def _shown(request: Request, payment_id: UUID, outcome: Outcome) -> Response:
    """Lead to the payment, which says what became of the decision."""
    return see_other(request, with_query(f"{ROOT}{PATH}/{payment_id}", f"{DONE}={outcome}"))


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    registration: StaffApi,
    identity: StaffApi,
    payment_id: UUID,
    *,
    form: Form | None = None,
) -> Response:
    found = await payment_of(payment, payment_id)
    beside, reasons, names = await asyncio.gather(
        around(payment, registration, found), reasons_of(payment), staff_names(identity, staff)
    )
    zone: str = request.app.state.settings.timezone
    shown: Mapping[str, Any] = {
        "payment": found,
        "invoice": beside.invoice,
        "registration": beside.registration,
        "charge": beside.charge,
        "refunds": beside.refunds,
        "may_be_refunded": beside.may_be_refunded(found),
        "lines": beside.lines,
        "others": beside.others(found),
        "history": history_of(found, beside.refunds),
        "reasons": reasons,
        "names": names,
        "now": request.app.state.clock(),
        "me": staff.account.id,
        "race_zone": beside.registration.event.timezone if beside.registration else zone,
        "form": form or Form(),
    }
    return console_page(request, staff, "payments/one.html", status=422 if form else 200, **shown)
