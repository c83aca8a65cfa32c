"""What payment's API answers about the invoice of a registration and how to pay it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from web.upstream.client import Answer

_USUAL_LIMIT: Final = Decimal(10_000_000)
"""Of one QRIS payment, in rupiah, since 2022; payment's setting has the present one."""


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


class QrisMerchant(Answer):
    """Whom a QRIS code pays, as apps show it."""

    name: str
    city: str
    nmid: str | None


class Instructions(Answer):
    """How to pay.

    Attributes:
        qris_image: the address of a picture on this site.
        qris_merchant: None until staff have confirmed it.
        qris_with_amount: whether there is also a code with the amount inside, for amounts up to `qris_limit`.
    """

    bank_name: str | None
    account_number: str | None
    account_holder_name: str | None
    payment_instructions: str | None
    qris_image: str | None
    qris_merchant: QrisMerchant | None = None
    qris_with_amount: bool = False
    qris_limit: Decimal = _USUAL_LIMIT

    def has_code_with(self, amount: Decimal) -> bool:
        """Return whether there is a QRIS code with this amount inside."""
        return self.qris_with_amount and amount <= self.qris_limit

    @property
    def has_account(self) -> bool:
        """Return whether runners can transfer to a bank account."""
        return bool(self.account_number)
