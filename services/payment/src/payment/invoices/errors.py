"""What can be wrong with paying an invoice."""

from chassis.errors import NotFound, StartlineError


class InvoiceNotFound(NotFound):
    """There is no invoice for this registration, or not yet: it appears moments after registering."""

    code = "invoice_not_found"


class AmountMismatch(StartlineError):
    """The amount is not what is owed; `expected` is."""

    code = "amount_mismatch"


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
