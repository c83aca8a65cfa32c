"""The route that shows an invoice with its payments and refunds."""

from uuid import UUID

from chassis.auth.access import ItsRunnerOrStaff
from chassis.auth.principals import Staff
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.invoices.errors import InvoiceNotFound
from payment.proofs.models import InvoicePayment, InvoiceRefund, InvoiceView
from payment.proofs.queries import payments_of
from payment.refund_desk.queries import asked_invoice, refunds_of

router = Router(prefix="/invoices/{registration_id}", tags=["invoices"])


@router.get("", responses=errors(InvoiceNotFound))
async def show_invoice(
    registration_id: UUID, caller: ItsRunnerOrStaff, session: Read, database: OwnDatabase
) -> InvoiceView:
    """Return the invoice of a registration, its payments and refunds. It is created moments after the registration.

    Refunds that staff asked for are shown to the runner once a second person has approved them, if it takes two.
    """
    asked = await asked_invoice(session, registration_id)
    payments = await payments_of(session, registration_id)
    has_refunds = any(each.refund_total for each in payments)
    for_staff = isinstance(caller, Staff)
    refunds = await refunds_of(session, registration_id, for_staff=for_staff) if has_refunds else ()
    shown = [InvoicePayment.model_validate(each) for each in payments]
    view = InvoiceView.of(asked.invoice, shown, now=database.clock(), payable_amount=asked.payable_amount)
    views = [InvoiceRefund.model_validate(each) for each in refunds]
    known = {"usdt_asked": asked.usdt_asked, "has_charges": asked.has_charges}
    return view.model_copy(update={"refunds": views, **known})
