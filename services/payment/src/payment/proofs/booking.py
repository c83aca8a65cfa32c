"""Booking verified payments in the ledger, and those that processes of older releases verified."""

from typing import Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import select, update

from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind, account_of, payment_source
from payment.proofs.tables import Payment

_AT_ONCE: Final = 500


async def book_payment(work: UnitOfWork, payment: Payment) -> None:
    """Record that the money of a verified payment arrived for a registration. Idempotent."""
    await record(work, _entry(payment))
    payment.booked = True


async def book_missing_payments(database: Database) -> int:
    """Book verified payments that are not, in portions; return how many. Several workers may do so at once."""
    total, portion = 0, _AT_ONCE
    while portion == _AT_ONCE:
        async with database.work() as work:
            portion = await _book_portion(work)
        total += portion
    return total


async def _book_portion(work: UnitOfWork) -> int:
    verified = select(Payment).where(Payment.status == "verified", ~Payment.booked).order_by(Payment.id)
    locked = verified.limit(_AT_ONCE).with_for_update(skip_locked=True)
    payments = (await work.session.execute(locked)).scalars().all()
    if payments:
        await record(work, *map(_entry, payments))
        ids = [payment.id for payment in payments]
        await work.session.execute(update(Payment).where(Payment.id.in_(ids)).values(booked=True))
    return len(payments)


def _entry(payment: Payment) -> Entry:
    return Entry(
        source=payment_source(payment.id),
        kind=Kind.PAYMENT,
        debit=account_of(payment.channel, payment.payment_method),
        credit=Account.RUNNERS,
        amount=payment.amount,
        currency=payment.currency,
        occurred_at=payment.verified_at or payment.uploaded_at,
        registration_id=payment.registration_id,
        payment_id=payment.id,
        method=payment.payment_method,
    )
