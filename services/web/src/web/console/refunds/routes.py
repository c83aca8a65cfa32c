"""Refunds: the list, one refund, and the steps with it."""

import asyncio
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, Registration
from web.console.lists import ListState
from web.console.pages import console_page
from web.console.payments.around import if_there
from web.console.payments.filtered import filtered
from web.console.refunds.models import GATEWAY, Refunds
from web.console.refunds.page import ONE, PATH, refund_page, take_step
from web.console.routing import ConsoleRouter
from web.console.second_person import SECOND, awaited
from web.console.surplus.models import MOST_COUNTED, KeptMoney
from web.forms import typed
from web.upstream.invoices import RefundState

router = ConsoleRouter()

STATUSES: Final = (RefundState.DUE, RefundState.DONE)


@router.page(PATH)
async def list_refunds(request: Request, staff: Finance, payment: Payment, registration: Registration) -> Response:
    """List refunds: those that are due first, each group oldest first."""
    state = ListState.of(request, ("race", "q", "status", SECOND))
    asked = {**{name: state.value(name) or None for name in ("q", "status")}, "waits_for_second": awaited(state)}
    due = {"state": "refund_due", "limit": MOST_COUNTED}
    listed, kept = await asyncio.gather(
        filtered(Refunds, "/refunds", state, asked, payment=payment, registration=registration),
        if_there(payment.get(KeptMoney, "/surplus", **due)),
    )
    return console_page(
        request,
        staff,
        "refunds/list.html",
        **listed.shown,
        state=state,
        refunds=listed.found.items if listed.found else (),
        next_cursor=listed.found.next_cursor if listed.found else None,
        statuses=STATUSES,
        now=request.app.state.clock(),
        me=staff.account.id,
        kept=kept,
    )


@router.page(ONE)
async def show_refund(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """One refund with its payment, and the steps that are left."""
    return await refund_page(request, staff, payment, identity, refund_id)


@router.action(ONE)
async def finish_refund(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Record that the money was transferred back."""
    async with form_of(request) as form:
        reference = typed(form).get("reference", "")
    return await take_step(
        request,
        staff,
        payment,
        identity,
        refund_id,
        step="done",
        is_made=lambda refund: refund.done_by == staff.account.id and refund.reference == reference,
        typed={"reference": reference},
    )


@router.action(f"{ONE}/send")
async def send_by_gateway(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Let the payment gateway give the money back."""
    return await take_step(
        request,
        staff,
        payment,
        identity,
        refund_id,
        step="send",
        is_made=lambda refund: refund.way == GATEWAY and refund.state in (RefundState.ASKED, RefundState.DONE),
    )


@router.action(f"{ONE}/approve")
async def approve_refund(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Approve a refund as the second person."""
    return await take_step(
        request,
        staff,
        payment,
        identity,
        refund_id,
        step="approve",
        is_made=lambda refund: refund.approved_by == staff.account.id,
    )


@router.action(f"{ONE}/cancel")
async def cancel_refund(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Cancel a refund that staff asked for."""
    async with form_of(request) as form:
        reason = typed(form).get("reason", "")
    return await take_step(
        request,
        staff,
        payment,
        identity,
        refund_id,
        step="cancel",
        is_made=lambda refund: refund.cancelled_by == staff.account.id and refund.cancel_reason == reason,
        typed={"reason": reason},
    )
