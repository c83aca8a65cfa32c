"""Taking decisions about lines of statements back, after which these are open again."""

from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.commands import take_back
from payment.ledger.rules import Account, Kind
from payment.ledger.tables import Movement
from payment.payouts.errors import UndoNotPossible
from payment.payouts.rules import booked_legs
from payment.statements.line_errors import LineDecided, UnknownStatementLine
from payment.statements.rules import LineState, line_source
from payment.statements.tables import StatementLine, UndoneDecision

_MAY_BE_UNDONE: Final = frozenset({LineState.PAYOUT, LineState.IGNORED})
_DECISION: Final = ("payout_channel", "payout_fee", "ignore_reason")


async def last_leg(session: AsyncSession, line_id: UUID) -> int:
    """Return the highest leg of the movements of a line, which the caller has locked; 0 if it has none.

    What is booked next has higher ones: a leg that is there already would be left as it is.
    """
    of_line = Movement.source == line_source(line_id)
    return (await session.execute(select(func.coalesce(func.max(Movement.leg), 0)).where(of_line))).scalar_one()


async def undo(work: UnitOfWork, line_id: UUID, *, reason: str, decided_at: datetime | None, by: Staff) -> None:
    """Take back that a line is a payout, or no money of runners. Its movements stay, and get opposite ones. Idempotent.

    Args:
        decided_at: of the decision that is meant; None for the one that there is.

    Raises:
        UnknownStatementLine, UndoNotPossible.
        LineDecided: there is another decision than the one that is meant.
    """
    line = await work.session.get(StatementLine, line_id, with_for_update=True)
    if line is None:
        raise UnknownStatementLine
    if await _is_undone(work.session, line, decided_at):
        return
    if line.state not in _MAY_BE_UNDONE:
        raise UndoNotPossible.of(LineState(line.state))
    if decided_at not in {None, line.decided_at}:
        raise LineDecided(state=line.state)
    await _take_back(work, line, reason=reason, by=by)


async def _is_undone(session: AsyncSession, line: StatementLine, decided_at: datetime | None) -> bool:
    """Return whether the decision that is meant was taken back before; without one, whether the last one was."""
    if decided_at is None and line.state != LineState.OPEN:
        return False
    of_line = [UndoneDecision.line_id == line.id]
    if decided_at is not None:
        of_line.append(UndoneDecision.decided_at == decided_at)
    return bool((await session.execute(select(exists().where(*of_line)))).scalar_one())


async def _take_back(work: UnitOfWork, line: StatementLine, *, reason: str, by: Staff) -> None:
    undone = select(func.count()).where(UndoneDecision.line_id == line.id)
    number = (await work.session.execute(undone)).scalar_one() + 1
    before = {name: getattr(line, name) for name in ("state", "decided_at", "decided_by", *_DECISION)}
    taken_back = {"undone_at": work.now, "undone_by": by.id, "reason": reason}
    work.session.add(UndoneDecision(line_id=line.id, number=number, **before, **taken_back))
    await _take_back_movements(work, line.id)
    for name in ("decided_at", "decided_by", *_DECISION):
        setattr(line, name, None)
    line.state = LineState.OPEN
    await work.session.flush()
    shown = {name: shown_value(before[name]) for name in ("state", *_DECISION) if before[name] is not None}
    await work.audit(
        by.actor, "line.undo", str(line.id), before=shown, after={"state": LineState.OPEN.value}, reason=reason
    )


async def _take_back_movements(work: UnitOfWork, line_id: UUID) -> None:
    source = line_source(line_id)
    found = select(Movement.kind, Movement.leg, Movement.debit).where(Movement.source == source).order_by(Movement.leg)
    rows = (await work.session.execute(found)).all()
    legs = booked_legs((Kind(row.kind), row.leg, Account(row.debit)) for row in rows)
    if legs:
        await take_back(work, source, legs=legs, to=rows[-1].leg + 1 - legs[0])
