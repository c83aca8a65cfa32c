"""Changes of a refund that goes back through the gateway, and its picture."""

from collections.abc import Sequence
from uuid import UUID

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.images.processing import Picture

from payment.gateways.port import GatewayRefused, OrderUnknown
from payment.refund_desk.asking import Asked
from payment.refund_desk.changes import accept, ask_later, claim_rows, is_unanswered, leave_to_people
from payment.refund_desk.errors import GatewayRefundNotPossible
from payment.refund_desk.models import paid_by
from payment.refund_desk.queries import charge_of
from payment.refund_desk.rules import why_not, why_refused
from payment.refunds.commands import ensure_not_taken_back, lock_refund, wait_for_approval
from payment.refunds.errors import AlreadyRefunded, RefundNotOpen
from payment.refunds.rules import RefundState, Way, next_question
from payment.refunds.tables import Refund


async def begin_sending(work: UnitOfWork, refund_id: UUID, *, has_gateway: bool, by: Staff) -> Asked | None:
    """Store that the gateway is asked for a refund; it is due after the commit. Return what to ask for.

    Return None if instead it waits for a second person now.

    Raises:
        UnknownRefund, AlreadyRefunded, RefundNotOpen, SamePerson.
        RefundExceedsPayment: a bank took the money back.
        GatewayRefundNotPossible.
    """
    refund = await lock_refund(work, refund_id)
    if refund.state == RefundState.DONE:
        raise AlreadyRefunded
    if refund.state != RefundState.DUE:
        raise RefundNotOpen(state_now=refund.state)
    await ensure_not_taken_back(work, refund)
    charge = await charge_of(work.session, refund.payment_id)
    found = paid_by(charge["method"], charge["status"], charge["refundable_until"]) if charge else None
    reason = why_not(found, has_gateway=has_gateway, now=work.now)
    if reason is not None:
        raise GatewayRefundNotPossible.of(reason)
    if await wait_for_approval(work, refund, by=by):
        return None
    refund.state, refund.way, refund.gateway_key = RefundState.ASKED, Way.GATEWAY, str(refund.id)
    refund.sent_at, refund.sent_by, refund.gateway_error = work.now, by.id, None
    refund.ask_at = next_question(work.now, work.now)
    await work.session.flush()
    await work.audit(by.actor, "refund.send", str(refund.id), amount=shown_value(refund.amount))
    return await _asked_for(work, refund)


async def claim(work: UnitOfWork) -> Sequence[Asked]:
    """Return some refunds that are due to be asked about, leased to this process."""
    refunds = await claim_rows(work, Refund)
    return [asked for refund in refunds if (asked := await _asked_for(work, refund)) is not None]


async def _asked_for(work: UnitOfWork, refund: Refund) -> Asked | None:
    """Return what the gateway is asked for a refund, None if its payment has no charge."""
    charge = await charge_of(work.session, refund.payment_id)
    if charge is None or refund.gateway_key is None:
        return None
    return Asked(
        id=refund.id,
        charge_id=charge["id"],
        order_id=charge["order_id"],
        key=refund.gateway_key,
        amount=refund.amount,
        reason=refund.reason,
        is_known=refund.accepted_at is not None,
        sent_at=refund.sent_at,
    )


async def fall_back(work: UnitOfWork, asked: Asked, error: GatewayRefused | OrderUnknown) -> None:
    """Let a refund that the gateway refused be due again, to be transferred by hand, unless it was accepted since."""
    refund = await lock_refund(work, asked.id)
    if not is_unanswered(refund):
        return
    charge = await charge_of(work.session, refund.payment_id)
    is_late = charge is None or charge["refundable_until"] is None or work.now > charge["refundable_until"]
    reason = why_refused(error, is_late=is_late)
    leave_to_people(refund, RefundState.DUE, reason)
    await work.session.flush()
    await work.audit("system", "refund.refused", str(refund.id), reason=reason.value, gateway=str(error))


async def accept_by_gateway(work: UnitOfWork, asked: Asked) -> None:
    """Store that the gateway has accepted a refund, which it confirms later."""
    accept(await lock_refund(work, asked.id), work.now)


async def ask_about_later(work: UnitOfWork, asked: Asked) -> None:
    """Set when the gateway is asked about a refund next."""
    ask_later(await lock_refund(work, asked.id), work.now)


async def store_evidence(work: UnitOfWork, refund_id: UUID, picture: Picture, path: str, *, by: Staff) -> None:
    """Store that the image at `path` shows the transfer of a refund. One that was there before is swept.

    Raises:
        UnknownRefund, RefundNotOpen.
    """
    refund = await lock_refund(work, refund_id)
    if refund.state == RefundState.CANCELLED:
        raise RefundNotOpen(state_now=refund.state)
    refund.evidence_path, refund.evidence_type = path, picture.content_type
    await work.session.flush()
    await work.audit(by.actor, "refund.evidence", str(refund.id), payment_id=str(refund.payment_id))
