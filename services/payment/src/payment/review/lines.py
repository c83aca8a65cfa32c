"""Verifying a proof together with the line of a statement that shows its money."""

from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork

from payment.proofs.tables import Payment
from payment.review.commands import verify_payment
from payment.review.errors import UnknownPayment
from payment.review.held_lines import came_in_by
from payment.statements.commands import TRANSFER, match, open_line
from payment.statements.line_errors import NotATransfer
from payment.statements.model import RUPIAH
from payment.statements.tables import StatementLine
from payment.transfers.queries import amount_paid_by


async def confirm_line(work: UnitOfWork, payment_id: UUID, line_id: UUID, *, by: Staff, undo_seconds: int = 0) -> bool:
    """Verify a payment by a line of a statement, in one transaction: both are decided, or neither is.

    Return whether a second person has to verify the payment, too. Nothing is decided about the line then.

    Args:
        undo_seconds: seconds for which the decision is held. The line waits with it, and is open again if it is undone.

    Raises:
        UnknownPayment, AlreadyDecided, SamePerson.
        UnknownStatementLine, LineDecided, AmountMismatch, NotATransfer.
    """
    line = await open_line(work, line_id)  # before the payment, as all decisions about lines lock
    payment = await _payment_shown_by(work, payment_id, line)
    said = payment.received
    if not undo_seconds:
        payment.received = came_in_by(line, payment)
        await work.session.flush()
    if await verify_payment(work, payment_id, by=by, undo_seconds=undo_seconds):
        payment.received = said
        return True
    if undo_seconds:
        line.held_for, line.held_at = payment_id, work.now
        await work.session.flush()
    else:
        await match(work, line, payment_id, payment.registration_id, by=by.id, actor=by.actor)
    return False


async def _payment_shown_by(work: UnitOfWork, payment_id: UUID, line: StatementLine) -> Payment:
    """Lock a payment by transfer whose invoice the amount of a line pays, and return it.

    Raises:
        UnknownPayment, NotATransfer, AmountMismatch.
    """
    payment = await work.session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment is None:
        raise UnknownPayment
    if payment.payment_method != TRANSFER:
        raise NotATransfer
    await amount_paid_by(work.session, payment.registration_id, line.amount, RUPIAH)
    return payment
