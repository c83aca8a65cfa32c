"""The route that finds invoices by their amount, for staff with a bank statement before them."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import Read
from chassis.web.models import View
from chassis.web.routing import Router
from fastapi import Query

from payment.invoices import queries

router = Router(prefix="/invoices", tags=["invoices"])

Amount = Annotated[Decimal, Query(ge=0, max_digits=12, decimal_places=2, description="in rupiah")]


class FoundInvoice(View):
    """An invoice, with the registration that it is of."""

    registration_id: UUID
    registration_number: str
    payer_name: str
    status: str


class FoundInvoices(View):
    """At most ten invoices, newest first."""

    items: list[FoundInvoice]


@router.get("")
async def find_by_amount(_: Finance, session: Read, amount: Amount) -> FoundInvoices:
    """Return the newest invoices over exactly this amount."""
    return FoundInvoices.model_validate({"items": await queries.newest_of_amount(session, amount)})
