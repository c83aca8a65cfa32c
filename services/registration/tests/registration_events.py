"""What payment publishes about a registration."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contracts import PaymentDeadlineMoved, PaymentMethod, PaymentRejected, PaymentUploaded, PaymentVerified


def proof_uploaded(
    entry: dict[str, Any], at: datetime, payment_id: UUID | None = None, **fields: Any
) -> PaymentUploaded:
    """Return the upload of a proof at that time."""
    return PaymentUploaded(
        payment_id=payment_id or uuid4(),
        payment_method=PaymentMethod.QRIS,
        uploaded_at=at,
        **_invoice(entry),
        **fields,
    )


def payment_verified(entry: dict[str, Any], at: datetime, payment_id: UUID | None = None) -> PaymentVerified:
    """Return the verification of a payment at that time."""
    return PaymentVerified(payment_id=payment_id or uuid4(), verified_at=at, verified_by=uuid4(), **_invoice(entry))


def payment_rejected(entry: dict[str, Any], at: datetime, payment_id: UUID) -> PaymentRejected:
    """Return the rejection of a proof at that time, after which there is a day for another one."""
    return PaymentRejected(
        payment_id=payment_id,
        reason="unreadable",
        rejected_at=at,
        expires_at=at + timedelta(hours=24),
        **_invoice(entry),
    )


def deadline_moved(entry: dict[str, Any], at: datetime, by: timedelta) -> PaymentDeadlineMoved:
    """Return the news at that time that the deadline is later by so much."""
    return PaymentDeadlineMoved(
        registration_id=UUID(entry["registration_id"]),
        expires_at=datetime.fromisoformat(entry["expires_at"]) + by,
        sequence=1,
        registration_revision=1,
        moved_at=at,
    )


def _invoice(entry: dict[str, Any]) -> dict[str, Any]:
    amount = Decimal(entry["total_amount"])
    return {"registration_id": UUID(entry["registration_id"]), "amount": amount, "currency": "IDR"}
