"""The list of payments, one payment with its history, and decisions about it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from chassis.errors import InvalidFields
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, Registration, StaffApi, unless_away
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import DONE, console_page
from web.console.payments.decisions import OWN_REASON, Outcome, payment_of, reason_in, refuse, undo, verify
from web.console.payments.filtered import filtered
from web.console.payments.history import history_of
from web.console.payments.models import METHODS, STATUSES, UPLOADED, Invoice, Payments, Refund, reasons_of
from web.console.payments.models import Registration as Registered
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import with_query
from web.pages import see_other
from web.sessions.staff import StaffSession
from web.upstream.client import AnswerT, Refused

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
_FILTERS: Final = ("race", "q", "status", "method", "age")
_GONE: Final = 404


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
    return {name: value or None for name, value in asked.items()}


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
    invoice, registered, refund, reasons, names = await asyncio.gather(
        _if_there(payment, Invoice, f"/invoices/{found.registration_id}"),
        _if_there(registration, Registered, f"/registrations/{found.registration_id}"),
        _if_there(payment, Refund, f"/refunds/{payment_id}"),
        reasons_of(payment),
        staff_names(identity, staff),
    )
    zone: str = request.app.state.settings.timezone
    shown: Mapping[str, Any] = {
        "payment": found,
        "invoice": invoice,
        "registration": registered,
        "refund": refund,
        "history": history_of(found, refund),
        "reasons": reasons,
        "names": names,
        "others": _others(invoice, payment_id),
        "now": request.app.state.clock(),
        "me": staff.account.id,
        "race_zone": registered.event.timezone if registered else zone,
        "form": form or Form(),
    }
    return console_page(request, staff, "payments/one.html", status=422 if form else 200, **shown)


def _others(invoice: Invoice | None, payment_id: UUID) -> Sequence[Any]:
    return [each for each in invoice.payments if each.payment_id != payment_id] if invoice else ()


async def _if_there(api: StaffApi, kind: type[AnswerT], path: str) -> AnswerT | None:
    """Return an answer; None if there is none, or the API does not answer.

    Raises:
        Refused: see `ApiClient.call`.
    """
    try:
        return await unless_away(api.get(kind, path))
    except Refused as refused:
        if refused.status != _GONE:
            raise
        return None
