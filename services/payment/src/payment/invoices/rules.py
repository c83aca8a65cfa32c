"""How an invoice stands, and what may be paid."""

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
