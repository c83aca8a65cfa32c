"""What payment's API answers about the invoice of a registration and how to pay it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from web.upstream.client import Answer
from web.upstream.words import OpenWords

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


BY_PROOF: Final = "proof"
"""The channel of payments whose proof a person looks at. Others were found without the runner."""

IN_USDT: Final = "usdt"
"""The channel of payments that were found on a blockchain."""


class Payment(Answer):
    """A payment.

    Attributes:
        channel: how it was found, see `BY_PROOF`.
        superseded_by: the payment that paid the registration while this proof waited.
    """

    status: PaymentStatus
    payment_method: str
    channel: str = BY_PROOF
    superseded_by: UUID | None = None
    uploaded_at: datetime
    verified_at: datetime | None
    rejected_at: datetime | None
    rejection_reason: str | None


class RefundState(OpenWords):
    """States of a refund.

    Attributes:
        WAITS: one member of staff wants it, another has to agree.
        DUE: it is to be sent.
        ASKED: it is on its way through the payment gateway.
    """

    WAITS = "waits_for_second"
    DUE = "due"
    ASKED = "asked"
    DONE = "done"
    CANCELLED = "cancelled"
    OTHER = "other"


class Refund(Answer):
    """Money that goes back to the runner."""

    amount: Decimal
    state: RefundState
    due_at: datetime
    done_at: datetime | None = None


class Invoice(Answer):
    """An invoice with its payments, oldest first. An open one is `expired` once its deadline has passed.

    Attributes:
        payable_amount: what identifies a bank transfer: `amount` with a unique code taken off or added. None until the
            runner has chosen to transfer.
        usdt_asked: whether an amount in USDT was asked for; None from a payment service that does not say it.
        has_charges: whether a payment through the gateway was ever begun.
    """

    registration_number: str
    amount: Decimal
    payable_amount: Decimal | None = None
    usdt_asked: bool | None = None
    has_charges: bool = False
    status: InvoiceStatus
    expires_at: datetime
    payments: tuple[Payment, ...]
    refunds: tuple[Refund, ...] = ()

    @property
    def to_transfer(self) -> Decimal:
        """Return what a bank transfer has to be."""
        return self.amount if self.payable_amount is None else self.payable_amount

    @property
    def is_paid_in_usdt(self) -> bool:
        """Return whether a payment was found on a blockchain."""
        return any(each.channel == IN_USDT for each in self.payments)


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
