"""Build the events about a payment from its row."""

from datetime import datetime
from typing import Any

from contracts import PaymentRejected, PaymentUploaded, PaymentVerified

from payment.proofs.tables import Payment


def uploaded(payment: Payment) -> PaymentUploaded:
    """Return the event for an uploaded proof."""
    return PaymentUploaded(
        **_facts(payment),
        payment_method=payment.payment_method,
        uploaded_at=payment.uploaded_at,
        due_at=payment.due_at,
    )


def verified(payment: Payment) -> PaymentVerified:
    """Return the event for a verified payment."""
    return PaymentVerified(
        **_facts(payment),
        verified_at=payment.verified_at,
        verified_by=payment.verified_by,
        registration_revision=payment.registration_revision,
    )


def rejected(payment: Payment, *, expires_at: datetime) -> PaymentRejected:
    """Return the event for a rejected proof; `expires_at` is the deadline for another one."""
    reason = payment.rejection_reason
    return PaymentRejected(**_facts(payment), reason=reason, rejected_at=payment.rejected_at, expires_at=expires_at)


def _facts(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "registration_id": payment.registration_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "sequence": payment.sequence,
    }
