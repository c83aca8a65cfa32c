"""Open lines that may be the money of a payment whose proof waits for review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.queries import payable_amount
from payment.invoices.tables import Invoice
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.statements.candidates import words_and_phones_of, words_of
from payment.statements.commands import TRANSFER
from payment.statements.holding import IS_HELD
from payment.statements.matching import SHOWN, Kind, Reason
from payment.statements.rules import LineState
from payment.statements.tables import StatementLine

_SURE: Final = frozenset({Reason.UNIQUE_AMOUNT, Reason.NUMBER_AND_AMOUNT})
_LOOKED_AT: Final = 50
_DAYS: Final = timedelta(days=14)
"""How far the day of a line may be from the one that the proof says."""


@dataclass(frozen=True)
class FoundLine:
    """An open line of the amount of a payment.

    Attributes:
        why: the reason of the import if it proposed this registration, and whether the text names the payer.
    """

    line: StatementLine
    why: Sequence[Reason]


async def lines_for(session: AsyncSession, payment: Payment, zone: ZoneInfo) -> Sequence[FoundLine]:
    """Return open lines that may be the money of a payment, the likeliest first, at most `SHOWN`.

    None for a payment that is decided, or by QRIS: its money comes in the sum of a day.
    """
    if payment.status != PaymentStatus.UPLOADED or payment.payment_method != TRANSFER:
        return ()
    amounts = {payment.amount, payment.received, await payable_amount(session, payment.registration_id)} - {None}
    rows = (await session.execute(_same_amount(payment, amounts, zone))).all()
    payer = select(Invoice.payer_name).where(Invoice.registration_id == payment.registration_id)
    name = words_of((await session.execute(payer)).scalar_one())
    return sorted((_found(row, name) for row in rows), key=_rank)[:SHOWN]


def _same_amount(payment: Payment, amounts: set[Any], zone: ZoneInfo) -> Select[*tuple[Any, ...]]:
    """Return the query for open lines with one of the amounts: proposed ones first, then those of the nearest days."""
    day = payment.payment_date.astimezone(zone).date()
    line = StatementLine
    is_proposed = line.proposed.contains([str(payment.registration_id)])
    is_near = line.booked_on.between(day - _DAYS, day + _DAYS)
    query = select(line, is_proposed.label("is_proposed"))
    query = query.where(line.state == LineState.OPEN, line.amount.in_(amounts), is_near, ~IS_HELD)
    order = (case((is_proposed, 0), else_=1), func.abs(line.booked_on - day), line.number, line.id)
    return query.order_by(*order).limit(_LOOKED_AT)


def _found(row: Row[Any], name: frozenset[str]) -> FoundLine:
    line: StatementLine = row.StatementLine
    proposed = [Reason(line.reason)] if row.is_proposed else []
    common = len(name & words_and_phones_of(f"{line.text} {line.reference or ''}"))
    is_named = common > 0 and common >= min(len(name), 2)
    named = [Reason.SAME_AMOUNT_AND_PAYER] if is_named and Reason.SAME_AMOUNT_AND_PAYER not in proposed else []
    return FoundLine(line, [*proposed, *named] or [Reason.SAME_AMOUNT])


def _rank(found: FoundLine) -> int:
    """Return 0 for a line that is sure to be of this registration, 1 if it names the payer, else 2."""
    if found.line.kind == Kind.ACCEPT and found.why[0] in _SURE:
        return 0
    return 1 if Reason.SAME_AMOUNT_AND_PAYER in found.why else 2
