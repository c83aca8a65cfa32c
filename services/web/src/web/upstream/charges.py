"""What payment's API answers about the ways to pay an invoice, and about charges of the payment gateway."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from web.upstream.client import Answer
from web.upstream.words import OpenWords


class Method(OpenWords):
    """Methods of paying. The gateway confirms its charges; people look at the proofs of all else.

    Attributes:
        GATEWAY_QRIS: a QR code of the gateway, for one payment.
        GATEWAY_VA: a virtual account, a number for one payment at a bank.
        QRIS: the organiser's own QRIS picture.
        USDT: to an address on a blockchain; `web.upstream.usdt` has the networks.
    """

    GATEWAY_QRIS = "midtrans_qris"
    GATEWAY_VA = "midtrans_va"
    TRANSFER = "bank_transfer"
    QRIS = "qris"
    USDT = "usdt"
    OTHER = "other"


BY_GATEWAY: Final = frozenset({Method.GATEWAY_QRIS, Method.GATEWAY_VA})


class Obstacle(OpenWords):
    """Why a way to pay cannot be used."""

    NOT_OFFERED = "not_offered"
    INVOICE_CLOSED = "invoice_closed"
    TOO_LATE = "too_late"
    OTHER = "other"


class Offer(Answer):
    """A way to pay, and why it cannot be used. `bank` is that of a virtual account."""

    method: Method
    bank: str | None = None
    available: bool
    reason: Obstacle | None = None


class Offers(Answer):
    """All ways to pay an invoice."""

    items: tuple[Offer, ...]


class ChargeStatus(OpenWords):
    """Statuses of a charge that matter to its runner; all in which it cannot be paid any more are `OTHER`.

    Attributes:
        ASKING: the gateway has not answered yet.
        SETTLING: paid, at a bank that may reverse it within minutes.
    """

    ASKING = "asking"
    PENDING = "pending"
    SETTLING = "settling"
    OTHER = "other"


class Charge(Answer):
    """A charge, and what it is paid with: a QR code, a number at a bank, or Mandiri's company code and bill key."""

    charge_id: UUID
    method: Method
    bank: str | None
    amount: Decimal
    status: ChargeStatus
    qr_string: str | None
    va_number: str | None
    biller_code: str | None
    bill_key: str | None
    expires_at: datetime

    @property
    def can_be_paid(self) -> bool:
        """Return whether there is something to pay with."""
        return bool(self.qr_string or self.va_number or (self.biller_code and self.bill_key))

    def is_active(self, now: datetime) -> bool:
        """Return whether it keeps other charges from being made: it is to be paid, or the gateway is being asked."""
        return self.status in {ChargeStatus.ASKING, ChargeStatus.PENDING} and now < self.expires_at


class Charges(Answer):
    """Charges of a registration, newest first."""

    items: tuple[Charge, ...]
