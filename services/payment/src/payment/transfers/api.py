"""The route that says what to transfer."""

from datetime import datetime
from uuid import UUID

from chassis.auth.access import ItsRunnerOrFinance
from chassis.auth.principals import Staff
from chassis.web.dependencies import Work
from chassis.web.models import Amount, View
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.invoices.errors import AlreadyPaid, InvoiceCancelled, InvoiceExpired, InvoiceNotFound, ProofPending
from payment.transfers import commands
from payment.transfers.errors import TransferNotOffered

router = Router(prefix="/invoices/{registration_id}", tags=["invoices"])


class TransferView(View):
    """What to transfer, where to, and until when. `unique_code` is the difference to the price; null if it is that."""

    payable_amount: Amount
    unique_code: int | None
    bank_name: str | None
    account_number: str
    account_holder_name: str | None
    valid_until: datetime


@router.post(
    "/transfer",
    responses=errors(TransferNotOffered, InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending),
)
async def ask_transfer(registration_id: UUID, by: ItsRunnerOrFinance, work: Work) -> TransferView:
    """Return what to transfer; the same again when it is repeated. No other payer is asked for this amount."""
    staff = by if isinstance(by, Staff) else None
    return TransferView.model_validate(await commands.ask_transfer(work, registration_id, by=staff))
