"""The status of an invoice."""

from datetime import datetime, timedelta
from enum import StrEnum


class InvoiceStatus(StrEnum):
    """Status of an invoice. It expires or is cancelled with its registration, unless a proof waits or it is paid."""

    OPEN = "open"
    PROOF_UPLOADED = "proof_uploaded"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class RegistrationEnd(StrEnum):
    """How a registration ended, as far as payment knows."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"


def shown_status(status: InvoiceStatus, expires_at: datetime, now: datetime) -> InvoiceStatus:
    """Return the status to show: an open invoice is expired once its deadline has passed."""
    return InvoiceStatus.EXPIRED if status is InvoiceStatus.OPEN and now > expires_at else status


_LATE = timedelta(minutes=5)
"""Shorter delays are ignored: events take seconds, and clocks differ."""


def creation_delay(registered_at: datetime, now: datetime) -> timedelta:
    """Return how long a registration had no invoice because its event was late; zero for a normal delay."""
    waited = now - registered_at
    return waited if waited > _LATE else timedelta()
