"""Build the events about a payment from its row."""

from datetime import datetime
from decimal import Decimal
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
        received=payment.received,
    )


def verified(payment: Payment) -> PaymentVerified:
    """Return the event for a verified payment."""
    return PaymentVerified(
        **_facts(payment),
        verified_at=payment.verified_at,
        verified_by=payment.verified_by,
        registration_revision=payment.registration_revision,
    )


def rejected(payment: Payment, *, expires_at: datetime, payable_amount: Decimal | None) -> PaymentRejected:
    """Return the event for a rejected proof.

    Args:
        expires_at: the deadline for another one.
        payable_amount: what the payer was asked to transfer; None if that was not asked, or is not what they pay by.
    """
    return PaymentRejected(
        **_facts(payment),
        reason=payment.rejection_reason,
        rejected_at=payment.rejected_at,
        expires_at=expires_at,
        payable_amount=payable_amount,
    )


def _facts(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "registration_id": payment.registration_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "sequence": payment.sequence,
    }
