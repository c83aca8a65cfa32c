"""The route for an invoice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from chassis.auth.access import ItsRunnerOrStaff
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Amount, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import PaymentMethod
from pydantic import Field

from payment.invoices import queries
from payment.invoices.errors import InvoiceNotFound
from payment.invoices.rules import InvoiceStatus, shown_status
from payment.invoices.tables import Invoice
from payment.proofs.rules import PaymentStatus

router = Router(tags=["invoices"])


class InvoicePayment(View):
    """A proof that was sent, as its runner sees it. `submitted_by` is `runner` or `staff:` and an id."""

    payment_id: UUID = Field(validation_alias="id")
    status: PaymentStatus
    amount: Amount
    currency: str
    payment_method: PaymentMethod
    payment_date: datetime
    notes: str | None
    submitted_by: str
    uploaded_at: datetime
    verified_at: datetime | None
    rejected_at: datetime | None
    rejection_reason: str | None


class InvoiceView(View):
    """What is owed, until when, and what was sent for it. An open invoice is `expired` once its deadline has passed."""

    registration_id: UUID
    registration_number: str
    amount: Amount
    currency: str
    status: InvoiceStatus
    expires_at: datetime
    payments: Sequence[InvoicePayment] = ()

    @classmethod
    def of(cls, invoice: Invoice, payments: Sequence[InvoicePayment], *, now: datetime) -> Self:
        """The invoice with its payments, as it stands at `now`."""
        status = shown_status(InvoiceStatus(invoice.status), invoice.expires_at, now)
        return cls.model_validate(invoice).model_copy(update={"payments": payments, "status": status})


@router.get("/invoices/{registration_id}", responses=errors(InvoiceNotFound))
async def show_invoice(registration_id: UUID, _: ItsRunnerOrStaff, session: Read, database: OwnDatabase) -> InvoiceView:
    """The invoice of a registration; it appears moments after registering."""
    invoice, payments = await queries.invoice_of(session, registration_id)
    return InvoiceView.of(invoice, [InvoicePayment.model_validate(each) for each in payments], now=database.clock())
