"""Lines that wait with the held decision about a proof, until it takes effect or is undone."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.statements.rules import LineState
from payment.statements.tables import StatementLine

IS_HELD: Final[ColumnElement[bool]] = exists().where(
    Payment.id == StatementLine.held_for,
    Payment.status == PaymentStatus.UPLOADED,
    Payment.held_at == StatementLine.held_at,
)
"""Whether a line waits with a decision that is held. One that was undone, and made again, is another decision."""


async def is_held(session: AsyncSession, line: StatementLine) -> bool:
    """Return whether a line waits with a held decision. Only under the lock of the line does the answer last."""
    if line.held_for is None:
        return False
    return bool((await session.execute(select(IS_HELD).where(StatementLine.id == line.id))).scalar_one())


async def line_held_for(session: AsyncSession, payment_id: UUID, held_at: datetime) -> StatementLine | None:
    """Return, locked, the line that waits with the decision about a payment that was held at a time; None if none."""
    waits = (StatementLine.held_for == payment_id, StatementLine.held_at == held_at)
    query = select(StatementLine).where(*waits, StatementLine.state == LineState.OPEN).with_for_update()
    return (await session.execute(query)).scalars().first()
