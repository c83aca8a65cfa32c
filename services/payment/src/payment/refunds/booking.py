"""Booking completed refunds in the ledger, and those that processes of older releases completed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.database import Database, UnitOfWork
from sqlalchemy import select, update

from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind, refund_source
from payment.proofs.tables import Payment
from payment.refunds.tables import Refund

_AT_ONCE: Final = 500


async def book_refund(work: UnitOfWork, payment: Payment, *, done_at: datetime) -> None:
    """Record that the money of a payment was transferred back from the bank. Idempotent."""
    await record(work, _entry(payment, done_at))
    await work.session.execute(update(Refund).where(Refund.payment_id == payment.id).values(booked=True))


async def book_missing_refunds(database: Database) -> int:
    """Book completed refunds that are not, in portions; return how many. Several workers may do so at once."""
    total, portion = 0, _AT_ONCE
    while portion == _AT_ONCE:
        async with database.work() as work:
            portion = await _book_portion(work)
        total += portion
    return total


async def _book_portion(work: UnitOfWork) -> int:
    done = select(Refund).where(Refund.done_at.is_not(None), ~Refund.booked).order_by(Refund.payment_id)
    refunds = (await work.session.execute(done.limit(_AT_ONCE).with_for_update(skip_locked=True))).scalars().all()
    if refunds:
        times = {refund.payment_id: refund.done_at for refund in refunds}
        await record(work, *await _entries(work, times))
        await work.session.execute(update(Refund).where(Refund.payment_id.in_(times)).values(booked=True))
    return len(refunds)


async def _entries(work: UnitOfWork, times: dict[UUID, datetime | None]) -> list[Entry]:
    payments = (await work.session.execute(select(Payment).where(Payment.id.in_(times)))).scalars()
    return [_entry(payment, times[payment.id] or work.now) for payment in payments]


def _entry(payment: Payment, done_at: datetime) -> Entry:
    return Entry(
        source=refund_source(payment.id),
        kind=Kind.REFUND,
        debit=Account.RUNNERS,
        credit=Account.BANK,
        amount=payment.amount,
        currency=payment.currency,
        occurred_at=done_at,
        registration_id=payment.registration_id,
        payment_id=payment.id,
        method=payment.payment_method,
    )
