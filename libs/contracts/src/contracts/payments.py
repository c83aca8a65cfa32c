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


class InvoicePayload(PaymentPayload, abstract=True):
    """What every event that changes what is owed carries.

    `sequence` counts those of one invoice from 1, in the order in which payment decided them, so that a listener can
    tell older news from newer ones without anybody's clock; 0 in events of older releases.
    """

    sequence: int = 0


class PaymentUploaded(InvoicePayload):
    """A proof came in before the deadline and waits for staff: the registration's clock stops.

    `uploaded_at` is when the request with it arrived, `due_at` the deadline by which payment judged that; None in
    events of older releases. That it was in time is decided, whatever deadline a listener knows of.
    """

    TYPE: ClassVar[str] = "payment.uploaded"

    payment_method: Open[PaymentMethod]
    uploaded_at: AwareDatetime
    due_at: AwareDatetime | None = None


class PaymentVerified(InvoicePayload):
    """Staff saw the money.

    `registration_revision` is the newest that payment knew of the registration: who verifies the payment of a
    registration known to be cancelled wants it back; None in events of older releases.
    """

    TYPE: ClassVar[str] = "payment.verified"

    verified_at: AwareDatetime
    verified_by: UUID
    registration_revision: int | None = None


class PaymentRejected(InvoicePayload):
    """Staff refused a proof that was in time; the runner may send another until `expires_at`."""

    TYPE: ClassVar[str] = "payment.rejected"

    reason: str
    rejected_at: AwareDatetime
    expires_at: AwareDatetime


class PaymentDeadlineMoved(Payload):
    """The invoice was opened late, or proofs could not be taken: it may be paid until `expires_at`, later by that time.

    `sequence` counts among those of the invoice's other events. `registration_revision` is that of the registration
    that payment knew, `moved_at` when the deadline was moved.
    """

    TYPE: ClassVar[str] = "payment.deadline_moved"

    registration_id: UUID
    expires_at: AwareDatetime
    sequence: int
    registration_revision: int
    moved_at: AwareDatetime


class RefundDue(PaymentPayload):
    """Verified money that buys nothing any more and has to go back."""

    TYPE: ClassVar[str] = "payment.refund_due"

    reason: str


class RefundDone(PaymentPayload):
    """The money is on its way back. `reference` is the bank's or wallet's word for the transfer."""

    TYPE: ClassVar[str] = "payment.refund_done"

    reference: str
    done_at: AwareDatetime


class PaymentQueueMark(Payload):
    """Payment's answer to `registration.queue_mark`: how far payment has spoken.

    `sent_at` is that of the mark. What payment decided before `spoken_until` has reached the broker, and what was
    registered before and had reached payment has an invoice, and proofs could be taken until then. It is never later
    than `sent_at`; years ago means that payment cannot say yet. While payment can take no proofs it does not answer.
    """

    TYPE: ClassVar[str] = "payment.queue_mark"

    sent_at: AwareDatetime
    spoken_until: AwareDatetime
