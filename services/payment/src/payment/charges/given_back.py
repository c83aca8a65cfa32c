"""Refunds that the gateway reports: those that it was asked for from here, and those that were made there.

Each refund of a payment is a row of `refunds`, which is booked when it is done; so nothing is booked twice, however
often and by whatever way a refund becomes known. What the gateway reports in all is set, not added.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from chassis.audit_log import shown_value
from chassis.database import UnitOfWork
from chassis.telemetry import logger
from sqlalchemy import CompoundSelect, case, false, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from payment.charges.rules import charge_source
from payment.charges.tables import Charge
from payment.gateways.port import GatewayStatus, ReportedRefund, StatusReport
from payment.incoming.commands import left_of, refunded_by_gateway
from payment.incoming.rules import ACCOUNTS, MoneyKind, MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.invoices.commands import NO_VERIFIER
from payment.ledger.commands import is_recorded, record, take_back
from payment.ledger.rules import Account, Entry, Kind
from payment.ledger.tables import Movement
from payment.proofs.tables import Payment
from payment.refunds.commands import Completion, finish_refund, lock_payment, refundable
from payment.refunds.rules import Origin, RefundState, Way, next_question
from payment.refunds.tables import Refund

log = logger(__name__)

AT_THE_GATEWAY: Final = "Refunded at the payment gateway."
"""Reason of a refund that was made there, not here."""
_OPEN: Final = (RefundState.WAITS_FOR_SECOND, RefundState.DUE)


async def follow_refunds(work: UnitOfWork, charge: Charge, report: StatusReport) -> None:
    """Let the refunds of a report change those of the payment, or of the kept money, of a charge. Idempotent.

    What a bank took back of a payment, all of it or a part, is among them in the same way: it is no refund.
    """
    keyed = (_with_key(charge, report, each, at=work.now) for each in report.refunds)
    reported = [each for each in keyed if each is not None]
    if reported:
        if not all(each.is_sum for each in reported):
            await _take_back_sums(work, charge)
        holder = await locked_holder(work, charge)
        for each in reported:
            match holder:
                case Payment():
                    if await _is_refund(work, holder, report, each):
                        await _of_payment(work, charge, holder, each)
                case UnassignedMoney():
                    await _of_kept_money(work, charge, holder, each)
                case None:
                    log.error("refund_of_unknown_money", charge=str(charge.id))
    charge.refunded = report.refunded


async def _is_refund(work: UnitOfWork, payment: Payment, report: StatusReport, reported: ReportedRefund) -> bool:
    """Return whether what a report names was given back, and not taken back by a bank: also if both may be meant.

    Once a bank took something back, later reports still list it. Then only what was asked for, or is known, is a
    refund. What a sum grew by since is the one of this amount that was asked for, if there is one.
    """
    by_bank = report.partly_charged_back or report.status is GatewayStatus.CHARGED_BACK
    if reported.was_asked_for or not (by_bank or payment.taken_back) or await _known(work, payment, reported):
        return True
    if by_bank or not reported.is_sum:
        return False
    matching = await _matching(work, payment, reported)
    return matching is not None and matching.state == RefundState.ASKED


def _with_key(charge: Charge, report: StatusReport, reported: ReportedRefund, *, at: datetime) -> ReportedRefund | None:
    """Return a refund with a key. Of a sum without one, what it grew by is a refund that was confirmed; None if 0."""
    if reported.key is not None:
        return reported
    more = report.refunded - charge.refunded
    key = f"{charge.order_id}:{report.refunded:.2f}"
    return ReportedRefund(key=key, amount=more, confirmed_at=at, is_sum=True) if more > 0 else None


async def _take_back_sums(work: UnitOfWork, charge: Charge) -> None:
    """Take back what a release before booked of refunds by their sum: they are booked one by one now.

    Its movements have the source `charge:<id>:refund:<sum>`.
    """
    by_sum = (
        Movement.registration_id == charge.registration_id,
        Movement.source.startswith(f"{charge_source(charge.id)}:refund:"),
    )
    for source in (await work.session.execute(select(Movement.source).distinct().where(*by_sum))).scalars().all():
        await take_back(work, source, legs=(1,), to=1)


async def locked_holder(work: UnitOfWork, charge: Charge) -> Payment | UnassignedMoney | None:
    """Return the payment that the money of a charge became, or the money if it was kept, locked; None if neither."""
    found = (await work.session.execute(payment_of(charge.id))).scalar_one_or_none()
    if found is not None:
        return await lock_payment(work, found)
    source = UnassignedMoney.source == charge_source(charge.id)
    money = (await work.session.execute(select(UnassignedMoney).where(source).with_for_update())).scalar_one_or_none()
    if money is None or money.payment_id is None:
        return money
    return await lock_payment(work, money.payment_id)  # assigned a moment ago


def payment_of(charge_id: UUID) -> CompoundSelect[UUID]:
    """Return the query for the payment that a charge paid, or as which its money was assigned. Each part has an index.

    With OR instead of a union all payments would be read.
    """
    source = charge_source(charge_id)
    assigned = select(UnassignedMoney.payment_id).where(
        UnassignedMoney.source == source, UnassignedMoney.payment_id.is_not(None)
    )
    return union_all(select(Payment.id).where(Payment.source == source), assigned)


async def _of_payment(work: UnitOfWork, charge: Charge, payment: Payment, reported: ReportedRefund) -> None:
    refund = await _known(work, payment, reported) or await _matching(work, payment, reported)
    if refund is None:
        refund = await _made_there(work, charge, payment, reported)
    elif refund.gateway_key != reported.key or refund.accepted_at is None:
        await _accept(work, charge, refund, reported)
    if refund is not None and refund.state == RefundState.ASKED and reported.confirmed_at is not None:
        reference = f"Midtrans {charge.order_id} {reported.key}"
        await finish_refund(work, refund, Completion(reference[:255], NO_VERIFIER, "system", reported.confirmed_at))


async def given_by_gateway(work: UnitOfWork, charge: Charge, payment: Payment) -> Decimal:
    """Return the sum of a payment's refunds that the gateway was seen to give back, also beyond the payment."""
    by_gateway = (Refund.way == Way.GATEWAY, Refund.accepted_at.is_not(None), Refund.state != RefundState.CANCELLED)
    total = select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.payment_id == payment.id, *by_gateway)
    by_rows = Decimal((await work.session.execute(total)).scalar_one())
    return by_rows + await _gone_back(work, charge, Account.RUNNERS)


async def _known(work: UnitOfWork, payment: Payment, reported: ReportedRefund) -> Refund | None:
    """Return the refund with this key: it was asked for from here, or seen in a report before."""
    asked = _id_in(reported.key)
    same = or_(Refund.gateway_key == reported.key, Refund.id == asked) if asked else Refund.gateway_key == reported.key
    live = (Refund.payment_id == payment.id, Refund.state != RefundState.CANCELLED)
    return (await work.session.execute(select(Refund).where(*live, same).with_for_update())).scalar_one_or_none()


def _id_in(key: str | None) -> UUID | None:
    try:
        return UUID(key or "")
    except ValueError:
        return None


async def _matching(work: UnitOfWork, payment: Payment, reported: ReportedRefund) -> Refund | None:
    """Return a refund of this amount that the gateway did not report yet: one that is open, else one done by hand.

    Of a sum, which names no refund, one that the gateway was asked for comes first.
    """
    unreported = Refund.state.in_((*_OPEN, RefundState.DONE)) & Refund.gateway_key.is_(None)
    asked = Refund.state == RefundState.ASKED if reported.is_sum else false()
    of_amount = (Refund.payment_id == payment.id, Refund.amount == reported.amount, or_(asked, unreported))
    order = (case((asked, 0), (Refund.state.in_(_OPEN), 1), else_=2), Refund.due_at, Refund.id)
    query = select(Refund).where(*of_amount).order_by(*order).limit(1).with_for_update()
    return (await work.session.execute(query)).scalar_one_or_none()


async def _accept(work: UnitOfWork, charge: Charge, refund: Refund, reported: ReportedRefund) -> None:
    """Store that the gateway gives a refund back. One that a person had marked as done was made there, not at the bank.

    Its money is booked as gone from the bank: it is booked back there, and as gone from the gateway.
    """
    before = refund.state
    refund.gateway_key, refund.accepted_at, refund.way = reported.key, work.now, Way.GATEWAY
    if before == RefundState.DONE and refund.booked:
        await record(work, _entry(charge, reported, work.now, debit=Account.BANK))
    if before != RefundState.DONE:
        refund.state, refund.gateway_error = RefundState.ASKED, None
        refund.ask_at = next_question(work.now, work.now)
    await work.session.flush()
    await work.audit("system", "refund.at_gateway", str(refund.id), before={"status": before}, key=reported.key)


async def _made_there(work: UnitOfWork, charge: Charge, payment: Payment, reported: ReportedRefund) -> Refund | None:
    """Return a new row for a refund that was made at the gateway. What is beyond the payment is booked without one."""
    await work.session.refresh(payment, ["refund_total", "taken_back"])
    if reported.amount > refundable(payment):
        log.error("refund_exceeds_payment", charge=str(charge.id), payment=str(payment.id))
        await record(work, _entry(charge, reported, work.now, debit=Account.RUNNERS))
        return None
    await take_back(work, _back_source(charge, reported), legs=(1,), to=1)  # if it was beyond the payment before
    row = {
        "id": uuid4(),
        "payment_id": payment.id,
        "amount": reported.amount,
        "reason": AT_THE_GATEWAY,
        "origin": Origin.GATEWAY,
        "state": RefundState.ASKED,
        "way": Way.GATEWAY,
        "due_at": work.now,
        "gateway_key": reported.key,
        "accepted_at": work.now,
        "ask_at": next_question(work.now, work.now),
    }
    made = (await work.session.execute(insert(Refund).values(row).returning(Refund))).scalar_one()
    await work.audit("system", "refund.at_gateway", str(made.id), payment_id=str(payment.id), key=reported.key)
    return made


async def _of_kept_money(work: UnitOfWork, charge: Charge, money: UnassignedMoney, reported: ReportedRefund) -> None:
    """Let a refund change kept money: it was asked for from here, or it was made there, of all of it or of a part."""
    if money.state == MoneyState.REFUNDED:
        if reported.key not in {money.refund_reference, money.gateway_key}:
            await record(work, _entry(charge, reported, work.now, debit=Account.BANK))
    elif await is_recorded(work, _back_source(charge, reported)):  # perhaps by the release before, which books it only
        money.gone_back = min(money.amount, await _gone_back(work, charge, ACCOUNTS[MoneyKind(money.kind)]))
    else:
        await _of_unsettled_money(work, charge, money, reported)


async def _of_unsettled_money(
    work: UnitOfWork, charge: Charge, money: UnassignedMoney, reported: ReportedRefund
) -> None:
    """Settle kept money of which all that is left went back; book a part, which leaves the rest for a decision.

    What was asked for from here counts once the bank or wallet has confirmed it.
    """
    held = ACCOUNTS[MoneyKind(money.kind)]
    gone_back = await _gone_back(work, charge, held)
    money.gone_back = min(money.amount, gone_back)
    was_asked_for = money.state == MoneyState.ASKED and (reported.key == money.gateway_key or reported.is_sum)
    if was_asked_for and reported.confirmed_at is None:
        money.accepted_at = money.accepted_at or work.now
    elif reported.amount == left_of(money) and reported.key is not None:
        money.way = Way.GATEWAY
        await refunded_by_gateway(work, money, reference=reported.key)
    else:
        await record(work, _entry(charge, reported, work.now, debit=held))
        money.gone_back = min(money.amount, gone_back + reported.amount)
        await work.audit(
            "system", "money.part_back", str(money.id), key=reported.key, amount=shown_value(reported.amount)
        )


async def _gone_back(work: UnitOfWork, charge: Charge, held: Account) -> Decimal:
    """Return what the reports about a charge booked as gone back out of the account that holds its money."""
    signed = case((Movement.debit == held, Movement.amount), (Movement.credit == held, -Movement.amount), else_=0)
    booked = (
        Movement.registration_id == charge.registration_id,
        Movement.source.startswith(f"{charge_source(charge.id)}:"),
        Movement.kind == Kind.REFUND,
    )
    return Decimal((await work.session.execute(select(func.coalesce(func.sum(signed), 0)).where(*booked))).scalar_one())


def _back_source(charge: Charge, reported: ReportedRefund) -> str:
    return f"{charge_source(charge.id)}:back:{reported.key}"[:100]


def _entry(charge: Charge, reported: ReportedRefund, at: datetime, *, debit: Account) -> Entry:
    return Entry(
        source=_back_source(charge, reported),
        kind=Kind.REFUND,
        debit=debit,
        credit=Account.MIDTRANS,
        amount=reported.amount,
        currency=charge.currency,
        occurred_at=at,
        registration_id=charge.registration_id,
    )
