"""Creating, approving, cancelling and completing refunds. Each changes the refund under the lock of its row."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields, NotYet
from chassis.wording import Wording
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from payment.instructions.queries import second_check_from
from payment.proofs.errors import UnknownPayment
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.refunds.announce import refund_done, refund_due
from payment.refunds.booking import book_refund
from payment.refunds.errors import AlreadyRefunded, RefundExceedsPayment, RefundNotOpen, UnknownRefund
from payment.refunds.rules import Origin, RefundState
from payment.refunds.tables import Refund
from payment.second_person import SamePerson, needs_second

SURPLUS: Final = "Surplus: another payment had already paid for this registration."
"""Reason of the refund of a second payment for one registration."""

_WHOLE_RUPIAH: Final = Wording(
    en="Write whole rupiah, without decimals.", id="Tulis rupiah bulat, tanpa angka di belakang koma."
)


@dataclass(frozen=True)
class Completion:
    """How a refund was completed.

    Attributes:
        reference: of the transfer at the bank or gateway.
        by: who says so; the nil UUID for the gateway, whose `actor` is `system`.
    """

    reference: str
    by: UUID
    actor: str
    at: datetime


async def create_refund(
    work: UnitOfWork, payment_id: UUID, registration_id: UUID, *, reason: str, origin: Origin = Origin.EVENT
) -> None:
    """Create the refund of what is left of a verified payment and publish `RefundDue`. Idempotent.

    Raises:
        NotYet: the payment is not verified. Retries end in a dead letter, so that staff see it.
    """
    payment = await lock_payment(work, payment_id)
    if payment is None or payment.registration_id != registration_id or payment.status != PaymentStatus.VERIFIED:
        raise NotYet(f"payment {payment_id} is not a verified one of registration {registration_id}")
    left = refundable(payment)
    if left > 0:
        await _insert(work, payment, id=payment_id, amount=left, reason=reason, origin=origin)


async def ask_refund(
    work: UnitOfWork,
    payment_id: UUID,
    amount: Decimal,
    *,
    reason: str,
    by: Staff,
    refund_id: UUID | None = None,
) -> UUID:
    """Create the refund of a part of a verified payment, or of all of it, and return its id.

    If the payment's refunds reach the amount from which two people decide, it waits for the second one; otherwise
    `RefundDue` is published.

    Args:
        refund_id: an id that the caller chose; a refund of this payment that has it already is left as it is.

    Raises:
        UnknownPayment, RefundExceedsPayment.
        InvalidFields: the amount has cents, which banks do not transfer, and is not all that is left.
    """
    payment = await lock_payment(work, payment_id)
    if payment is None:
        raise UnknownPayment
    if refund_id is not None and await _exists(work, refund_id, payment_id):
        return refund_id
    left = refundable(payment)
    if amount > left:
        raise RefundExceedsPayment.of(left)
    if amount != left and amount % 1:
        raise InvalidFields(("amount", _WHOLE_RUPIAH))
    new_id = refund_id or uuid4()
    await _insert(work, payment, id=new_id, amount=amount, reason=reason, origin=Origin.STAFF, asked_by=by.id)
    await work.audit(
        by.actor, "refund.ask", str(new_id), payment_id=str(payment_id), amount=shown_value(amount), reason=reason
    )
    return new_id


async def _exists(work: UnitOfWork, refund_id: UUID, payment_id: UUID) -> bool:
    """Return whether a payment has this refund.

    Raises:
        UnknownRefund: another payment has it, or it would have the id of a payment, as refunds by events have.
    """
    found = await work.session.get(Refund, refund_id)
    taken = found is None and await work.session.get(Payment, refund_id) is not None
    if taken or (found is not None and found.payment_id != payment_id):
        raise UnknownRefund
    return found is not None


def refundable(payment: Payment) -> Decimal:
    """Return what of a payment may still go back: what came in, less its refunds and what a bank took back.

    Nothing unless it is verified.
    """
    if payment.status != PaymentStatus.VERIFIED:
        return Decimal(0)
    return max(Decimal(0), -_excess(payment))


def _excess(payment: Payment) -> Decimal:
    """Return by how much its refunds, and what a bank took back, are more than what came in; negative if less."""
    return payment.refund_total + payment.taken_back - (payment.received or payment.amount)


def _is_taken_back(payment: Payment) -> bool:
    """Return whether a bank took back what its open refunds owe."""
    return payment.taken_back > 0 and _excess(payment) > 0


async def ensure_not_taken_back(work: UnitOfWork, refund: Refund) -> None:
    """Check that a refund is still owed, and was not taken back by a bank.

    Raises:
        RefundExceedsPayment: with what may still go back for it, by another refund in its place.
    """
    payment = await work.session.get_one(Payment, refund.payment_id, populate_existing=True)
    if _is_taken_back(payment):
        raise RefundExceedsPayment.of(max(Decimal(0), refund.amount - _excess(payment)))


async def _insert(work: UnitOfWork, payment: Payment, **row: Any) -> None:
    """Insert a refund unless it exists; a trigger adds it to the payment's total. What waits is not announced by staff.

    A refund that an event caused is owed also while it waits for an approval: its runner hears of it at once.
    """
    waits = needs_second(payment.refund_total + row["amount"], await second_check_from(work.session))
    state = RefundState.WAITS_FOR_SECOND if waits else RefundState.DUE
    new = insert(Refund).values(payment_id=payment.id, state=state, due_at=work.now, **row)
    refund = (await work.session.execute(new.on_conflict_do_nothing().returning(Refund))).scalar_one_or_none()
    if refund is not None and (not waits or refund.origin != Origin.STAFF):
        work.publish(refund_due(payment, refund), subject=payment.registration_id)


async def approve_refund(work: UnitOfWork, refund_id: UUID, *, by: Staff, address_by: UUID | None = None) -> None:
    """Approve a refund as the second person, so that it is due.

    If two people are not needed any more, the one who asked for it, or entered its address, may let it go on.

    Args:
        address_by: who entered the address to which it goes; None if it has none, or its runner named it.

    Raises:
        UnknownRefund, RefundNotOpen, SamePerson.
    """
    refund = await lock_refund(work, refund_id)
    if refund.state != RefundState.WAITS_FOR_SECOND:
        raise RefundNotOpen(state_now=refund.state)
    if by.id not in {refund.asked_by, address_by}:
        refund.approved_by, refund.approved_at = by.id, work.now
    elif await _needs_second(work, refund):
        raise SamePerson
    refund.state = RefundState.DUE
    await work.session.flush()
    if refund.origin == Origin.STAFF:
        payment = await work.session.get_one(Payment, refund.payment_id)
        work.publish(refund_due(payment, refund), subject=payment.registration_id)
    await _audit_change(work, refund, "refund.approve", RefundState.WAITS_FOR_SECOND, actor=by.actor)


async def cancel_refund(work: UnitOfWork, refund_id: UUID, *, reason: str, by: Staff) -> None:
    """Cancel a refund that staff asked for, or whose money a bank took back, and that did not go back yet.

    Raises:
        UnknownRefund, AlreadyRefunded, RefundNotOpen.
    """
    of = select(Refund.payment_id).where(Refund.id == refund_id)
    payment_id = (await work.session.execute(of)).scalar_one_or_none()
    if payment_id is None:
        raise UnknownRefund
    payment = await lock_payment(work, payment_id)  # first, as where the gateway's reports change refunds
    refund = await lock_refund(work, refund_id)
    if refund.state == RefundState.DONE:
        raise AlreadyRefunded
    is_open = refund.state in {RefundState.WAITS_FOR_SECOND, RefundState.DUE}
    may_end = refund.origin == Origin.STAFF or (payment is not None and _is_taken_back(payment))
    if not is_open or not may_end:
        raise RefundNotOpen(state_now=refund.state, origin=refund.origin)
    before = RefundState(refund.state)
    refund.state, refund.cancelled_at = RefundState.CANCELLED, work.now
    refund.cancelled_by, refund.cancel_reason = by.id, reason
    await work.session.flush()
    await _audit_change(work, refund, "refund.cancel", before, actor=by.actor, reason=reason)


async def complete_refund(work: UnitOfWork, refund_id: UUID, *, reference: str, by: Staff) -> bool:
    """Record that a refund was transferred under `reference`, publish `RefundDone` and book it.

    Return True if instead it waits for a second person now. A refund that the gateway has accepted, but never confirms,
    may be completed by a person who saw it arrive.

    Raises:
        UnknownRefund, AlreadyRefunded, RefundNotOpen, SamePerson.
        RefundExceedsPayment: a bank took the money back.
    """
    refund = await lock_refund(work, refund_id)
    if refund.state == RefundState.DONE:
        raise AlreadyRefunded
    accepted = refund.state == RefundState.ASKED and refund.accepted_at is not None
    if refund.state != RefundState.DUE and not accepted:
        raise RefundNotOpen(state_now=refund.state)
    if not accepted:
        await ensure_not_taken_back(work, refund)
        if await wait_for_approval(work, refund, by=by):
            return True
    await finish_refund(work, refund, Completion(reference, by.id, by.actor, work.now))
    return False


async def wait_for_approval(work: UnitOfWork, refund: Refund, *, by: Staff) -> bool:
    """Let a due refund wait for a second person if it needs one and no one has approved it; return whether it does.

    Raises:
        SamePerson: `by` approved a refund that an event caused: another person sends it back.
    """
    if not await _needs_second(work, refund):
        return False
    if refund.approved_by is not None:
        if refund.asked_by is None and refund.approved_by == by.id:
            raise SamePerson
        return False
    refund.state, refund.asked_by = RefundState.WAITS_FOR_SECOND, refund.asked_by or by.id
    await work.session.flush()
    await _audit_change(work, refund, "refund.check", RefundState.DUE, actor=by.actor)
    return True


async def withdraw_approval(work: UnitOfWork, refund: Refund, *, by: Staff) -> bool:
    """Let a due refund wait for a second person again, as its address was entered after the approval.

    Return False if no person approved it, or two people are not needed. The caller has locked it.
    """
    is_approved = refund.state == RefundState.DUE and refund.approved_by is not None
    if not is_approved or not await _needs_second(work, refund):
        return False
    refund.state, refund.approved_by, refund.approved_at = RefundState.WAITS_FOR_SECOND, None, None
    await work.session.flush()
    await _audit_change(work, refund, "refund.check", RefundState.DUE, actor=by.actor)
    return True


async def _needs_second(work: UnitOfWork, refund: Refund) -> bool:
    """Return whether two people decide about a refund: all of its payment count together."""
    total = select(Payment.refund_total).where(Payment.id == refund.payment_id)
    return needs_second((await work.session.execute(total)).scalar_one(), await second_check_from(work.session))


async def finish_refund(work: UnitOfWork, refund: Refund, how: Completion) -> None:
    """Complete a refund whose row the caller has locked, publish `RefundDone` and book it."""
    before = RefundState(refund.state)
    refund.state, refund.done_at, refund.done_by = RefundState.DONE, how.at, how.by
    refund.reference, refund.ask_at = how.reference, None
    await work.session.flush()
    await book_refund(work, refund, await publish_done(work, refund))
    await _audit_change(work, refund, "refund.done", before, actor=how.actor, reference=how.reference)


async def publish_done(work: UnitOfWork, refund: Refund) -> Payment:
    """Publish that a refund was completed, or that its reference was corrected, and return its payment."""
    assert refund.reference is not None and refund.done_at is not None  # noqa: PT018, S101  # it is completed
    payment = await work.session.get_one(Payment, refund.payment_id)
    done = refund_done(payment, refund, reference=refund.reference, at=refund.done_at)
    work.publish(done, subject=payment.registration_id)
    return payment


async def lock_refund(work: UnitOfWork, refund_id: UUID) -> Refund:
    """Lock a refund and return it.

    Raises:
        UnknownRefund.
    """
    refund = await work.session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund is None:
        raise UnknownRefund
    return refund


async def lock_payment(work: UnitOfWork, payment_id: UUID) -> Payment | None:
    """Lock a payment, so that no refund of it is added meanwhile, and return it; None if there is none."""
    return await work.session.get(Payment, payment_id, with_for_update={"key_share": True}, populate_existing=True)


async def _audit_change(
    work: UnitOfWork, refund: Refund, action: str, before: RefundState, *, actor: str, **details: str
) -> None:
    await work.audit(
        actor,
        action,
        str(refund.id),
        payment_id=str(refund.payment_id),
        amount=shown_value(refund.amount),
        before={"status": before.value},
        after={"status": shown_value(refund.state)},
        **details,
    )
