"""What payment's API answers about the invoice of a registration and how to pay it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from web.upstream.client import Answer


class InvoiceStatus(StrEnum):
    """Statuses of an invoice."""

    OPEN = "open"
    PROOF_UPLOADED = "proof_uploaded"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """Statuses of a payment."""

    UPLOADED = "uploaded"
    VERIFIED = "verified"
    REJECTED = "rejected"


class Payment(Answer):
    """A payment, of which the runner sent a proof or staff recorded one."""

    status: PaymentStatus
    payment_method: str
    uploaded_at: datetime
    verified_at: datetime | None
    rejected_at: datetime | None
    rejection_reason: str | None


class Invoice(Answer):
    """An invoice with its payments, oldest first. An open one is `expired` once its deadline has passed."""

    registration_number: str
    amount: Decimal
    status: InvoiceStatus
    expires_at: datetime
    payments: tuple[Payment, ...]


class Instructions(Answer):
    """How to pay. `qris_image` is the address of a picture on this site."""

    bank_name: str | None
    account_number: str | None
    account_holder_name: str | None
    payment_instructions: str | None
    qris_image: str | None

    @property
    def has_account(self) -> bool:
        """Return whether runners can transfer to a bank account."""
        return bool(self.account_number)
