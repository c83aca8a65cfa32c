"""Kept USDT that go back: entering where, and correcting the transaction with which they went."""

from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Identity, Payment, Registration
from web.console.menu import ROOT
from web.console.pages import done
from web.console.routing import ConsoleRouter
from web.console.surplus.page import ONE, PATH, money_page
from web.console.usdt.returns import correct, enter_address
from web.forms import typed

router = ConsoleRouter()


@router.action(f"{ONE}/refund-address")
async def store_address(
    request: Request,
    money_id: UUID,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    identity: Identity,
) -> Response:
    """Store the address of a runner who has named none."""
    async with form_of(request, max_fields=6) as form:
        values = typed(form)
    failure = await enter_address(payment, f"{PATH}/{money_id}", values)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{money_id}", "address")
    return await money_page(request, staff, payment, registration, identity, money_id, failure=failure, values=values)


@router.action(f"{ONE}/correct")
async def correct_transaction(
    request: Request,
    money_id: UUID,
    staff: Finance,
    payment: Payment,
    registration: Registration,
    identity: Identity,
) -> Response:
    """Correct the transaction that was recorded."""
    async with form_of(request, max_fields=6) as form:
        values = typed(form)
    failure = await correct(payment, f"{PATH}/{money_id}", values)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{money_id}", "corrected")
    return await money_page(request, staff, payment, registration, identity, money_id, failure=failure, values=values)
