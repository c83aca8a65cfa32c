"""Refunds: the list, and the record that one was transferred."""

import asyncio
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Identity, Payment, Registration, StaffApi
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done, form_after
from web.console.payments.filtered import filtered
from web.console.payments.models import Refund, Refunds
from web.console.routing import ConsoleRouter
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/refunds"
STATUSES: Final = ("due", "done")
_ONE: Final = f"{PATH}/{{payment_id}}"
_CONFLICT: Final = 409


@router.page(PATH)
async def list_refunds(request: Request, staff: Finance, payment: Payment, registration: Registration) -> Response:
    """List refunds: those that are due first, each group oldest first."""
    state = ListState.of(request, ("race", "q", "status"))
    asked = {name: state.value(name) or None for name in ("q", "status")}
    listed = await filtered(Refunds, "/refunds", state, asked, payment=payment, registration=registration)
    return console_page(
        request,
        staff,
        "refunds/list.html",
        **listed.shown,
        state=state,
        refunds=listed.found.items if listed.found else (),
        next_cursor=listed.found.next_cursor if listed.found else None,
        statuses=STATUSES,
    )


@router.page(_ONE)
async def show_refund(
    request: Request, payment_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """One refund with its payment, and the form that records the transfer."""
    return await _page(request, staff, payment, identity, payment_id)


@router.action(_ONE)
async def finish_refund(
    request: Request, payment_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Record that the money was transferred back."""
    async with form_of(request) as form:
        reference = typed(form).get("reference", "")
    failure = await payment.change("POST", f"/refunds/{payment_id}/done", {"reference": reference})
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{payment_id}", "done")
    if failure.status == _CONFLICT and await _is_own(payment, payment_id, staff, reference):
        return done(request, f"{ROOT}{PATH}/{payment_id}", "done")
    return await _page(request, staff, payment, identity, payment_id, failure=failure, reference=reference)


async def _is_own(payment: StaffApi, payment_id: UUID, staff: StaffSession, reference: str) -> bool:
    """Return whether this member of staff recorded just this already: the form was sent twice."""
    refund = await payment.get(Refund, f"/refunds/{payment_id}")
    return refund.done_by == staff.account.id and refund.reference == reference


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    payment_id: UUID,
    *,
    failure: Failure | None = None,
    reference: str = "",
) -> Response:
    """Return the page of a refund. If another person recorded it a moment ago, it says so and shows what they wrote."""
    refund, names = await asyncio.gather(payment.get(Refund, f"/refunds/{payment_id}"), staff_names(identity, staff))
    is_taken = failure is not None and failure.status == _CONFLICT
    return console_page(
        request,
        staff,
        "refunds/one.html",
        status=failure.status if failure else 200,
        refund=refund,
        names=names,
        me=staff.account.id,
        form=form_after({"reference": reference}, failure),
        message=failure.message if failure and not is_taken else None,
        is_taken=is_taken,
    )
