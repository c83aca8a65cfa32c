"""Receiving money, and deciding about money that no invoice took."""

import contextlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert

from payment.incoming.errors import MoneyDecided, MoneyPartlyBack, NoRefundDue, UnknownMoney
from payment.incoming.paying import pay_invoice
from payment.incoming.rules import (
    ACCOUNTS,
    KINDS,
    USDT_TOLERANCE,
    MoneyKind,
    MoneyState,
    Received,
    money_source,
)
from payment.incoming.tables import UnassignedMoney
from payment.instructions.queries import second_check_from
from payment.invoices.commands import NO_VERIFIER, ensure_payable
from payment.invoices.errors import AlreadyPaid, InvoiceCancelled, InvoiceExpired, ProofPending
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.ledger.commands import record
from payment.ledger.rules import Account, Channel, Entry, Kind, account_of
from payment.proofs.tables import Payment
from payment.second_person import SamePerson, needs_second
from payment.transfers.queries import amount_paid_by

REFUNDED_THERE: Final = "It was refunded at the payment gateway."
"""Reason of a refund of kept money that was made there, not here."""
TAKEN_BACK: Final = "The bank or the payment gateway took it back."
"""Reason why kept money went back by a reversal or chargeback."""


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
        "amount": money.came_in or money.amount,
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


async def assign(work: UnitOfWork, money_id: UUID, registration_id: UUID, *, reason: str, by: Staff) -> UUID | None:
    """Let kept money pay the invoice of a registration; return the payment's id.

    Return None if a second person has to assign it to this registration, too.

    Raises:
        UnknownMoney, MoneyDecided, MoneyPartlyBack, SamePerson.
        InvoiceNotFound, AmountMismatch, AlreadyPaid.
    """
    money = await _open_money(work, money_id)
    if money.gone_back:
        raise MoneyPartlyBack.of(money.gone_back, left_of(money))
    amount = await _amount_paid(work, registration_id, money)
    if await _waits_for_second(work, money, registration_id, by=by):
        return None
    received = Received(
        source=money_source(money.id),
        channel=Channel(money.channel),
        method=money.payment_method,
        amount=amount,
        came_in=money.amount,
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


async def _waits_for_second(work: UnitOfWork, money: UnassignedMoney, registration_id: UUID, *, by: Staff) -> bool:
    """Store who would assign money that needs two people; return False if this is the second of them, or one is enough.

    Raises:
        SamePerson: the same person assigned it to this registration before.
    """
    proposed = money.proposed_registration_id == registration_id
    if not needs_second(money.amount, await second_check_from(work.session)):
        if money.checked_by == by.id:
            money.checked_by = money.checked_at = money.proposed_registration_id = None
        return False
    if proposed and money.checked_by == by.id:
        raise SamePerson
    if proposed:
        return False
    money.checked_by, money.checked_at, money.proposed_registration_id = by.id, work.now, registration_id
    await work.audit(by.actor, "money.check", str(money.id), registration_id=str(registration_id))
    return True


async def _amount_paid(work: UnitOfWork, registration_id: UUID, money: UnassignedMoney) -> Decimal:
    """Return the amount that the money pays of an invoice. One that has ended may be paid: the money has arrived.

    It is that of the money; of USDT, which are seldom worth the exact amount, that of the invoice.

    Raises:
        InvoiceNotFound, AmountMismatch, AlreadyPaid.
    """
    with contextlib.suppress(InvoiceExpired, InvoiceCancelled, ProofPending):
        await ensure_payable(work.session, registration_id, now=work.now)
    amount = money.amount
    if money.channel == Channel.USDT:
        due = await work.session.scalar(select(Invoice.amount).where(Invoice.registration_id == registration_id))
        if due is not None and abs(due - amount) <= due * USDT_TOLERANCE:
            amount = due
    await amount_paid_by(work.session, registration_id, amount, money.currency)
    return amount


async def ask_refund(work: UnitOfWork, money_id: UUID, *, reason: str, by: Staff) -> None:
    """Decide that kept money goes back to its payer.

    Raises:
        UnknownMoney, MoneyDecided.
    """
    money = await _open_money(work, money_id)
    money.checked_by = money.checked_at = money.proposed_registration_id = None
    await _decide(work, money, {"state": MoneyState.REFUND_DUE}, reason=reason, by=by)


async def complete_refund(
    work: UnitOfWork, money_id: UUID, *, reference: str, by: Staff, address_by: UUID | None = None
) -> None:
    """Record that kept money was transferred back under `reference`, and book that.

    What the gateway has accepted, but never confirms, may be completed by a person who saw it arrive.

    Args:
        address_by: who entered the address to which it went; None if it has none, or its runner named it.

    Raises:
        UnknownMoney, NoRefundDue.
        SamePerson: two people are needed for the amount, and `by` decided that it goes back, or to which address.
    """
    money = await locked_money(work, money_id)
    accepted = money.state == MoneyState.ASKED and money.accepted_at is not None
    if money.state != MoneyState.REFUND_DUE and not accepted:
        raise NoRefundDue(state=money.state)
    if not accepted:
        await ensure_other_person(work, money, by=by, address_by=address_by)
    by_hand = Account.USDT if money.channel == Channel.USDT else Account.BANK
    out_of = Account.MIDTRANS if accepted else by_hand
    await _give_back(work, money, reference=reference, by=by.id, actor=by.actor, out_of=out_of)


async def ensure_other_person(
    work: UnitOfWork, money: UnassignedMoney, *, by: Staff, address_by: UUID | None = None
) -> None:
    """Check that another person sends a large amount back than decided that, or entered the address.

    Raises:
        SamePerson.
    """
    if by.id in {money.decided_by, address_by} and needs_second(money.amount, await second_check_from(work.session)):
        raise SamePerson


def left_of(money: UnassignedMoney) -> Decimal:
    """Return what of kept money did not go back in parts at the gateway."""
    return money.amount - money.gone_back


async def refunded_by_gateway(
    work: UnitOfWork, money: UnassignedMoney, *, reference: str, reason: str = REFUNDED_THERE
) -> None:
    """Record that the gateway gave back all that is left of kept money, also if no person had decided that.

    The caller has locked its row.

    Args:
        reason: of the decision, if no person made one.
    """
    if money.state == MoneyState.OPEN:
        money.decided_at, money.decided_by, money.reason = work.now, NO_VERIFIER, reason
    await _give_back(work, money, reference=reference, by=NO_VERIFIER, actor="system", out_of=Account.MIDTRANS)


async def _give_back(
    work: UnitOfWork, money: UnassignedMoney, *, reference: str, by: UUID, actor: str, out_of: Account
) -> None:
    money.state, money.settled, money.refunded_at = MoneyState.REFUNDED, True, work.now
    money.refunded_by, money.refund_reference, money.ask_at = by, reference, None
    await work.session.flush()
    left = left_of(money)
    if left:
        row = {**{name: getattr(money, name) for name in _BOOKED}, "amount": left}
        owed = ACCOUNTS[MoneyKind(money.kind)]
        await record(work, _entry(row, Kind.REFUND, debit=owed, credit=out_of, leg=2, at=work.now))
    await work.audit(actor, "money.refunded", str(money.id), reference=reference, amount=shown_value(left))


async def _open_money(work: UnitOfWork, money_id: UUID) -> UnassignedMoney:
    money = await locked_money(work, money_id)
    if money.state != MoneyState.OPEN:
        raise MoneyDecided(state=money.state)
    return money


async def locked_money(work: UnitOfWork, money_id: UUID) -> UnassignedMoney:
    """Lock kept money and return it.

    Raises:
        UnknownMoney.
    """
    money = await work.session.get(UnassignedMoney, money_id, with_for_update=True, populate_existing=True)
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


_BOOKED = ("id", "currency", "received_at", "registration_id", "payment_method")


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
