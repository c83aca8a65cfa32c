"""Booking completed refunds in the ledger, and those that processes of older releases completed."""

from collections.abc import Iterable
from typing import Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import select, update

from payment.ledger.commands import record
from payment.ledger.rules import Account, Channel, Entry, Kind, refund_source
from payment.proofs.tables import Payment
from payment.refunds.rules import Way
from payment.refunds.tables import Refund

_AT_ONCE: Final = 500


async def book_refund(work: UnitOfWork, refund: Refund, payment: Payment) -> None:
    """Record that a refund went back from the bank, the gateway, or the wallet with USDT. Idempotent."""
    await record(work, _entry(refund, payment))
    refund.booked = True


async def book_missing_refunds(database: Database) -> int:
    """Book completed refunds that are not, in portions; return how many. Several workers may do so at once."""
    total, portion = 0, _AT_ONCE
    while portion == _AT_ONCE:
        async with database.work() as work:
            portion = await _book_portion(work)
        total += portion
    return total


async def _book_portion(work: UnitOfWork) -> int:
    done = select(Refund).where(Refund.done_at.is_not(None), ~Refund.booked).order_by(Refund.id)
    refunds = (await work.session.execute(done.limit(_AT_ONCE).with_for_update(skip_locked=True))).scalars().all()
    if refunds:
        await record(work, *await _entries(work, refunds))
        ids = [refund.id for refund in refunds]
        await work.session.execute(update(Refund).where(Refund.id.in_(ids)).values(booked=True))
    return len(refunds)


async def _entries(work: UnitOfWork, refunds: Iterable[Refund]) -> list[Entry]:
    ids = {refund.payment_id for refund in refunds}
    payments = (await work.session.execute(select(Payment).where(Payment.id.in_(ids)))).scalars()
    by_id = {payment.id: payment for payment in payments}
    return [_entry(refund, by_id[refund.payment_id]) for refund in refunds]


def _entry(refund: Refund, payment: Payment) -> Entry:
    assert refund.done_at is not None  # noqa: S101  # only completed refunds are booked
    return Entry(
        source=refund_source(refund.id),
        kind=Kind.REFUND,
        debit=Account.RUNNERS,
        credit=_out_of(refund, payment),
        amount=refund.amount,
        currency=payment.currency,
        occurred_at=refund.done_at,
        registration_id=payment.registration_id,
        payment_id=payment.id,
        method=payment.payment_method,
    )


def _out_of(refund: Refund, payment: Payment) -> Account:
    if refund.way == Way.GATEWAY:
        return Account.MIDTRANS
    return Account.USDT if payment.channel == Channel.USDT else Account.BANK
