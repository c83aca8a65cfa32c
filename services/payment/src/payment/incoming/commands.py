"""Receiving money, and deciding about money that no invoice took."""

import contextlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert

from payment.incoming.errors import MoneyDecided, NoRefundDue, UnknownMoney
from payment.incoming.paying import pay_invoice
from payment.incoming.rules import ACCOUNTS, KINDS, MoneyKind, MoneyState, Received, money_source
from payment.incoming.tables import UnassignedMoney
from payment.invoices.commands import ensure_payable
from payment.invoices.errors import AlreadyPaid, AmountMismatch, InvoiceCancelled, InvoiceExpired, ProofPending
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.ledger.commands import record
from payment.ledger.rules import Account, Channel, Entry, Kind, account_of
from payment.proofs.tables import Payment


async def receive(work: UnitOfWork, money: Received) -> UUID | None:
    """Let money pay its invoice, or keep it for a person's decision. Return the payment's id, None if it was kept.

    Idempotent by the source of the money. Concurrent calls with one source must be serialised by the caller, which
    holds the lock of the row that found the money.
    """
    known = select(Payment.id).where(Payment.source == money.source)
    paid = (await work.session.execute(known)).scalar_one_or_none()
    if paid is not None or await _is_kept(work, money.source):
        return paid
    paid = await pay_invoice(work, money)
    if paid is None:
        await _keep(work, money)
    return paid


async def _is_kept(work: UnitOfWork, source: str) -> bool:
    kept = select(exists().where(UnassignedMoney.source == source))
    return bool((await work.session.execute(kept)).scalar_one())


async def _keep(work: UnitOfWork, money: Received) -> None:
    invoice = await work.session.get(Invoice, money.registration_id) if money.registration_id else None
    paid = invoice is not None and invoice.status == InvoiceStatus.PAID
    kind = MoneyKind.SURPLUS if paid else MoneyKind.UNKNOWN
    row = {
        "id": uuid4(),
        "source": money.source,
        "kind": kind,
        "state": MoneyState.OPEN,
        "channel": money.channel,
        "payment_method": money.method,
        "amount": money.amount,
        "currency": money.currency,
        "received_at": money.received_at,
        "created_at": work.now,
        "registration_id": invoice.registration_id if invoice else None,
        "reference": money.reference,
    }
    kept = insert(UnassignedMoney).values(row).on_conflict_do_nothing(index_elements=["source"])
    if (await work.session.execute(kept.returning(UnassignedMoney.id))).first() is None:
        return
    arrived = account_of(money.channel, money.method)
    await record(work, _entry(row, KINDS[kind], debit=arrived, credit=ACCOUNTS[kind]))
    await work.audit(
        "system", f"money.{kind.value}", str(row["id"]), source=money.source, amount=shown_value(money.amount)
    )


async def assign(work: UnitOfWork, money_id: UUID, registration_id: UUID, *, reason: str, by: Staff) -> UUID:
    """Let kept money pay the invoice of a registration; return the payment's id.

    Raises:
        UnknownMoney, MoneyDecided.
        InvoiceNotFound, AmountMismatch, AlreadyPaid.
    """
    money = await _open_money(work, money_id)
    await _ensure_over(work, registration_id, money)
    received = Received(
        source=money_source(money.id),
        channel=Channel(money.channel),
        method=money.payment_method,
        amount=money.amount,
        currency=money.currency,
        received_at=money.received_at,
        registration_id=registration_id,
    )
    payment_id = await pay_invoice(work, received, by=by.id, kept=ACCOUNTS[MoneyKind(money.kind)])
    if payment_id is None:
        raise AlreadyPaid
    decided = {"state": MoneyState.ASSIGNED, "settled": True, "payment_id": payment_id}
    await _decide(work, money, decided, reason=reason, by=by, registration_id=str(registration_id))
    return payment_id


async def _ensure_over(work: UnitOfWork, registration_id: UUID, money: UnassignedMoney) -> None:
    """Check that the invoice is over the amount of the money. One that has ended may be paid: the money has arrived.

    Raises:
        InvoiceNotFound, AmountMismatch, AlreadyPaid.
    """
    with contextlib.suppress(InvoiceExpired, InvoiceCancelled, ProofPending):
        await ensure_payable(work.session, registration_id, now=work.now)
    invoice = await work.session.get_one(Invoice, registration_id)
    if invoice.amount != money.amount or invoice.currency != money.currency:
        raise AmountMismatch.of(invoice.amount, invoice.currency)


async def ask_refund(work: UnitOfWork, money_id: UUID, *, reason: str, by: Staff) -> None:
    """Decide that kept money goes back to its payer.

    Raises:
        UnknownMoney, MoneyDecided.
    """
    money = await _open_money(work, money_id)
    await _decide(work, money, {"state": MoneyState.REFUND_DUE}, reason=reason, by=by)


async def complete_refund(work: UnitOfWork, money_id: UUID, *, reference: str, by: Staff) -> None:
    """Record that kept money was transferred back under `reference`, and book that.

    Raises:
        UnknownMoney, NoRefundDue.
    """
    money = await _locked(work, money_id)
    if money.state != MoneyState.REFUND_DUE:
        raise NoRefundDue(state=money.state)
    money.state, money.settled, money.refunded_at = MoneyState.REFUNDED, True, work.now
    money.refunded_by, money.refund_reference = by.id, reference
    row = {name: getattr(money, name) for name in _BOOKED}
    owed = ACCOUNTS[MoneyKind(money.kind)]
    await record(work, _entry(row, Kind.REFUND, debit=owed, credit=Account.BANK, leg=2, at=work.now))
    await work.audit(by.actor, "money.refunded", str(money_id), reference=reference, amount=shown_value(money.amount))


async def _open_money(work: UnitOfWork, money_id: UUID) -> UnassignedMoney:
    money = await _locked(work, money_id)
    if money.state != MoneyState.OPEN:
        raise MoneyDecided(state=money.state)
    return money


async def _locked(work: UnitOfWork, money_id: UUID) -> UnassignedMoney:
    money = await work.session.get(UnassignedMoney, money_id, with_for_update=True)
    if money is None:
        raise UnknownMoney
    return money


async def _decide(
    work: UnitOfWork, money: UnassignedMoney, decided: Mapping[str, Any], *, reason: str, by: Staff, **details: str
) -> None:
    values = {**decided, "decided_at": work.now, "decided_by": by.id, "reason": reason}
    await work.session.execute(update(UnassignedMoney).where(UnassignedMoney.id == money.id).values(**values))
    state = decided["state"].value
    before, after = {"state": MoneyState.OPEN.value}, {"state": state}
    await work.audit(by.actor, f"money.{state}", str(money.id), before=before, after=after, **details)


_BOOKED = ("id", "amount", "currency", "received_at", "registration_id", "payment_method")


def _entry(
    row: Mapping[str, Any], kind: Kind, *, debit: Account, credit: Account, leg: int = 1, at: Any = None
) -> Entry:
    return Entry(
        source=money_source(row["id"]),
        kind=kind,
        debit=debit,
        credit=credit,
        amount=row["amount"],
        currency=row["currency"],
        occurred_at=at or row["received_at"],
        leg=leg,
        registration_id=row["registration_id"],
        method=row["payment_method"],
    )
