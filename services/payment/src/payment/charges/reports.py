"""Applying what the gateway reports about a charge: its money is received, or was taken back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from chassis.audit_log import shown_value
from chassis.database import UnitOfWork
from chassis.telemetry import logger

from payment.charges.commands import fill_details, locked_charge
from payment.charges.given_back import follow_refunds, given_by_gateway, locked_holder
from payment.charges.rules import RECEIVED, ChargeStatus, charge_source, next_question, status_after
from payment.charges.tables import Charge
from payment.gateways.port import ChargeMethod, GatewayStatus, StatusReport
from payment.incoming.commands import TAKEN_BACK, receive, refunded_by_gateway
from payment.incoming.rules import ACCOUNTS, MoneyKind, MoneyState, Received
from payment.incoming.tables import UnassignedMoney
from payment.ledger.commands import record
from payment.ledger.rules import Account, Channel, Entry, Kind
from payment.proofs.tables import Payment
from payment.refunds.rules import Way

log = logger(__name__)

METHODS: Final = {ChargeMethod.QRIS: "qris", ChargeMethod.VA: "bank_transfer"}
"""The payment method of each kind of charge."""


async def apply_report(work: UnitOfWork, charge_id: UUID, report: StatusReport, *, merchant_id: str | None) -> Charge:
    """Let a report change a charge, and return the charge. Idempotent; concurrent reports wait for each other.

    A report about the charge of another merchant changes nothing. `updated_at` stays if nothing else changed.

    Args:
        merchant_id: of the account; None if it is not known.
    """
    charge = await locked_charge(work, charge_id)
    before = _facts(charge)
    if merchant_id and report.merchant_id and merchant_id != report.merchant_id:
        log.error("charge_of_another_merchant", charge=str(charge.id))
    else:
        await _follow(work, charge, report)
    status = ChargeStatus(charge.status)
    charge.ask_at = next_question(status, created_at=charge.created_at, expires_at=charge.expires_at, now=work.now)
    if _facts(charge) != before:
        charge.updated_at = work.now
    await work.session.flush()
    return charge


def _facts(charge: Charge) -> Mapping[str, Any]:
    """Return the columns of a charge, but those that say when it was changed, and when to ask about it."""
    return {name: getattr(charge, name) for name in set(Charge.__table__.columns.keys()) - {"ask_at", "updated_at"}}


async def _follow(work: UnitOfWork, charge: Charge, report: StatusReport) -> None:
    fill_details(charge, report.details)
    charge.gateway_word = report.word
    if report.status is GatewayStatus.PAID:
        charge.settled_at = charge.settled_at or report.settled_at or work.now
        charge.refundable_until = None if report.refund_window is None else charge.settled_at + report.refund_window
    had_money = charge.status in RECEIVED
    if had_money:  # before the rest is taken back, if that is what is reported
        await follow_refunds(work, charge, report)
    await _change_status(work, charge, report)
    if not had_money and charge.status in RECEIVED:
        await follow_refunds(work, charge, report)
    if charge.status == ChargeStatus.PAID:
        await _take_part_back(work, charge, report)


async def _change_status(work: UnitOfWork, charge: Charge, report: StatusReport) -> None:
    before = ChargeStatus(charge.status)
    settled_for = work.now - (charge.settled_at or work.now)
    after = status_after(before, report.status, report.word, settled_for=settled_for, bank=charge.bank)
    if after is before:
        return
    charge.status = after
    await work.session.flush()
    match after:
        case ChargeStatus.PAID:
            await receive(work, _money(charge, report))
        case ChargeStatus.REVERSED:
            await _take_back(work, charge, report, Kind.REVERSAL)
        case ChargeStatus.CHARGED_BACK:
            await _take_back(work, charge, report, Kind.CHARGEBACK)
    await work.audit(
        "system",
        f"charge.{after.value}",
        str(charge.id),
        registration_id=str(charge.registration_id),
        before={"status": before.value},
        after={"status": after.value, "gateway": report.word},
    )


def _money(charge: Charge, report: StatusReport) -> Received:
    """Return the money of a charge as it arrived: its amount is what the gateway says."""
    return Received(
        source=charge_source(charge.id),
        channel=Channel.MIDTRANS,
        method=METHODS[ChargeMethod(charge.method)],
        amount=report.amount,
        currency=report.currency,
        received_at=charge.settled_at or charge.updated_at,
        registration_id=charge.registration_id,
        reference=charge.order_id,
    )


async def _take_back(work: UnitOfWork, charge: Charge, report: StatusReport, kind: Kind) -> None:
    """Book that the money went back to the payer, so that it is not given back again.

    Kept money is settled by that. A registration stays as it is: a person decides about it.
    """
    log.error("charge_taken_back", charge=str(charge.id), kind=kind.value)
    holder, source = await locked_holder(work, charge), f"{charge_source(charge.id)}:{kind.value}"
    left = report.amount - await _gone(work, charge, holder)
    if left <= 0:
        return
    await record(work, _back_entry(work, charge, kind, left, source=source, debit=_account(holder)))
    if isinstance(holder, Payment):
        holder.taken_back += left
    elif holder is not None and holder.state != MoneyState.REFUNDED:
        holder.gone_back, holder.way = holder.amount, Way.GATEWAY
        await refunded_by_gateway(work, holder, reference=source, reason=TAKEN_BACK)


async def _gone(work: UnitOfWork, charge: Charge, holder: Payment | UnassignedMoney | None) -> Decimal:
    """Return what of the money of a charge went back before."""
    if not isinstance(holder, Payment):
        return charge.refunded
    return holder.taken_back + await given_by_gateway(work, charge, holder)


async def _take_part_back(work: UnitOfWork, charge: Charge, report: StatusReport) -> None:
    """Book the part of a payment that a bank took back: what the report says went back, less the refunds.

    Once a bank took a part back, that is also what later reports add and is no refund that was asked for. If a report
    does not say how much that is, nothing is booked: the reconciliation shows it to a person. The registration stays
    as it is. Of kept money the part was booked as gone back already.
    """
    if not report.refunded:
        return
    holder = await locked_holder(work, charge)
    if not isinstance(holder, Payment) or not (report.partly_charged_back or holder.taken_back):
        return
    taken = min(report.refunded, report.amount) - await given_by_gateway(work, charge, holder)
    more = taken - holder.taken_back
    if more <= 0:
        return
    log.error("charge_partly_taken_back", charge=str(charge.id))
    source = f"{charge_source(charge.id)}:{Kind.CHARGEBACK.value}:{taken:.2f}"
    await record(work, _back_entry(work, charge, Kind.CHARGEBACK, more, source=source, debit=Account.RUNNERS))
    holder.taken_back = taken
    details = {"registration_id": str(charge.registration_id), "amount": shown_value(more)}
    await work.audit("system", "charge.partly_charged_back", str(charge.id), **details)


def _back_entry(work: UnitOfWork, charge: Charge, kind: Kind, amount: Decimal, *, source: str, debit: Account) -> Entry:
    return Entry(
        source=source,
        kind=kind,
        debit=debit,
        credit=Account.MIDTRANS,
        amount=amount,
        currency=charge.currency,
        occurred_at=work.now,
        registration_id=charge.registration_id,
        method=METHODS[ChargeMethod(charge.method)],
    )


def _account(holder: Payment | UnassignedMoney | None) -> Account:
    """Return the account that holds the money of a charge: it was kept, or it paid a registration."""
    return ACCOUNTS[MoneyKind(holder.kind)] if isinstance(holder, UnassignedMoney) else Account.RUNNERS
