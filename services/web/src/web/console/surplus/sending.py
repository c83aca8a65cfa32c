"""Giving kept money back through the payment gateway by which it came."""

from typing import Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.console.surplus.models import Money
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_PATH: Final = "/surplus/{money_id}/send"
_CHANGED: Final = "no_refund_due"


@router.page(_PATH)
async def ask_to_send(request: Request, money_id: UUID, staff: Finance, payment: Payment) -> Response:
    """Show what sending does, or why the gateway does not give this money back."""
    return await _page(request, staff, payment, money_id)


@router.action(_PATH)
async def send(request: Request, money_id: UUID, staff: Finance, payment: Payment) -> Response:
    """Ask the gateway to give the money back, and lead to its page; a form that is sent twice asks once."""
    failure = await payment.change("POST", f"/surplus/{money_id}/send")
    if failure is None or (failure.code == _CHANGED and await _was_sent_by(staff, payment, money_id)):
        return done(request, f"{ROOT}/surplus/{money_id}", "send")
    return await _page(request, staff, payment, money_id, failure)


async def _was_sent_by(staff: StaffSession, payment: StaffApi, money_id: UUID) -> bool:
    money = await payment.get(Money, f"/surplus/{money_id}")
    return money.is_by_gateway and money.sent_by == staff.account.id


async def _page(
    request: Request, staff: StaffSession, payment: StaffApi, money_id: UUID, failure: Failure | None = None
) -> Response:
    is_taken = failure is not None and failure.code == _CHANGED
    return console_page(
        request,
        staff,
        "surplus/send.html",
        status=failure.status if failure else 200,
        money=await payment.get(Money, f"/surplus/{money_id}"),
        message=failure.message if failure and not is_taken else None,
        why_not=failure.members.get("why_not") if failure else None,
        is_taken=is_taken,
    )
