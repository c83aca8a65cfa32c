"""How an invoice stands, and what may be paid."""

from datetime import datetime, timedelta
from enum import StrEnum


class InvoiceStatus(StrEnum):
    """Where an invoice is. Expired and cancelled follow the registration, unless a proof waits or money came."""

    OPEN = "open"
    PROOF_UPLOADED = "proof_uploaded"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class RegistrationEnd(StrEnum):
    """How a registration ended, as far as it was told here."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"


def shown_status(status: InvoiceStatus, expires_at: datetime, now: datetime) -> InvoiceStatus:
    """Return the status that a runner sees: nobody may pay an open invoice whose deadline has passed."""
    return InvoiceStatus.EXPIRED if status is InvoiceStatus.OPEN and now > expires_at else status


_LATE = timedelta(minutes=5)
"""More than events take, and more than clocks differ by."""


def time_lost(registered_at: datetime, now: datetime) -> timedelta:
    """Return for how long a registration could not be paid because there was no invoice; none if it was not late."""
    waited = now - registered_at
    return waited if waited > _LATE else timedelta()
