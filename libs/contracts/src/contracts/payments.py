"""Events of the payment service."""

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Open, Payload


class PaymentMethod(StrEnum):
    """The payment method that a runner states."""

    QRIS = "qris"
    BANK_TRANSFER = "bank_transfer"


class RefundCause(StrEnum):
    """Why money goes back.

    too_late: it came after the places were given away. cancelled: the registration was cancelled. surplus: another
    payment had paid it. staff: staff give it back, and the registration stays.
    """

    TOO_LATE = "too_late"
    CANCELLED = "cancelled"
    SURPLUS = "surplus"
    STAFF = "staff"


class UsdtKeptReason(StrEnum):
    """Why USDT that arrived for a registration do not pay for it.

    surplus: more arrived than it costs. paid: it was paid before. ended: it had ended and what arrived was too little.
    """

    SURPLUS = "surplus"
    PAID = "paid"
    ENDED = "ended"


class PaymentPayload(Payload, abstract=True):
    """Common fields of events about a payment."""

    payment_id: UUID
    registration_id: UUID
    amount: Decimal
    currency: str


class InvoicePayload(PaymentPayload, abstract=True):
    """Common fields of events that change an invoice.

    `sequence` numbers the events of one invoice from 1, in the order in which payment decided them, so that a
    subscriber can order them without comparing clocks; 0 in events of older releases.
    """

    sequence: int = 0


class PaymentUploaded(InvoicePayload):
    """A proof arrived before the deadline and waits for staff; the registration does not expire meanwhile.

    `uploaded_at` is when the request with the proof arrived, `due_at` the deadline that payment compared it with; None
    in events of older releases. Payment's decision that it was in time is final, whatever deadline a subscriber knows.
    `received` is what the proof is over, if its payer was asked to transfer another amount than the invoice's, which is
    `amount`; None otherwise, and in events of older releases.
    """

    TYPE: ClassVar[str] = "payment.uploaded"

    payment_method: Open[PaymentMethod]
    uploaded_at: AwareDatetime
    due_at: AwareDatetime | None = None
    received: Decimal | None = None


class PaymentVerified(InvoicePayload):
    """Staff verified that the money arrived.

    `registration_revision` is the newest revision of the registration that payment knew: a verification that followed a
    known cancellation reinstates the registration. None in events of older releases.
    """

    TYPE: ClassVar[str] = "payment.verified"

    verified_at: AwareDatetime
    verified_by: UUID
    registration_revision: int | None = None


class PaymentRejected(InvoicePayload):
    """Staff rejected a proof that was in time; the runner may send another until `expires_at`.

    `payable_amount` is what the payer of a bank transfer was asked to transfer. It is None if that was not asked, if
    the proof is of another method, and in events of older releases.
    """

    TYPE: ClassVar[str] = "payment.rejected"

    reason: str
    rejected_at: AwareDatetime
    expires_at: AwareDatetime
    payable_amount: Decimal | None = None


class PaymentDeadlineMoved(Payload):
    """The deadline became `expires_at`, because the invoice was created late or proofs could not be accepted.

    The new deadline is later by that time. `sequence` is from the same numbers as those of the invoice's other events.
    `registration_revision` is the revision of the registration that payment knew, `moved_at` when the deadline was
    moved.
    """

    TYPE: ClassVar[str] = "payment.deadline_moved"

    registration_id: UUID
    expires_at: AwareDatetime
    sequence: int
    registration_revision: int
    moved_at: AwareDatetime


class RefundDue(PaymentPayload):
    """Verified money that has to be refunded: all of a payment, or a part.

    A payment may have several; `refund_id` tells them apart. It is None in events of older releases, which knew one.
    `reason` is what staff wrote if `cause` is `cancelled` or `staff`; `cause` is None in events of older releases.
    """

    TYPE: ClassVar[str] = "payment.refund_due"

    reason: str
    refund_id: UUID | None = None
    cause: Open[RefundCause] | None = None


class RefundDone(PaymentPayload):
    """The refund was sent. `reference` is the transfer's at the bank or wallet, `refund_id` as in `RefundDue`.

    `corrected_at` is when staff replaced a wrong reference by this one; None while the first one holds. The newest
    correction of a refund counts.
    """

    TYPE: ClassVar[str] = "payment.refund_done"

    reference: str
    done_at: AwareDatetime
    refund_id: UUID | None = None
    corrected_at: AwareDatetime | None = None


class UsdtPayload(Payload, abstract=True):
    """Common fields of events about USDT that were sent to the address of an invoice. `amount` is in USDT."""

    registration_id: UUID
    amount: Decimal


class UsdtUnderpaid(UsdtPayload):
    """What arrived for an invoice that is not paid is too little, and more of it was confirmed.

    `amount` is all that arrived, `missing` the USDT that are missing at the rate of the newest quote. They can be sent
    until `expires_at` to `address`, on the `network` that the payer chose last or on another one. `decided_at` is later
    than in the events of this type and of `UsdtTakenBack` that were published before about the registration.
    """

    TYPE: ClassVar[str] = "payment.usdt_underpaid"

    decided_at: AwareDatetime
    missing: Decimal
    network: str
    address: str
    expires_at: AwareDatetime


class UsdtKept(UsdtPayload):
    """Confirmed USDT that do not pay for the registration are kept, until staff decide about them.

    `transfer_id` is of the newest of the transfers that brought them. A surplus is `amount` at the rate at which the
    whole was taken.
    """

    TYPE: ClassVar[str] = "payment.usdt_kept"

    transfer_id: UUID
    reason: Open[UsdtKeptReason]


class UsdtTakenBack(UsdtPayload):
    """The chain replaced the block of a transfer that had been seen, and the transfer was in no other one for a while.

    `settled` is whether its money had paid the registration, or been kept, before. `decided_at` is as in
    `UsdtUnderpaid`.
    """

    TYPE: ClassVar[str] = "payment.usdt_taken_back"

    decided_at: AwareDatetime
    network: str
    tx_hash: str
    settled: bool


class PaymentQueueMark(Payload):
    """Payment's answer to `registration.queue_mark`: until when payment's decisions have been published.

    `sent_at` is that of the mark. Everything that payment decided before `spoken_until` has reached the broker, every
    registration created before then that had reached payment has an invoice, and proofs could be accepted until then.
    It is never later than `sent_at`; a time years ago means that payment cannot tell yet. While payment cannot accept
    proofs, it does not answer.
    """

    TYPE: ClassVar[str] = "payment.queue_mark"

    sent_at: AwareDatetime
    spoken_until: AwareDatetime
