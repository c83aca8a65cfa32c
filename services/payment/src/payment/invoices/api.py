"""The route that finds invoices by their amount, for staff with a bank statement before them."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import Read
from chassis.web.models import Total, View
from chassis.web.routing import Router
from fastapi import Query

from payment.invoices import queries

router = Router(prefix="/invoices", tags=["invoices"])

Amount = Annotated[Decimal, Query(ge=0, max_digits=12, decimal_places=2, description="in rupiah")]


class FoundInvoice(View):
    """An invoice, with the registration that it is of, and what its amount comes from: null if it is not known."""

    registration_id: UUID
    registration_number: str
    payer_name: str
    status: str
    amount: Total
    list_amount: Total | None
    discount: Total | None
    promo_code: str | None
    price_phase: str | None


class FoundInvoices(View):
    """At most ten invoices: the one with this unique amount, then the newest."""

    items: list[FoundInvoice]


@router.get("")
async def find_by_amount(_: Finance, session: Read, amount: Amount) -> FoundInvoices:
    """Return the invoice whose payer was asked to transfer this amount, then the newest over exactly this amount."""
    return FoundInvoices.model_validate({"items": await queries.found_by_amount(session, amount)})
