"""Refunds in USDT: entering where they go, and correcting the transaction with which they went."""

from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment
from web.console.pages import done
from web.console.refunds.page import ONE, PATH, page_of_refund, refund_page
from web.console.routing import ConsoleRouter
from web.console.usdt.returns import correct, enter_address
from web.forms import typed

router = ConsoleRouter()


@router.action(f"{ONE}/refund-address")
async def store_address(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Store the address of a runner who has named none."""
    async with form_of(request, max_fields=6) as form:
        values = typed(form)
    failure = await enter_address(payment, f"{PATH}/{refund_id}", values)
    if failure is None:
        return done(request, page_of_refund(refund_id), "address")
    return await refund_page(request, staff, payment, identity, refund_id, failure=failure, typed=values)


@router.action(f"{ONE}/correct")
async def correct_transaction(
    request: Request, refund_id: UUID, staff: Finance, payment: Payment, identity: Identity
) -> Response:
    """Correct the transaction that was recorded."""
    async with form_of(request, max_fields=6) as form:
        values = typed(form)
    failure = await correct(payment, f"{PATH}/{refund_id}", values)
    if failure is None:
        return done(request, page_of_refund(refund_id), "corrected")
    return await refund_page(request, staff, payment, identity, refund_id, failure=failure, typed=values)
