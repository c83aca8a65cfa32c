"""What the payment service says."""

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Open, Payload


class PaymentMethod(StrEnum):
    """How a runner says they paid."""

    QRIS = "qris"
    BANK_TRANSFER = "bank_transfer"


class PaymentPayload(Payload, abstract=True):
    """What every event about a payment carries."""

    payment_id: UUID
    registration_id: UUID
    amount: Decimal
    currency: str


class PaymentUploaded(PaymentPayload):
    """A proof came in before the deadline and waits for staff: the registration's clock stops."""

    TYPE: ClassVar[str] = "payment.uploaded"

    payment_method: Open[PaymentMethod]
    uploaded_at: AwareDatetime


class PaymentVerified(PaymentPayload):
    """Staff saw the money."""

    TYPE: ClassVar[str] = "payment.verified"

    verified_at: AwareDatetime
    verified_by: UUID


class PaymentRejected(PaymentPayload):
    """Staff refused the proof; the runner may send another until `expires_at`."""

    TYPE: ClassVar[str] = "payment.rejected"

    reason: str
    rejected_at: AwareDatetime
    expires_at: AwareDatetime


class RefundDue(PaymentPayload):
    """Verified money that buys nothing any more and has to go back."""

    TYPE: ClassVar[str] = "payment.refund_due"

    reason: str
