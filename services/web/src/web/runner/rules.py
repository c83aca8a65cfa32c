"""What the status page says about a registration: its stage, its deadline and what has happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from web.upstream.invoices import BY_PROOF, Invoice, InvoiceStatus, Payment, PaymentStatus, Refund, RefundState
from web.upstream.registrations import Registration, Status


class Stage(StrEnum):
    """Where a registration stands, for its runner.

    `SETTLING` lasts for minutes: a bank has reported the payment and may still take it back; so does `SEEN`: the whole
    amount is in a blockchain, and not final yet. `CONFIRMING` lasts for moments: everything is paid, and the BIB number
    is on its way. `OVERDUE` lasts until the places are given to others.
    """

    UNPAID = "unpaid"
    REFUSED = "refused"
    OVERDUE = "overdue"
    CHECKING = "checking"
    SETTLING = "settling"
    SEEN = "seen"
    CONFIRMING = "confirming"
    VERIFIED = "verified"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


PAYABLE: Final = frozenset({Stage.UNPAID, Stage.REFUSED})
"""Stages in which the runner has to pay."""

FINAL: Final = frozenset({Stage.VERIFIED, Stage.CANCELLED})
"""Stages that a page need not be watched for changes of."""

_SETTLED: Final = {
    Status.PAYMENT_VERIFIED: Stage.VERIFIED,
    Status.EXPIRED: Stage.EXPIRED,
    Status.CANCELLED: Stage.CANCELLED,
}
_BY_INVOICE: Final = {
    InvoiceStatus.PAID: Stage.CONFIRMING,
    InvoiceStatus.PROOF_UPLOADED: Stage.CHECKING,
    InvoiceStatus.EXPIRED: Stage.OVERDUE,
}


def stage_of(
    registration: Registration,
    invoice: Invoice | None,
    now: datetime,
    *,
    settles: bool = False,
    is_seen: bool = False,
) -> Stage:
    """Return the stage. Payment knows of proofs and decisions a moment before registration does.

    Args:
        settles: whether a charge is paid that its bank may still reverse.
        is_seen: whether the whole amount has arrived in USDT, final or not.
    """
    if registration.status in _SETTLED:
        return _SETTLED[registration.status]
    if not registration.total_amount:
        return Stage.CONFIRMING
    if settles:
        return Stage.SETTLING
    if is_seen and invoice is not None and invoice.status not in {InvoiceStatus.PAID, InvoiceStatus.CANCELLED}:
        return Stage.SEEN
    return _unsettled(registration, invoice, now)


def _unsettled(registration: Registration, invoice: Invoice | None, now: datetime) -> Stage:
    if invoice is not None and invoice.status in _BY_INVOICE:
        return _BY_INVOICE[invoice.status]
    if invoice is not None and refusal_of(invoice) is not None:
        return Stage.REFUSED
    if registration.status is Status.PAYMENT_UPLOADED:
        return Stage.CHECKING
    return Stage.UNPAID if now <= deadline_of(registration, invoice) else Stage.OVERDUE


def deadline_of(registration: Registration, invoice: Invoice | None) -> datetime:
    """Return until when the runner can pay, and send a proof."""
    return invoice.expires_at if invoice is not None else registration.expires_at


def refusal_of(invoice: Invoice) -> Payment | None:
    """Return the last payment if its proof was refused."""
    last = invoice.payments[-1] if invoice.payments else None
    return last if last is not None and _is_refused(last) else None


def _is_refused(payment: Payment) -> bool:
    """Return whether staff refused a proof. One that another payment made superfluous is rejected without them."""
    return payment.status is PaymentStatus.REJECTED and payment.superseded_by is None


_PROMISED: Final = frozenset({RefundState.DUE, RefundState.ASKED, RefundState.DONE})


def refunds_of(invoice: Invoice | None) -> Sequence[Refund]:
    """Return the refunds that are decided: what one member of staff asked for may still be cancelled."""
    found = invoice.refunds if invoice is not None else ()
    return [each for each in found if each.state in _PROMISED]


def is_owed_a_refund(stage: Stage, invoice: Invoice | None) -> bool:
    """Return whether the runner paid for a place that they do not have."""
    if stage not in (Stage.EXPIRED, Stage.CANCELLED) or invoice is None:
        return False
    return any(each.status is PaymentStatus.VERIFIED for each in invoice.payments)


class Happening(StrEnum):
    """What the timeline of a registration tells."""

    REGISTERED = "registered"
    PROOF_SENT = "proof_sent"
    PROOF_REFUSED = "proof_refused"
    PAYMENT_ACCEPTED = "payment_accepted"
    PAYMENT_RECEIVED = "payment_received"
    VERIFIED = "verified"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Entry:
    """One line of the timeline. `reason` is what staff wrote."""

    happening: Happening
    at: datetime
    reason: str | None = None


_SAID_BY_VERIFIED: Final = frozenset({Happening.PAYMENT_ACCEPTED, Happening.PAYMENT_RECEIVED})


def timeline(registration: Registration, invoice: Invoice | None) -> Sequence[Entry]:
    """Return what has happened, oldest first."""
    payments = invoice.payments if invoice is not None else ()
    entries = [*_of_registration(registration), *(each for payment in payments for each in _of_payment(payment))]
    if registration.payment_verified_at is not None:
        entries = [each for each in entries if each.happening not in _SAID_BY_VERIFIED]
    return sorted(entries, key=lambda each: each.at)


def _of_registration(registration: Registration) -> Iterator[Entry]:
    yield Entry(Happening.REGISTERED, registration.created_at)
    if registration.payment_verified_at is not None:
        yield Entry(Happening.VERIFIED, registration.payment_verified_at)
    if registration.expired_at is not None:
        yield Entry(Happening.EXPIRED, registration.expired_at)
    if registration.cancelled_at is not None:
        yield Entry(Happening.CANCELLED, registration.cancelled_at)


def _of_payment(payment: Payment) -> Iterator[Entry]:
    by_proof = payment.channel == BY_PROOF
    if by_proof:
        yield Entry(Happening.PROOF_SENT, payment.uploaded_at)
    if payment.rejected_at is not None and _is_refused(payment):
        yield Entry(Happening.PROOF_REFUSED, payment.rejected_at, payment.rejection_reason)
    if payment.verified_at is not None:
        yield Entry(Happening.PAYMENT_ACCEPTED if by_proof else Happening.PAYMENT_RECEIVED, payment.verified_at)
