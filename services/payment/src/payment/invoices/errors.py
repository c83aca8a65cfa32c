"""What can be wrong with paying an invoice."""

from decimal import Decimal
from typing import Self

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording


class InvoiceNotFound(NotFound):
    """There is no invoice for this registration, or not yet: it appears moments after registering."""

    code = "invoice_not_found"


class AmountMismatch(StartlineError):
    """The amount is not what is owed; `expected` is."""

    code = "amount_mismatch"

    @classmethod
    def of(cls, expected: Decimal, currency: str) -> Self:
        """The error that names what is owed."""
        wording = Wording(
            en=f"The amount must be {expected:.2f} {currency}.", id=f"Jumlahnya harus {expected:.2f} {currency}."
        )
        return cls(wording, expected=f"{expected:.2f}", currency=currency)


class InvoiceExpired(StartlineError):
    """The deadline for paying has passed."""

    code = "invoice_expired"


class InvoiceCancelled(StartlineError):
    """The registration was cancelled; nothing is owed."""

    code = "invoice_cancelled"


class AlreadyPaid(StartlineError):
    """This registration is paid."""

    code = "already_paid"


class ProofPending(StartlineError):
    """A proof was sent already and waits to be looked at."""

    code = "proof_pending"
