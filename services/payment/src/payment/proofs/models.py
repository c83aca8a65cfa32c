"""Responses about invoices and proofs."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Self
from uuid import UUID

from chassis.web.models import Amount, View
from pydantic import Field

from payment.invoices.rules import InvoiceStatus, shown_status
from payment.invoices.tables import Invoice
from payment.proofs.rules import Method, PaymentStatus


class InvoicePayment(View):
    """A payment as its runner sees it. `submitted_by` is `runner` or `staff:<id>`.

    `channel` is how it was found: by a `proof`, through the gateway, or in a statement. `superseded_by` is the payment
    that paid the registration while this proof waited. `received` is what the payer transferred, or says so, if that is
    not `amount`, which is the invoice's. `taken_back` is what a bank or the gateway took back of it.
    """

    payment_id: UUID = Field(validation_alias="id")
    status: PaymentStatus
    amount: Amount
    received: Amount | None
    taken_back: Amount = Decimal(0)
    currency: str
    payment_method: Method
    payment_date: datetime
    notes: str | None
    submitted_by: str
    channel: str
    superseded_by: UUID | None
    uploaded_at: datetime
    verified_at: datetime | None
    rejected_at: datetime | None
    rejection_reason: str | None


class InvoiceRefund(View):
    """Money of the registration that goes back: by `hand`, or through the `gateway`."""

    refund_id: UUID = Field(validation_alias="id")
    amount: Amount
    currency: str
    state: Literal["waits_for_second", "due", "asked", "done"]
    due_at: datetime
    done_at: datetime | None
    way: Literal["hand", "gateway"]


class InvoiceView(View):
    """An invoice, its payments and refunds, oldest first. An open invoice is `expired` once its deadline has passed.

    `payable_amount` is what its payer was asked to transfer; null if the runner has not asked that. `usdt_asked` says
    whether an amount in USDT was asked for, `has_charges` whether a payment through the gateway was ever begun.
    """

    registration_id: UUID
    registration_number: str
    amount: Amount
    payable_amount: Amount | None = None
    currency: str
    status: InvoiceStatus
    expires_at: datetime
    usdt_asked: bool = False
    has_charges: bool = False
    payments: Sequence[InvoicePayment] = ()
    refunds: Sequence[InvoiceRefund] = ()

    @classmethod
    def of(
        cls,
        invoice: Invoice,
        payments: Sequence[InvoicePayment],
        *,
        now: datetime,
        payable_amount: Decimal | None = None,
    ) -> Self:
        """Build the view of an invoice with its payments, as of `now`."""
        status = shown_status(InvoiceStatus(invoice.status), invoice.expires_at, now)
        known = {"payments": payments, "payable_amount": payable_amount, "status": status}
        return cls.model_validate(invoice).model_copy(update=known)


class ProofAccepted(View):
    """The proof was stored and waits for review."""

    payment_id: UUID
    status: Literal["uploaded"] = "uploaded"
