"""Build the events about a refund from its row and its payment's."""

from datetime import datetime
from typing import Any

from contracts import RefundDone, RefundDue

from payment.proofs.tables import Payment
from payment.refunds.rules import cause_of
from payment.refunds.tables import Refund


def refund_due(payment: Payment, refund: Refund) -> RefundDue:
    """Return the event for a refund that is due."""
    cause = cause_of(refund.origin, refund.reason)
    return RefundDue(**_money(payment, refund), reason=refund.reason, cause=cause)


def refund_done(payment: Payment, refund: Refund, *, reference: str, at: datetime) -> RefundDone:
    """Return the event for a completed refund, or for one whose reference was corrected."""
    return RefundDone(**_money(payment, refund), reference=reference, done_at=at, corrected_at=refund.corrected_at)


def _money(payment: Payment, refund: Refund) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "registration_id": payment.registration_id,
        "amount": refund.amount,
        "currency": payment.currency,
        "refund_id": refund.id,
    }
