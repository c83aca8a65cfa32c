"""The first of two people who verify a large payment: it stays in the queue, for someone else."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import ColumnElement, case, func, null, select, update

from payment.instructions.queries import second_check_from
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.review.errors import UnknownPayment
from payment.second_person import SamePerson, needs_second

came_in: ColumnElement[Decimal] = func.coalesce(Payment.received, Payment.amount)
"""What came in by a payment, which is compared with the amount from which two people decide."""


async def check_first(work: UnitOfWork, payment_id: UUID, *, by: Staff) -> bool:
    """Store that a person has checked a payment that two people verify; return False if it may be verified now.

    The person's lease ends: the payment goes to someone else. One that was decided is left to who decides about it.

    Raises:
        UnknownPayment.
        SamePerson: the same person has checked it before.
    """
    limit = await second_check_from(work.session)
    if limit is None:
        return False
    columns = (Payment.status, Payment.held_until, Payment.checked_by, Payment.registration_id, came_in)
    locked = select(*columns).where(Payment.id == payment_id).with_for_update(key_share=True)
    found = (await work.session.execute(locked)).first()
    if found is None:
        raise UnknownPayment
    status, held_until, checked_by, registration_id, amount = found
    decided = status != PaymentStatus.UPLOADED or held_until is not None
    if decided or not needs_second(amount, limit):
        return False
    if checked_by == by.id:
        raise SamePerson
    if checked_by is not None:
        return False
    await _store(work, payment_id, checked_by=by.id, checked_at=work.now, leased_by=None, leased_until=None)
    await work.audit(by.actor, "payment.check", str(payment_id), registration_id=str(registration_id))
    return True


async def _store(work: UnitOfWork, payment_id: UUID, **values: Any) -> None:
    changed = update(Payment).where(Payment.id == payment_id).values(**values)
    await work.session.execute(changed, execution_options={"synchronize_session": False})


def unless_own(by: Staff) -> dict[str, Any]:
    """Return the columns of the first check, emptied if it is by `by`, who decides alone as one person is enough."""
    own = Payment.checked_by == by.id
    return {
        "checked_by": case((own, null()), else_=Payment.checked_by),
        "checked_at": case((own, null()), else_=Payment.checked_at),
    }


async def take_back_check(work: UnitOfWork, payment_id: UUID, *, by: Staff, **lease: Any) -> bool:
    """Take the person's first check of a waiting payment back, and lease it again; return False if there is none."""
    own = (Payment.id == payment_id, Payment.status == PaymentStatus.UPLOADED, Payment.checked_by == by.id)
    undone = update(Payment).where(*own, Payment.held_until.is_(None)).values(checked_by=None, checked_at=None, **lease)
    found = (await work.session.execute(undone.returning(Payment.registration_id))).scalar_one_or_none()
    if found is not None:
        await work.audit(by.actor, "payment.uncheck", str(payment_id), registration_id=str(found))
    return found is not None


async def not_for_second(work: UnitOfWork, *, by: Staff) -> list[ColumnElement[bool]]:
    """Return the conditions that leave out what the person has checked and someone else has to verify."""
    limit = await second_check_from(work.session)
    if limit is None:
        return []
    return [Payment.checked_by.is_distinct_from(by.id) | (came_in < limit)]
