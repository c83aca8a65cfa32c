"""Booking verified payments in the ledger, and those that processes of older releases verified."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import select, update

from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind, account_of, payment_source
from payment.proofs.tables import Payment

_AT_ONCE: Final = 500


async def book_payment(work: UnitOfWork, payment: Payment) -> None:
    """Record that the money of a verified payment arrived for a registration. Idempotent."""
    await record(work, *_entries(payment))
    payment.booked = True


async def correct_received(work: UnitOfWork, payment: Payment, came_in: Decimal) -> None:
    """Store what really came in for a payment that was verified at its price, and book the difference.

    The caller has locked the payment. What is booked stays: the difference leaves the account, or comes into it.
    """
    payment.received = came_in
    if payment.booked:
        payment.booked_at_price = True
        await record(work, _correction(payment, came_in))
    await work.session.flush()


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
        await record(work, *(entry for payment in payments for entry in _entries(payment)))
        ids = [payment.id for payment in payments]
        await work.session.execute(update(Payment).where(Payment.id.in_(ids)).values(booked=True))
    return len(payments)


def _entries(payment: Payment) -> Iterator[Entry]:
    arrived = account_of(payment.channel, payment.payment_method)
    return entries_of(payment, debit=arrived, kind=Kind.PAYMENT, at=payment.verified_at or payment.uploaded_at)


def entries_of(payment: Payment, *, debit: Account, kind: Kind, at: datetime) -> Iterator[Entry]:
    """Yield the movements of a verified payment, which credit `runners` with the amount of the invoice.

    They are over what came in and, if that is another amount, over the difference.

    Args:
        debit: the account into which the money came.
        at: when it moved.
    """
    came_in = payment.received or payment.amount
    yield _entry(payment, kind, debit=debit, credit=Account.RUNNERS, amount=came_in, at=at)
    if came_in < payment.amount:
        missing = payment.amount - came_in
        yield _entry(
            payment, Kind.ROUNDING, debit=Account.ROUNDING, credit=Account.RUNNERS, amount=missing, at=at, leg=2
        )
    if came_in > payment.amount:
        more = came_in - payment.amount
        yield _entry(payment, Kind.ROUNDING, debit=Account.RUNNERS, credit=Account.ROUNDING, amount=more, at=at, leg=2)


def _correction(payment: Payment, came_in: Decimal) -> Entry:
    arrived, missing = account_of(payment.channel, payment.payment_method), payment.amount - came_in
    debit, credit = (Account.ROUNDING, arrived) if missing > 0 else (arrived, Account.ROUNDING)
    at = payment.verified_at or payment.uploaded_at
    return _entry(payment, Kind.ROUNDING, debit=debit, credit=credit, amount=abs(missing), at=at, leg=2)


def _entry(
    payment: Payment, kind: Kind, *, debit: Account, credit: Account, amount: Decimal, at: datetime, leg: int = 1
) -> Entry:
    return Entry(
        source=payment_source(payment.id),
        leg=leg,
        kind=kind,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=payment.currency,
        occurred_at=at,
        registration_id=payment.registration_id,
        payment_id=payment.id,
        method=payment.payment_method,
    )
