"""Deciding that a line of a statement is a payout, or shows money that was sent back."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.wording import Wording
from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from payment.incoming.errors import UnknownMoney
from payment.incoming.rules import money_source
from payment.incoming.tables import UnassignedMoney
from payment.ledger.charge_fees import has_fees_of_charges
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind, refund_source
from payment.ledger.tables import Movement
from payment.payouts.errors import FeesOfCharges, NotTheAmount, RefundHasLine, RefundNotDone
from payment.payouts.undoing import last_leg
from payment.refunds.errors import UnknownRefund
from payment.refunds.tables import Refund
from payment.statements.commands import open_line
from payment.statements.line_errors import LineDecided, LineTooLarge, UnknownStatementLine
from payment.statements.model import RUPIAH
from payment.statements.rules import LARGEST_AMOUNT, LineState, line_source, received_at
from payment.statements.tables import StatementLine

_FEE_TOO_LARGE: Final = Wording(
    en="The fee is larger than what arrived. Write only what was kept back.",
    id="Biayanya lebih besar dari uang yang masuk. Tulis hanya yang dipotong.",
)


@dataclass(frozen=True)
class Payout:
    """What a line is a payout of.

    Attributes:
        channel: the account where the money was: `midtrans` or `qris`.
        fee: what was kept back, in rupiah; it did not arrive. May be 0.
    """

    channel: Account
    fee: Decimal


async def record_payout(work: UnitOfWork, line_id: UUID, payout: Payout, *, zone: ZoneInfo, by: Staff) -> None:
    """Decide that money which came in is a payout, and book it and its fee. Of concurrent decisions one is taken.

    Raises:
        UnknownStatementLine, LineDecided, LineTooLarge.
        FeesOfCharges: it has a fee, and those of charges that it pays out are booked by themselves.
        InvalidFields: the fee is larger than the amount of the line.
    """
    line = await open_line(work, line_id)
    if line.amount > LARGEST_AMOUNT:
        raise LineTooLarge(limit=f"{LARGEST_AMOUNT:.2f}")
    if line.amount < payout.fee:
        raise InvalidFields(("fee", _FEE_TOO_LARGE))
    if payout.channel is Account.MIDTRANS and payout.fee > 0:
        await _ensure_fee_not_booked(work, line, zone)
    line.state, line.payout_channel, line.payout_fee = LineState.PAYOUT, payout.channel, payout.fee
    line.decided_at, line.decided_by = work.now, by.id
    last = await last_leg(work.session, line_id)
    await record(work, *_entries(line, payout, zone, after_leg=last))
    before, after = {"state": LineState.OPEN.value}, {"state": LineState.PAYOUT.value}
    details = {"channel": payout.channel.value, "amount": shown_value(line.amount), "fee": shown_value(payout.fee)}
    await work.audit(by.actor, "line.payout", str(line_id), before=before, after=after, **details)


async def _ensure_fee_not_booked(work: UnitOfWork, line: StatementLine, zone: ZoneInfo) -> None:
    if await has_fees_of_charges(work.session, received_at(line.booked_on, zone)):
        raise FeesOfCharges


def _entries(line: StatementLine, payout: Payout, zone: ZoneInfo, *, after_leg: int) -> list[Entry]:
    parts = ((Kind.PAYOUT, Account.BANK, line.amount), (Kind.FEE, Account.FEES, payout.fee))
    return [
        Entry(
            source=line_source(line.id),
            kind=kind,
            debit=debit,
            credit=payout.channel,
            amount=moved,
            currency=RUPIAH,
            occurred_at=received_at(line.booked_on, zone),
            leg=leg,
        )
        for leg, (kind, debit, moved) in enumerate(parts, start=after_leg + 1)
        if moved > 0
    ]


async def link_refund(work: UnitOfWork, line_id: UUID, refund_id: UUID, *, by: Staff) -> None:
    """Decide that money which left the account is the transfer of a refund. Nothing is booked: the refund was.

    Raises:
        UnknownStatementLine, LineDecided.
        UnknownRefund, RefundNotDone, RefundHasLine, NotTheAmount.
    """
    locked = select(Refund.id).where(Refund.id == refund_id).with_for_update()
    if (await work.session.execute(locked)).first() is None:
        raise UnknownRefund
    await _link(work, line_id, StatementLine.refund_id, refund_id, refund_source(refund_id), by=by)


async def link_kept_money(work: UnitOfWork, line_id: UUID, money_id: UUID, *, by: Staff) -> None:
    """Decide that money which left the account is kept money that went back. Nothing is booked: the transfer was.

    Raises:
        UnknownStatementLine, LineDecided.
        UnknownMoney, RefundNotDone, RefundHasLine, NotTheAmount.
    """
    locked = select(UnassignedMoney.id).where(UnassignedMoney.id == money_id).with_for_update()
    if (await work.session.execute(locked)).first() is None:
        raise UnknownMoney
    await _link(work, line_id, StatementLine.money_id, money_id, money_source(money_id), by=by)


async def _link(
    work: UnitOfWork,
    line_id: UUID,
    column: InstrumentedAttribute[UUID | None],
    returned_id: UUID,
    source: str,
    *,
    by: Staff,
) -> None:
    """Store what a line gave back. The caller has locked the row of what was given back, so that it gets one line."""
    amount = await _sent(work, source)
    if (await work.session.execute(select(StatementLine.id).where(column == returned_id))).first() is not None:
        raise RefundHasLine
    line = StatementLine
    free = (line.id == line_id, line.state == LineState.OUTGOING, line.refund_id.is_(None), line.money_id.is_(None))
    linked = update(line).where(*free, line.amount == -amount).values({column.key: returned_id}).returning(line.id)
    if (await work.session.execute(linked)).first() is None:
        raise await _not_linked(work, line_id, amount)
    await work.audit(by.actor, "line.given_back", str(line_id), amount=shown_value(amount), source=source)


async def _sent(work: UnitOfWork, source: str) -> Decimal:
    """Return what was sent back from the bank.

    Raises:
        RefundNotDone.
    """
    from_bank = (Movement.source == source, Movement.kind == Kind.REFUND, Movement.credit == Account.BANK)
    amount = (await work.session.execute(select(Movement.amount).where(*from_bank))).scalar_one_or_none()
    if amount is None:
        raise RefundNotDone
    return Decimal(amount)


async def _not_linked(work: UnitOfWork, line_id: UUID, amount: Decimal) -> Exception:
    line = await work.session.get(StatementLine, line_id)
    if line is None:
        return UnknownStatementLine()
    if line.state != LineState.OUTGOING or line.refund_id or line.money_id:
        return LineDecided(state=line.state)
    return NotTheAmount(amount=f"{amount:.2f}")
