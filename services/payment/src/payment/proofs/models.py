"""Responses about invoices and proofs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from chassis.web.models import Amount, View
from contracts import PaymentMethod
from pydantic import Field

from payment.invoices.rules import InvoiceStatus, shown_status
from payment.invoices.tables import Invoice
from payment.proofs.rules import PaymentStatus


class InvoicePayment(View):
    """A payment as its runner sees it. `submitted_by` is `runner` or `staff:<id>`.

    `channel` is how it was found: by a `proof`, through the gateway, or in a statement. `superseded_by` is the payment
    that paid the registration while this proof waited.
    """

    payment_id: UUID = Field(validation_alias="id")
    status: PaymentStatus
    amount: Amount
    currency: str
    payment_method: PaymentMethod
    payment_date: datetime
    notes: str | None
    submitted_by: str
    channel: str
    superseded_by: UUID | None
    uploaded_at: datetime
    verified_at: datetime | None
    rejected_at: datetime | None
    rejection_reason: str | None


class InvoiceView(View):
    """An invoice and its payments, oldest first. An open invoice is `expired` once its deadline has passed."""

    registration_id: UUID
    registration_number: str
    amount: Amount
    currency: str
    status: InvoiceStatus
    expires_at: datetime
    payments: Sequence[InvoicePayment] = ()

    @classmethod
    def of(cls, invoice: Invoice, payments: Sequence[InvoicePayment], *, now: datetime) -> Self:
        """Build the view of an invoice with its payments, as of `now`."""
        status = shown_status(InvoiceStatus(invoice.status), invoice.expires_at, now)
        return cls.model_validate(invoice).model_copy(update={"payments": payments, "status": status})


class ProofAccepted(View):
    """The proof was stored and waits for review."""

    payment_id: UUID
    status: Literal["uploaded"] = "uploaded"
