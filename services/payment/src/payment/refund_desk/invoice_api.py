"""The route that shows an invoice with its payments and refunds."""

from uuid import UUID

from chassis.auth.access import ItsRunnerOrStaff
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.invoices.errors import InvoiceNotFound
from payment.invoices.queries import asked_for_usdt, payable_amount
from payment.proofs.models import InvoicePayment, InvoiceRefund, InvoiceView
from payment.proofs.queries import invoice_of
from payment.refund_desk.queries import refunds_of

router = Router(prefix="/invoices/{registration_id}", tags=["invoices"])


@router.get("", responses=errors(InvoiceNotFound))
async def show_invoice(registration_id: UUID, _: ItsRunnerOrStaff, session: Read, database: OwnDatabase) -> InvoiceView:
    """Return the invoice of a registration, its payments and refunds. It is created moments after the registration."""
    invoice, payments = await invoice_of(session, registration_id)
    payable = await payable_amount(session, registration_id)
    refunds = [InvoiceRefund.model_validate(each) for each in await refunds_of(session, registration_id)]
    shown = [InvoicePayment.model_validate(each) for each in payments]
    view = InvoiceView.of(invoice, shown, now=database.clock(), payable_amount=payable)
    usdt_asked = await asked_for_usdt(session, registration_id)
    return view.model_copy(update={"refunds": refunds, "usdt_asked": usdt_asked})
