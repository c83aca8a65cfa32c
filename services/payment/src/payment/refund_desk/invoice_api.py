"""The route that shows an invoice with its payments and refunds."""

from uuid import UUID

from chassis.auth.access import ItsRunnerOrStaff
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.invoices.errors import InvoiceNotFound
from payment.proofs.models import InvoicePayment, InvoiceRefund, InvoiceView
from payment.proofs.queries import payments_of
from payment.refund_desk.queries import asked_invoice, refunds_of

router = Router(prefix="/invoices/{registration_id}", tags=["invoices"])


@router.get("", responses=errors(InvoiceNotFound))
async def show_invoice(registration_id: UUID, _: ItsRunnerOrStaff, session: Read, database: OwnDatabase) -> InvoiceView:
    """Return the invoice of a registration, its payments and refunds. It is created moments after the registration."""
    invoice, payable, usdt_asked = await asked_invoice(session, registration_id)
    payments = await payments_of(session, registration_id)
    has_refunds = any(each.refund_total for each in payments)
    refunds = await refunds_of(session, registration_id) if has_refunds else ()
    shown = [InvoicePayment.model_validate(each) for each in payments]
    view = InvoiceView.of(invoice, shown, now=database.clock(), payable_amount=payable)
    views = [InvoiceRefund.model_validate(each) for each in refunds]
    return view.model_copy(update={"refunds": views, "usdt_asked": usdt_asked})
