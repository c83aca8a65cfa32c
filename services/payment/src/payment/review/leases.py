"""Leases of waiting proofs: two people never review the same one at the same time."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_, update

from payment.proofs.tables import WAITING, Payment
from payment.review.errors import UnknownPayment
from payment.review.second import not_for_second

_FREE: Final[dict[str, None]] = {"leased_by": None, "leased_until": None}


async def lease_next(
    work: UnitOfWork,
    *,
    by: Staff,
    lasting: timedelta,
    after: UUID | None = None,
    before: UUID | None = None,
    event_id: UUID | None = None,
) -> Payment | None:
    """Lease a waiting proof to a member of staff and return it; None if there is none.

    A person who already has one gets the same, for longer; otherwise it is the oldest that no one else has. One that
    the person has verified as the first of two goes to other people.

    Args:
        after: only proofs that came after this payment, whose lease ends.
        before: only proofs that came before this payment, whose lease ends; the newest of them.
        event_id: only proofs for this race.

    Raises:
        UnknownPayment: there is no payment `after` or `before`.
    """
    left = after or before
    position = await _leave(work, left, by=by) if left is not None else None
    until = work.now + lasting
    mine = and_(Payment.leased_by == by.id, Payment.leased_until > work.now)
    free = or_(Payment.leased_until.is_(None), Payment.leased_until <= work.now, Payment.leased_by == by.id)
    of_race = [] if event_id is None else [Payment.event_id == event_id]
    allowed = [*of_race, *await not_for_second(work, by=by)]
    for condition in (mine, free):
        chosen = _waiting(and_(condition, *allowed), position, is_back=before is not None)
        leased = await _lease(work, chosen, by=by.id, until=until)
        if leased is not None:
            return leased
    return None


def _waiting(condition: ColumnElement[bool], position: tuple[datetime, UUID] | None, *, is_back: bool) -> Select[Any]:
    """Return the query for the first waiting proof behind a position, or in front of it. It skips and locks rows."""
    query = select(Payment.id).where(WAITING, Payment.held_until.is_(None), condition)
    place = tuple_(Payment.uploaded_at, Payment.id)
    if position is not None:
        query = query.where(place < tuple_(*position) if is_back else place > tuple_(*position))
    order = (Payment.uploaded_at.desc(), Payment.id.desc()) if is_back else (Payment.uploaded_at, Payment.id)
    return query.order_by(*order).limit(1).with_for_update(skip_locked=True)


async def _lease(work: UnitOfWork, chosen: Select[Any], *, by: UUID, until: datetime) -> Payment | None:
    this = Payment.id == chosen.correlate(None).scalar_subquery()
    lease = update(Payment).where(this).values(leased_by=by, leased_until=until).returning(Payment)
    return (await work.session.execute(lease)).scalar_one_or_none()


async def _leave(work: UnitOfWork, payment_id: UUID, *, by: Staff) -> tuple[datetime, UUID]:
    """End the person's lease of a payment and return its position in the queue.

    Raises:
        UnknownPayment.
    """
    await release(work, payment_id, by=by)
    uploaded_at = select(Payment.uploaded_at).where(Payment.id == payment_id)
    return (await work.session.execute(uploaded_at)).scalar_one(), payment_id


async def release(work: UnitOfWork, payment_id: UUID, *, by: Staff) -> None:
    """End the person's lease of a payment, if there is one.

    Raises:
        UnknownPayment.
    """
    mine = (Payment.id == payment_id, Payment.leased_by == by.id)
    ended = update(Payment).where(*mine).values(**_FREE).returning(Payment.id)
    if (await work.session.execute(ended)).first() is None and await work.session.get(Payment, payment_id) is None:
        raise UnknownPayment
